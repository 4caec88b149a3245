"""Classic CNNs and super-resolution networks for PaddlePaddle."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .mkl import choose_kernels
from .quiet import keep_quiet
from .requirements import check_paddle
from .version import __version__

if TYPE_CHECKING:
    from .api import create_model, from_checkpoint, load_network
    from .loading import load
    from .models import ModelSpec, list_models, model_spec

__all__ = [
    "ModelSpec",
    "__version__",
    "create_model",
    "from_checkpoint",
    "list_models",
    "load",
    "load_network",
    "model_spec",
]

keep_quiet()  # before paddle is imported
check_paddle()
choose_kernels()  # before anything computes

# Imported when they are first asked for: programs set what Paddle reads at its import, such as OMP_NUM_THREADS, before that.
_HOMES = {
    "ModelSpec": "models",
    "create_model": "api",
    "from_checkpoint": "api",
    "list_models": "models",
    "load": "loading",
    "load_network": "api",
    "model_spec": "models",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
