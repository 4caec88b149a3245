"""What the PaddleHub modules share. Only this folder imports paddlehub, and nothing imports this folder but the modules."""

from .animals import AnimalModule
from .classification import ClassificationModule
from .restoration import DenoisingModule, SuperResolutionModule

__all__ = ["AnimalModule", "ClassificationModule", "DenoisingModule", "SuperResolutionModule"]
