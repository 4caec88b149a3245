"""Reading, checking and converting weights, and finding out what network they belong to."""

from .classes import class_names, trained_labels, with_class_names
from .fetch import FetchError, cache_folder, cached_path, fetch_weights, pretrained_weights
from .files import fits, load_weights, read_state, save_state
from .identify import converted_weights, identify, identify_state, read_weights
from .official import convert_paddle_vision_state, convert_state
from .shipped import hub_modules_folder, shipped_weights

__all__ = [
    "FetchError",
    "cache_folder",
    "cached_path",
    "class_names",
    "convert_paddle_vision_state",
    "convert_state",
    "converted_weights",
    "fetch_weights",
    "fits",
    "hub_modules_folder",
    "identify",
    "identify_state",
    "load_weights",
    "pretrained_weights",
    "read_state",
    "read_weights",
    "save_state",
    "shipped_weights",
    "trained_labels",
    "with_class_names",
]
