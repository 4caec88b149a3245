"""Reading, checking and converting weights, and finding out what network they belong to."""

from .files import load_weights, read_state, save_state
from .official import convert_state

__all__ = ["convert_state", "load_weights", "read_state", "save_state"]
