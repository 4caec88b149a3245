"""Training; nothing outside this folder and tools/ imports it."""

from .checkpoint import load_checkpoint, load_latest
from .config import TrainConfig, load_config
from .distributed import join, rank
from .logs import log_to
from .trainer import Trainer

__all__ = ["TrainConfig", "Trainer", "join", "load_checkpoint", "load_config", "load_latest", "log_to", "rank"]
