"""Prediction: pictures in, pictures or the names of what they show out."""

from .classification import Classification, ClassificationPredictor
from .engines import ENGINES, available_engines, make_engine
from .images import ImageError, Picture, open_picture, save_image
from .outcomes import PredictionErrors
from .predictor import RestorationPredictor

__all__ = [
    "ENGINES",
    "Classification",
    "ClassificationPredictor",
    "ImageError",
    "Picture",
    "PredictionErrors",
    "RestorationPredictor",
    "available_engines",
    "make_engine",
    "open_picture",
    "save_image",
]
