"""Reading, checking and converting weights, and finding out what network they belong to."""

from .files import fits, load_weights, read_state, save_state
from .identify import identify, identify_state, read_weights
from .official import convert_paddle_vision_state, convert_state
from .shipped import hub_modules_folder, shipped_weights

__all__ = [
    "convert_paddle_vision_state",
    "convert_state",
    "fits",
    "hub_modules_folder",
    "identify",
    "identify_state",
    "load_weights",
    "read_state",
    "read_weights",
    "save_state",
    "shipped_weights",
]
