"""Classic CNNs and super-resolution networks for PaddlePaddle."""

__version__ = "0.1.0"

from .mkl import choose_kernels  # noqa: E402

choose_kernels()  # before anything computes

from .api import create_model, from_checkpoint, load, load_network  # noqa: E402  (the engines' cache needs the version)
from .models import ModelSpec, list_models, model_spec  # noqa: E402

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
