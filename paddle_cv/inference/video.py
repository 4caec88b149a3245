"""Videos, frame by frame through a predictor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np

from ..pictures.images import open_picture
from ..pictures.video import CRF, VideoError, check_conversion, convert_video, video_info
from .base import PicturePredictor

__all__ = ["restore_video"]


def restore_video(
    predictor: PicturePredictor,
    source: Union[str, Path],
    target: Union[str, Path],
    crf: int = CRF,
    batch_size: int = 1,
    progress: Optional[Callable[[int, int], None]] = None,
    **conditions: Any,
) -> Path:
    """Enlarges or denoises a video frame by frame and writes it as H.264.

    Time stamps, the shape of the pixels, colour matrix and range, chroma subsampling, 8 or 10 bits, metadata and chapters are
    kept; frames are turned upright. Streams of sound and subtitles are copied as they are; other streams are left out, which the
    log says. Memory holds one frame and those that the encoder looks ahead at, however long the video is. The file appears only
    when it is whole.

    Args:
        predictor: What works on the frames.
        source: The video.
        target: The file to write, .mkv, .mov, .mp4 or .m4v.
        crf: Quality, 0 (best) to 51.
        batch_size: Windows of a frame that go through the network at once.
        progress: Called after each frame with the number done and that of all.
        **conditions: As for `PicturePredictor.predict`.

    Raises:
        FileNotFoundError: There is no file `source`.
        ValueError: `crf`, `batch_size` or a condition is wrong.
        VideoError: The video is damaged or of an unsupported kind, has transparency or too many pixels, `target` cannot hold the
            result or one of the streams, or is the source itself; or PyAV is missing.
    """
    source, target = check_conversion(source, target, crf)
    info = video_info(source)  # what is damaged or too large fails here, and not after hours
    if info.height * info.width > predictor.max_megapixels * 1e6:
        raise VideoError(
            f"{source}: {info.width} x {info.height} pixels are beyond the limit of {predictor.max_megapixels:g} megapixels"
        )

    if predictor.result_suffix(**conditions):
        raise VideoError(
            f"{source}: videos have no transparency; what is cut out needs a background, or the own one blurred"
        )

    def work(color: np.ndarray) -> np.ndarray:
        made = predictor.restore(open_picture(color), batch_size, **conditions)
        return np.atleast_3d(made.color).astype(color.dtype, copy=False)

    def show(done: int) -> None:
        if progress:
            progress(done, max(done, info.frames))

    return convert_video(source, target, work, crf, show)
