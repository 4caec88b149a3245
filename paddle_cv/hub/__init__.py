"""What the PaddleHub modules share. Only this folder imports paddlehub, and nothing imports this folder but the modules."""

from .animals import AnimalModule
from .classification import ClassificationModule
from .super_resolution import SuperResolutionModule

__all__ = ["AnimalModule", "ClassificationModule", "SuperResolutionModule"]
