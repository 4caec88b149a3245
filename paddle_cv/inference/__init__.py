"""Prediction: pictures in, pictures out."""

from .engines import ENGINES, cache_folder, make_engine
from .images import ImageError, Picture, open_picture, save_image
from .predictor import PredictionErrors, RestorationPredictor

__all__ = [
    "ENGINES",
    "ImageError",
    "Picture",
    "PredictionErrors",
    "RestorationPredictor",
    "cache_folder",
    "make_engine",
    "open_picture",
    "save_image",
]
