"""Training; nothing outside this folder and tools/ imports it."""

from .config import TrainConfig, load_config
from .logs import log_to
from .trainer import Trainer

__all__ = ["TrainConfig", "Trainer", "load_config", "log_to"]
