"""What the PaddleHub modules share. Only this folder imports paddlehub, and nothing imports this folder but the modules."""

from .animals import AnimalModule
from .base import NetworkModule, module_base
from .classification import ClassificationModule
from .published import published_modules, write_module
from .restoration import DenoisingModule, SuperResolutionModule
from .segmentation import HumanSegmentationModule, SegmentationModule

__all__ = [
    "AnimalModule",
    "ClassificationModule",
    "DenoisingModule",
    "HumanSegmentationModule",
    "NetworkModule",
    "SegmentationModule",
    "SuperResolutionModule",
    "module_base",
    "published_modules",
    "write_module",
]
