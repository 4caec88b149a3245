"""Training; nothing but `cli` and programs imports it."""

from .checkpoint import load_checkpoint, load_latest
from .config import TrainConfig
from .config_files import config_text, load_config, save_config
from .configs import find_config
from .distributed import join, rank
from .logs import log_to
from .resuming import state_to_go_on_with
from .run_folder import has_checkpoint, has_results, hold
from .trainer import Trainer

__all__ = [
    "TrainConfig",
    "Trainer",
    "config_text",
    "find_config",
    "has_checkpoint",
    "has_results",
    "hold",
    "join",
    "load_checkpoint",
    "load_config",
    "load_latest",
    "log_to",
    "rank",
    "save_config",
    "state_to_go_on_with",
]
