"""Networks as `paddle.nn.Layer`s, and the registry that names them."""

from . import restoration  # noqa: F401  (registers its networks)
from .registry import (
    ModelSpec,
    build_model,
    detect_model,
    list_aliases,
    list_models,
    model_spec,
    networks,
    register_model,
)

__all__ = [
    "ModelSpec",
    "build_model",
    "detect_model",
    "list_aliases",
    "list_models",
    "model_spec",
    "networks",
    "register_model",
]
