"""Networks as `paddle.nn.Layer`s, and the registry that names them."""

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
    tagged_weights,
)
from .spec import LabelledSpec, ModelSpec, PackagedWeights, PublishedWeights

__all__ = [
    "LabelledSpec",
    "ModelSpec",
    "PackagedWeights",
    "PublishedWeights",
    "build_model",
    "detect_model",
    "list_aliases",
    "list_models",
    "model_spec",
    "networks",
    "pretrained_spec",
    "register_model",
    "register_weights",
    "tagged_weights",
]

import_modules(__name__)  # the folders of the tasks register their networks
