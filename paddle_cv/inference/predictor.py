"""Super-resolution and denoising of pictures of any size and kind."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Callable, Optional, Union

import numpy as np
from paddle import nn
from PIL import Image

from ..models import ModelSpec
from .alpha import fill_transparent
from .engines import make_engine
from .images import ImageError, Picture, open_picture, save_image
from .outcomes import gather
from .tiling import tiles
from .windows import compute_windows, condition_inputs

__all__ = ["RestorationPredictor"]

Progress = Callable[[int, int], None]

# An overlap as wide as the receptive field makes a tiled result exact. Deep networks see more than a hundred pixels far but
# hardly use them; beyond this many pixels more overlap costs time and changes nothing that one can see.
_MAX_OVERLAP = 32
# Smaller windows spend more on overlap; larger ones grow out of the caches (tools/benchmark.py tiles).
_TILE = 384


class RestorationPredictor:
    """Enlarges or denoises pictures with a network.

    Args:
        network: A super-resolution or denoising network for RGB or for one channel in [0, 1].
        spec: What it is.
        engine: See `make_engine`.
        device: See `make_engine`.
        tile: Largest side in input pixels of the windows that large pictures are cut into.
        overlap: Pixels of context around each window; None: the receptive field, at most 32.
        threads: CPU threads; None: one for each core.

    Raises:
        ValueError: A network for another task, `tile` is too small for `overlap`, or no such engine or device.
    """

    def __init__(
        self,
        network: nn.Layer,
        spec: ModelSpec,
        engine: str = "auto",
        device: str = "auto",
        tile: int = _TILE,
        overlap: Optional[int] = None,
        threads: Optional[int] = None,
    ):
        if spec.task not in ("super_resolution", "denoising"):
            raise ValueError(f"{spec.name} is a network for {spec.task}; this predictor enlarges and denoises")
        self.spec, self.scale = spec, spec.scale or 1
        self.overlap = _context(network.receptive_radius, spec) if overlap is None else overlap
        next(tiles(1, 1, tile, self.overlap))  # raises if they do not fit together
        self.tile = tile
        shapes = [(spec.in_channels, None, None), *spec.extra_inputs.values()]
        self._engine = make_engine(network, shapes, engine, device, threads)

    def predict(self, images: Any, batch_size: int = 1, progress: Optional[Progress] = None, **conditions: Any) -> Any:
        """Enlarges or denoises one picture or several.

        Args:
            images: A path, the bytes of a picture file, a PIL image or an RGB array (see `open_picture`), or a list of them.
            batch_size: How many windows of a picture go through the network at once.
            progress: Called after each batch of windows of a picture with the number done and the number of all.
            **conditions: `noise_level` (standard deviation, of 255) for networks that are told it (FFDNet, DRUNet);
                `kernel` (15 x 15, the blur) and `noise_level` for SRMD (see `condition_inputs`).

        Returns:
            For an array, an array of its dtype with as many channels; for everything else a PIL image that keeps mode, depth,
            alpha, ICC profile and EXIF data. A list for a list, in its order.

        Raises:
            ValueError: `batch_size` is not positive, or a condition is missing, surplus or of a wrong size.
            FileNotFoundError: There is no such file (one picture).
            ImageError: The picture cannot be used (one picture).
            PredictionErrors: Some of several pictures failed; it carries the results of the others.
        """
        if not isinstance(images, (list, tuple)):
            return _result(self.restore(open_picture(images), batch_size, progress, **conditions))
        outcomes = self.predict_each(images, batch_size, progress, **conditions)
        return gather(_result(outcome) if isinstance(outcome, Picture) else outcome for outcome in outcomes)

    def predict_each(
        self, images: Sequence[Any], batch_size: int = 1, progress: Optional[Progress] = None, **conditions: Any
    ) -> Iterator[Union[Picture, Exception]]:
        """Works on pictures one after the other: for each input its result or, where it failed, the exception."""
        for number, image in enumerate(images):
            name = None if isinstance(image, (str, Path)) else f"input {number}"
            try:
                yield self.restore(open_picture(image, name), batch_size, progress, **conditions)
            except (ImageError, OSError) as error:
                yield error

    def predict_file(self, source: Union[str, Path], target: Union[str, Path], **options: Any) -> Path:
        """Works on a file and writes another; its suffix says the format.

        Args:
            source: The picture.
            target: The file to write.
            **options: As for `predict`.

        Raises:
            FileNotFoundError: There is no file `source`.
            ImageError: The picture cannot be used, or `target` is the file itself or cannot hold the result.
        """
        if Path(target).exists() and Path(source).exists() and Path(target).samefile(source):
            raise ImageError(f"{target}: the result would overwrite its own input")
        return save_image(self.restore(open_picture(source), **options).image(), target)

    def restore(
        self,
        picture: Picture,
        batch_size: int = 1,
        progress: Optional[Progress] = None,
        noise_level: Optional[float] = None,
        degradation: Optional[Sequence[float]] = None,
        kernel: Optional[np.ndarray] = None,
    ) -> Picture:
        """Enlarges or denoises a decoded picture; the arguments and errors are those of `predict`."""
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        conditions = condition_inputs(self.spec, noise_level, degradation, kernel)
        color = picture.color[..., None] if picture.grey else picture.color
        if picture.alpha is not None:
            color = fill_transparent(color, picture.alpha)
        result = self._restore_color(color, conditions, batch_size, progress)
        alpha = picture.alpha
        if alpha is not None and self.scale > 1:
            alpha = _enlarge_alpha(alpha, self.scale)
        return picture.with_pixels(result[..., 0] if picture.grey else result, alpha)

    def _restore_color(
        self, color: np.ndarray, conditions: Sequence[np.ndarray], batch_size: int, progress: Optional[Progress]
    ) -> np.ndarray:
        height, width, channels = color.shape
        scale, top = self.scale, _full_scale(color.dtype)
        result = np.empty((height * scale, width * scale, channels), color.dtype)
        windows = list(tiles(height, width, self.tile, self.overlap))
        for first in range(0, len(windows), batch_size):
            batch = windows[first : first + batch_size]
            x = np.stack([color[w[0] : w[2], w[1] : w[3]] for w in (tile.window for tile in batch)])
            x = x.astype(np.float32) / np.float32(top)
            for tile, output in zip(batch, compute_windows(x, self.spec, self._engine, conditions)):
                kept = [side * scale for side in tile.kept]
                inner = output[
                    kept[0] - tile.window[0] * scale : kept[2] - tile.window[0] * scale,
                    kept[1] - tile.window[1] * scale : kept[3] - tile.window[1] * scale,
                ].clip(0, 1)
                result[kept[0] : kept[2], kept[1] : kept[3]] = inner if top == 1 else np.rint(inner * np.float32(top))
            if progress:
                progress(first + len(batch), len(windows))
        return result


def _context(receptive_radius: int, spec: ModelSpec) -> int:
    """Input pixels around a window that its result depends on, as far as it is worth while."""
    if not spec.enlarged_input:
        return min(receptive_radius, _MAX_OVERLAP)
    # The radius is counted in enlarged pixels; the enlargement itself looks two pixels far.
    return min(math.ceil(receptive_radius / spec.scale) + 2, _MAX_OVERLAP)


def _result(picture: Picture) -> Union[np.ndarray, Image.Image]:
    return picture.array() if picture.kind == "array" else picture.image()


def _full_scale(dtype: np.dtype) -> int:
    return 1 if np.issubdtype(dtype, np.floating) else np.iinfo(dtype).max


def _enlarge_alpha(alpha: np.ndarray, scale: int) -> np.ndarray:
    """Bicubic, in the dtype of `alpha`."""
    size = (alpha.shape[1] * scale, alpha.shape[0] * scale)
    if alpha.dtype == np.uint8:
        return np.asarray(Image.fromarray(alpha).resize(size, Image.Resampling.BICUBIC))
    top = _full_scale(alpha.dtype)
    enlarged = np.asarray(Image.fromarray(alpha.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)).clip(0, top)
    return (np.rint(enlarged) if top != 1 else enlarged).astype(alpha.dtype)
