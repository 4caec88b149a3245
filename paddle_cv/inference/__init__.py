"""Prediction: pictures in, pictures or the names of what they show out."""

from .base import PicturePredictor
from .batch import find_pictures, plan_results, restore_files
from .chain import Chain
from .classification import Classification, ClassificationPredictor
from .engines import ENGINES, available_engines, make_engine
from .images import MAX_MEGAPIXELS, ImageError, Picture, open_picture, picture_size
from .outcomes import PredictionErrors
from .predictor import RestorationPredictor
from .video import VideoError, VideoInfo, is_video, restore_video, video_info
from .writing import save_image, save_picture

__all__ = [
    "ENGINES",
    "MAX_MEGAPIXELS",
    "Chain",
    "Classification",
    "ClassificationPredictor",
    "ImageError",
    "Picture",
    "PicturePredictor",
    "PredictionErrors",
    "RestorationPredictor",
    "VideoError",
    "VideoInfo",
    "available_engines",
    "find_pictures",
    "is_video",
    "make_engine",
    "open_picture",
    "picture_size",
    "plan_results",
    "restore_files",
    "restore_video",
    "save_image",
    "save_picture",
    "video_info",
]
