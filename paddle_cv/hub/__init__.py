"""What the PaddleHub modules share. Only this folder imports paddlehub, and nothing imports this folder but the modules."""

from .classification import ClassificationModule
from .restoration import DenoisingModule, SuperResolutionModule

__all__ = ["ClassificationModule", "DenoisingModule", "SuperResolutionModule"]
