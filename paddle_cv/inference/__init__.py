"""Prediction: pictures in, pictures or the names of what they show out."""

from .chain import Chain
from .classification import Classification, ClassificationPredictor
from .engines import ENGINES, make_engine
from .images import MAX_MEGAPIXELS, ImageError, Picture, open_picture
from .outcomes import PredictionErrors
from .predictor import RestorationPredictor
from .writing import save_image, save_picture

__all__ = [
    "ENGINES",
    "MAX_MEGAPIXELS",
    "Chain",
    "Classification",
    "ClassificationPredictor",
    "ImageError",
    "Picture",
    "PredictionErrors",
    "RestorationPredictor",
    "make_engine",
    "open_picture",
    "save_image",
    "save_picture",
]
