"""What predictors that make pictures of pictures have in common."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
from PIL import Image

from ..pictures.alpha import fill_transparent
from ..pictures.images import MAX_MEGAPIXELS, ImageError, Picture, full_scale, open_picture
from ..pictures.writing import check_target, save_picture
from .outcomes import NotFinite, gather
from .predictor import Predictor

__all__ = ["PicturePredictor", "Progress", "WindowPredictor"]

#: Told the number of windows done and of all.
Progress = Callable[[int, int], None]


class PicturePredictor(Predictor):
    """What predictors that make pictures of pictures, and write them, have in common; `restore` does the work.

    Args:
        max_megapixels: Files of more pixels are refused before they are decoded.
    """

    def __init__(self, max_megapixels: float = MAX_MEGAPIXELS):
        self.max_megapixels = max_megapixels

    def predict_each(
        self, images: Sequence[Any], batch_size: int = 1, progress: Optional[Progress] = None, **conditions: Any
    ) -> Iterator[Union[Picture, Exception]]:
        """Works on pictures one after the other: for each input its result or, where it failed, the exception."""
        for number, image in enumerate(images):
            name = None if isinstance(image, (str, Path)) else f"input {number}"
            try:
                yield self.restore(self._open(image, name), batch_size, progress, **conditions)
            except (ImageError, OSError) as error:
                yield error

    def predict_file(self, source: Any, target: Union[str, Path], **options: Any) -> Path:
        """Works on a file and writes another; its suffix says the format (see `save_picture`).

        Args:
            source: The picture, a path or anything else that `predict` takes.
            target: The file to write.
            **options: As for `predict`.

        Raises:
            FileNotFoundError: There is no file `source`.
            ImageError: The picture cannot be used, or `target` is the file itself or cannot hold the result.
        """
        if isinstance(source, (str, Path)) and _same_file(source, target):
            raise ImageError(f"{target}: the result would overwrite its own input")
        picture = self._open(source)
        check_target(target, *self.result_size(*picture.size), picture.alpha is not None)
        return save_picture(self.restore(picture, **options), target)

    def result_size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the result for a picture of this height and width."""
        return height, width

    def result_suffix(self, **conditions: Any) -> Optional[str]:
        """The suffix of files for results; None: that of each picture."""
        return None

    @abstractmethod
    def restore(
        self, picture: Picture, batch_size: int = 1, progress: Optional[Progress] = None, **conditions: Any
    ) -> Picture:
        """What is made of a decoded picture; the arguments and errors are those of `predict`."""

    def takes(self, condition: str) -> bool:
        """Whether the network is told this beside the picture."""
        return False

    @abstractmethod
    def prepare(self, **conditions: Any) -> Any:
        """Checks what networks are told beside the picture, for `compute`."""

    def _open(self, image: Any, name: Optional[str] = None) -> Picture:
        return open_picture(image, name, self.max_megapixels)


class WindowPredictor(PicturePredictor):
    """What predictors have in common that work in windows, and whose results can be worked on further; `compute` does the work.

    Args:
        scale: By what `compute` enlarges.
        outscale: By what results are larger than the pictures, if not by `scale`.
        max_megapixels: Files of more pixels are refused before they are decoded.

    Raises:
        ValueError: `outscale` is not positive.
    """

    shows = "image"

    def __init__(self, scale: int, outscale: Optional[float] = None, max_megapixels: float = MAX_MEGAPIXELS):
        if outscale is not None and not 0 < outscale < math.inf:
            raise ValueError(f"outscale must be positive, not {outscale}")
        super().__init__(max_megapixels)
        self.scale, self.outscale = scale, outscale

    def predict(self, images: Any, batch_size: int = 1, progress: Optional[Progress] = None, **conditions: Any) -> Any:
        """Enlarges or denoises one picture or several.

        Args:
            images: A path, the bytes of a picture file, a PIL image or an RGB array (see `open_picture`), or a list of them.
            batch_size: How many windows of a picture go through the network at once.
            progress: Called after each batch of windows of a picture with the number done and the number of all.
            **conditions: `noise_level` (standard deviation, of 255) for networks that are told it (FFDNet, DRUNet);
                `kernel` (15 x 15, the blur) and `noise_level` for SRMD (see `condition_inputs`).

        Returns:
            For an array, an array of its dtype and axes with as many channels; for everything else a PIL image that keeps mode,
            depth, alpha, ICC profile and EXIF data. Palettes become RGB or RGBA, black and white becomes grey. For 16-bit colour
            and floating-point colour, which PIL images cannot hold, an array. A list for a list, in its order.

        Raises:
            ValueError: `batch_size` is not positive, or a condition is missing, surplus or of a wrong size.
            FileNotFoundError: There is no such file (one picture).
            ImageError: The picture cannot be used (one picture).
            PredictionErrors: Some of several pictures failed; it carries the results of the others.
        """
        if not isinstance(images, (list, tuple)):
            return _result(self.restore(self._open(images), batch_size, progress, **conditions), images)
        outcomes = zip(self.predict_each(images, batch_size, progress, **conditions), images)
        return gather(_result(made, image) if isinstance(made, Picture) else made for made, image in outcomes)

    def result_size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the result for a picture of this height and width."""
        factor = self.outscale or self.scale
        return max(1, round(height * factor)), max(1, round(width * factor))

    def restore(
        self, picture: Picture, batch_size: int = 1, progress: Optional[Progress] = None, **conditions: Any
    ) -> Picture:
        """Enlarges or denoises a decoded picture; the arguments and errors are those of `predict`."""
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        prepared = self.prepare(**conditions)
        color = picture.color[..., None] if picture.grey else picture.color
        if picture.alpha is not None:
            color = fill_transparent(color, picture.alpha)
        size = self.result_size(*picture.size)
        try:
            result = self.compute(color, color.dtype, prepared, batch_size, progress)
            result = _resized(result[..., 0] if picture.grey else result, size, Image.Resampling.LANCZOS)
            alpha = picture.alpha
            if alpha is not None:
                alpha = _resized(alpha, size, Image.Resampling.BICUBIC)
        except MemoryError:
            raise ImageError(f"{picture.name}: not enough memory for {size[1]} x {size[0]} pixels") from None
        except NotFinite as error:
            raise ImageError(f"{picture.name}: {error}") from None
        return picture.with_pixels(result, alpha)

    @abstractmethod
    def count_windows(self, height: int, width: int) -> int:
        """How many windows `compute` works on for a picture of this size."""

    @abstractmethod
    def compute(
        self, color: np.ndarray, dtype: np.dtype, prepared: Any, batch_size: int, progress: Optional[Progress]
    ) -> np.ndarray:
        """(H, W, C) -> (scale H, scale W, C) of `dtype`, C = 1 or 3; floating-point values are in [0, 1]."""


def _result(picture: Picture, image: Any) -> Union[np.ndarray, Image.Image]:
    """What `predict` returns for `image`: arrays have its dtype, and an axis for the channel where it has one."""
    result = picture.result()
    if not isinstance(image, np.ndarray):
        return result
    result = result.astype(image.dtype, copy=False)
    return result[..., None] if result.ndim < image.ndim else result


def _same_file(source: Union[str, Path], target: Union[str, Path]) -> bool:
    return Path(target).exists() and Path(source).exists() and Path(target).samefile(source)


def _resized(array: np.ndarray, size: tuple[int, int], resampling: Image.Resampling) -> np.ndarray:
    """(H, W) or (H, W, 3) in another size, in its own dtype."""
    if array.shape[:2] == size:
        return array
    if array.dtype == np.uint8:
        return np.asarray(Image.fromarray(array).resize(size[::-1], resampling))
    top, result = full_scale(array.dtype), np.empty((*size, *array.shape[2:]), array.dtype)
    for channel in np.ndindex(array.shape[2:]):  # one by one: Pillow needs 32-bit floating-point numbers
        plane = Image.fromarray(array[(..., *channel)].astype(np.float32)).resize(size[::-1], resampling)
        plane = np.asarray(plane).clip(0, top)
        result[(..., *channel)] = plane if top == 1 else np.rint(plane)
    return result
