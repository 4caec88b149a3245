"""Super-resolution of pictures of any size and kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Callable, Optional, Union

import numpy as np
from paddle import nn
from PIL import Image

from ..data import LUMINANCE
from ..models import ModelSpec
from .alpha import fill_transparent
from .engines import make_engine
from .images import ImageError, Picture, open_picture, save_image
from .tiling import tiles

__all__ = ["PredictionErrors", "SuperResolutionPredictor"]

Progress = Callable[[int, int], None]

# An overlap as wide as the receptive field makes a tiled result exact. Deep networks see more than a hundred pixels far but
# hardly use them; beyond this many pixels more overlap costs time and changes nothing that one can see.
_MAX_OVERLAP = 32
# Smaller windows spend more on overlap; larger ones grow out of the caches (tools/benchmark.py tiles).
_TILE = 384


class PredictionErrors(ImageError):
    """Some of several pictures failed.

    Attributes:
        results: One entry for each input, in order; None where it failed.
        errors: {index of the input: the exception}.
    """

    def __init__(self, results: list[Any], errors: dict[int, Exception]):
        self.results, self.errors = results, errors
        listed = "\n".join(f"  {error}" for error in errors.values())
        super().__init__(f"{len(errors)} of {len(results)} pictures failed, the others are in .results:\n{listed}")


class SuperResolutionPredictor:
    """Enlarges pictures with a network.

    Args:
        network: A super-resolution network for RGB in [0, 1].
        spec: What it is.
        engine: See `make_engine`.
        device: See `make_engine`.
        tile: Largest side in input pixels of the windows that large pictures are cut into.
        overlap: Pixels of context around each window; None: the receptive field, at most 32.
        threads: CPU threads; None: one for each core.

    Raises:
        ValueError: The network takes no RGB, `tile` is too small for `overlap`, or no such engine or device.
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
        if spec.in_channels != 3:
            raise ValueError(f"{spec.name} takes {spec.in_channels} channels; this predictor needs a network for RGB")
        self.spec, self.scale = spec, spec.scale
        self.overlap = min(network.receptive_radius, _MAX_OVERLAP) if overlap is None else overlap
        next(tiles(1, 1, tile, self.overlap))  # raises if they do not fit together
        self.tile = tile
        self._run = make_engine(network, spec.in_channels, engine, device, threads)

    def predict(self, images: Any, batch_size: int = 1, progress: Optional[Progress] = None) -> Any:
        """Enlarges one picture or several.

        Args:
            images: A path, the bytes of a picture file, a PIL image or an RGB array (see `open_picture`), or a list of them.
            batch_size: How many windows of a picture go through the network at once.
            progress: Called after each batch of windows of a picture with the number done and the number of all.

        Returns:
            For an array, an array of its dtype with as many channels; for everything else a PIL image that keeps mode, depth,
            alpha, ICC profile and EXIF data. A list for a list, in its order.

        Raises:
            FileNotFoundError: There is no such file (one picture).
            ImageError: The picture cannot be used (one picture).
            PredictionErrors: Some of several pictures failed; it carries the results of the others.
        """
        if not isinstance(images, (list, tuple)):
            return _result(self.enlarge(open_picture(images), batch_size, progress))
        results: list[Any] = []
        errors: dict[int, Exception] = {}
        for index, outcome in enumerate(self.predict_each(images, batch_size, progress)):
            results.append(None if isinstance(outcome, Exception) else _result(outcome))
            if isinstance(outcome, Exception):
                errors[index] = outcome
        if errors:
            raise PredictionErrors(results, errors)
        return results

    def predict_each(
        self, images: Sequence[Any], batch_size: int = 1, progress: Optional[Progress] = None
    ) -> Iterator[Union[Picture, Exception]]:
        """Enlarges pictures one after the other: for each input its result or, where it failed, the exception."""
        for number, image in enumerate(images):
            name = None if isinstance(image, (str, Path)) else f"input {number}"
            try:
                yield self.enlarge(open_picture(image, name), batch_size, progress)
            except (ImageError, OSError) as error:
                yield error

    def predict_file(
        self,
        source: Union[str, Path],
        target: Union[str, Path],
        batch_size: int = 1,
        progress: Optional[Progress] = None,
    ) -> Path:
        """Enlarges a file into another; its suffix says the format.

        Raises:
            FileNotFoundError: There is no file `source`.
            ImageError: The picture cannot be used, or `target` is the file itself or cannot hold the result.
        """
        if Path(target).exists() and Path(source).exists() and Path(target).samefile(source):
            raise ImageError(f"{target}: the result would overwrite its own input")
        return save_image(self.enlarge(open_picture(source), batch_size, progress).image(), target)

    def enlarge(self, picture: Picture, batch_size: int = 1, progress: Optional[Progress] = None) -> Picture:
        """Enlarges a decoded picture.

        Raises:
            ValueError: `batch_size` is not positive.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        color = np.dstack([picture.color] * 3) if picture.grey else picture.color
        if picture.alpha is not None:
            color = fill_transparent(color, picture.alpha)
        result = self._enlarge_color(color, picture.grey, batch_size, progress)
        alpha = None if picture.alpha is None else _enlarge_alpha(picture.alpha, self.scale)
        return picture.with_pixels(result, alpha)

    def _enlarge_color(
        self, color: np.ndarray, grey: bool, batch_size: int, progress: Optional[Progress]
    ) -> np.ndarray:
        height, width = color.shape[:2]
        scale, top = self.scale, _full_scale(color.dtype)
        result = np.empty((height * scale, width * scale) + (() if grey else (3,)), color.dtype)
        windows = list(tiles(height, width, self.tile, self.overlap))
        for first in range(0, len(windows), batch_size):
            batch = windows[first : first + batch_size]
            x = np.stack([color[w[0] : w[2], w[1] : w[3]] for w in (tile.window for tile in batch)])
            outputs = self._run(x.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(top))
            for tile, output in zip(batch, outputs):
                kept = [side * scale for side in tile.kept]
                inner = output[
                    :,
                    kept[0] - tile.window[0] * scale : kept[2] - tile.window[0] * scale,
                    kept[1] - tile.window[1] * scale : kept[3] - tile.window[1] * scale,
                ].transpose(1, 2, 0)
                values = np.clip(inner @ LUMINANCE if grey else inner, 0, 1)
                if top != 1:
                    values = np.rint(values * np.float32(top))
                result[kept[0] : kept[2], kept[1] : kept[3]] = values
            if progress:
                progress(first + len(batch), len(windows))
        return result


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
