"""Networks as `paddle.nn.Layer`s, and the registry that names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .spec import LabelledSpec, ModelSpec, PackagedWeights, PublishedWeights

if TYPE_CHECKING:
    from .catalogue import (
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
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # With the networks comes Paddle, whose import takes seconds: who only needs the classes of specs does without.
    from . import catalogue

    return getattr(catalogue, name)
