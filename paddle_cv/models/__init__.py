"""Networks as `paddle.nn.Layer`s, and the registry that names them."""

from . import classification, restoration, segmentation  # noqa: F401  (they register their networks)
from .registry import (
    build_model,
    detect_model,
    list_aliases,
    list_models,
    model_spec,
    networks,
    pretrained_spec,
    register_model,
)
from .spec import LabelledSpec, ModelSpec, PublishedWeights

__all__ = [
    "LabelledSpec",
    "ModelSpec",
    "PublishedWeights",
    "build_model",
    "detect_model",
    "list_aliases",
    "list_models",
    "model_spec",
    "networks",
    "pretrained_spec",
    "register_model",
]
