"""All networks of this library, and the functions of the registry: whoever imports this finds the list filled."""

from .discovery import import_modules
from .registry import (
    build_model,
    detect_model,
    list_aliases,
    list_models,
    model_spec,
    networks,
    pretrained_spec,
    register_model,
    register_weights,
)

__all__ = [
    "build_model",
    "detect_model",
    "list_aliases",
    "list_models",
    "model_spec",
    "networks",
    "pretrained_spec",
    "register_model",
    "register_weights",
]

import_modules(__package__)  # the folders of the tasks register their networks
