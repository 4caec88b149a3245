"""Prediction: pictures in, pictures or the names of what they show out."""

from ..pictures.video import VideoError, VideoInfo, is_video, video_info
from .base import PicturePredictor, WindowPredictor
from .batch import find_pictures, is_picture, plan_results, restore_files
from .chain import Chain
from .classification import Classification, ClassificationPredictor
from .outcomes import PredictionErrors
from .restoration import RestorationPredictor
from .video import restore_video

__all__ = [
    "Chain",
    "Classification",
    "ClassificationPredictor",
    "PicturePredictor",
    "PredictionErrors",
    "RestorationPredictor",
    "VideoError",
    "VideoInfo",
    "WindowPredictor",
    "find_pictures",
    "is_picture",
    "is_video",
    "plan_results",
    "restore_files",
    "restore_video",
    "video_info",
]
