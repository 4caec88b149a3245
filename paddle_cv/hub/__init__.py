"""What the PaddleHub modules share. Only this folder imports paddlehub, and nothing imports this folder but the modules."""

from .animals import AnimalModule
from .base import NetworkModule, module_base
from .classification import ClassificationModule
from .published import published_modules, write_module
from .restoration import DenoisingModule, SuperResolutionModule

__all__ = [
    "AnimalModule",
    "ClassificationModule",
    "DenoisingModule",
    "NetworkModule",
    "SuperResolutionModule",
    "module_base",
    "published_modules",
    "write_module",
]
