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
from .images import MAX_MEGAPIXELS, ImageError, Picture, full_scale, open_picture
from .outcomes import gather
from .tiling import Tile, tiles
from .windows import compute_oriented, compute_windows, condition_inputs, conditions_taken
from .writing import check_target, save_picture

__all__ = ["PicturePredictor", "RestorationPredictor"]

Progress = Callable[[int, int], None]

# An overlap as wide as the receptive field makes a tiled result exact. Deep networks see more than a hundred pixels far but
# hardly use them; beyond this many pixels more overlap costs time and changes nothing that one can see.
_MAX_OVERLAP = 32
# Smaller windows spend more on overlap; larger ones grow out of the caches (tools/benchmark.py tiles).
_TILE = 384


class PicturePredictor:
    """What predictors that make pictures of pictures have in common; `compute` does the work.

    Args:
        scale: By what `compute` enlarges.
        outscale: By what results are larger than the pictures, if not by `scale`.
        max_megapixels: Files of more pixels are refused before they are decoded.

    Raises:
        ValueError: `outscale` is not positive.
    """

    def __init__(self, scale: int, outscale: Optional[float] = None, max_megapixels: float = MAX_MEGAPIXELS):
        if outscale is not None and not 0 < outscale < math.inf:
            raise ValueError(f"outscale must be positive, not {outscale}")
        self.scale, self.outscale, self.max_megapixels = scale, outscale, max_megapixels

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
            alpha, ICC profile and EXIF data. Palettes become RGB or RGBA. For 16-bit colour and floating-point colour, which
            PIL images cannot hold, an array. A list for a list, in its order.

        Raises:
            ValueError: `batch_size` is not positive, or a condition is missing, surplus or of a wrong size.
            FileNotFoundError: There is no such file (one picture).
            ImageError: The picture cannot be used (one picture).
            PredictionErrors: Some of several pictures failed; it carries the results of the others.
        """
        if not isinstance(images, (list, tuple)):
            return self.restore(self._open(images), batch_size, progress, **conditions).result()
        outcomes = self.predict_each(images, batch_size, progress, **conditions)
        return gather(outcome.result() if isinstance(outcome, Picture) else outcome for outcome in outcomes)

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
        return picture.with_pixels(result, alpha)

    def prepare(self, **conditions: Any) -> Any:
        """Checks what networks are told beside the picture, for `compute`."""
        raise NotImplementedError

    def count_windows(self, height: int, width: int) -> int:
        """How many windows `compute` works on for a picture of this size."""
        raise NotImplementedError

    def compute(
        self, color: np.ndarray, dtype: np.dtype, prepared: Any, batch_size: int, progress: Optional[Progress]
    ) -> np.ndarray:
        """(H, W, C) -> (scale H, scale W, C) of `dtype`, C = 1 or 3; floating-point values are in [0, 1]."""
        raise NotImplementedError

    def _open(self, image: Any, name: Optional[str] = None) -> Picture:
        return open_picture(image, name, self.max_megapixels)


class RestorationPredictor(PicturePredictor):
    """Enlarges or denoises pictures with a network.

    Args:
        network: A super-resolution or denoising network for RGB or for one channel in [0, 1].
        spec: What it is.
        engine: See `make_engine`.
        device: See `make_engine`.
        tile: Largest side in input pixels of the windows that large pictures are cut into.
        overlap: Pixels of context around each window; None: the receptive field, at most 32.
        threads: CPU threads; None: one for each core.
        self_ensemble: Take the mean over all eight orientations of the picture, in eight times the time.
        outscale: By what results are larger than the pictures; they are made so from the network's result by Lanczos
            interpolation. None: as the network makes them.
        max_megapixels: Files of more pixels are refused before they are decoded.

    Raises:
        ValueError: A network for another task, `tile` is too small for `overlap`, `outscale` is not positive, or no such engine or
            device.
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
        self_ensemble: bool = False,
        outscale: Optional[float] = None,
        max_megapixels: float = MAX_MEGAPIXELS,
    ):
        if spec.task not in ("super_resolution", "denoising"):
            raise ValueError(f"{spec.name} is a network for {spec.task}; this predictor enlarges and denoises")
        super().__init__(spec.scale or 1, outscale, max_megapixels)
        self.spec, self.self_ensemble = spec, self_ensemble
        self.overlap = _context(network.receptive_radius, spec) if overlap is None else overlap
        self.grid = getattr(network, "grid", 1)
        if spec.enlarged_input:  # it counts enlarged pixels
            self.grid //= math.gcd(self.grid, self.scale)
        next(tiles(1, 1, tile, self.overlap, self.grid))  # raises if they do not fit together
        self.tile = tile
        shapes = [(spec.in_channels, None, None), *spec.extra_inputs.values()]
        self._engine = make_engine(network, shapes, engine, device, threads)

    def takes(self, condition: str) -> bool:
        """Whether the network is told this beside the picture."""
        return condition in conditions_taken(self.spec)

    def prepare(
        self,
        noise_level: Optional[float] = None,
        degradation: Optional[Sequence[float]] = None,
        kernel: Optional[np.ndarray] = None,
    ) -> list[np.ndarray]:
        """What `condition_inputs` returns."""
        inputs = condition_inputs(self.spec, noise_level, degradation, kernel)
        if self.self_ensemble and kernel is not None and not _symmetric(np.asarray(kernel)):
            raise ValueError("with self_ensemble the blur kernel must look the same in all orientations")
        return inputs

    def count_windows(self, height: int, width: int) -> int:
        return sum(1 for _ in tiles(height, width, self.tile, self.overlap, self.grid))

    def compute(
        self,
        color: np.ndarray,
        dtype: np.dtype,
        prepared: list[np.ndarray],
        batch_size: int,
        progress: Optional[Progress],
    ) -> np.ndarray:
        height, width, channels = color.shape
        scale, top, white = self.scale, full_scale(color.dtype), full_scale(dtype)
        result = np.empty((height * scale, width * scale, channels), dtype)
        windows = list(tiles(height, width, self.tile, self.overlap, self.grid))
        done = 0
        for batch in _batches(windows, batch_size):
            x = np.stack([color[w[0] : w[2], w[1] : w[3]] for w in (tile.window for tile in batch)])
            x = x.astype(np.float32) / np.float32(top)
            for tile, output in zip(batch, self._compute_windows(x, prepared)):
                kept = [side * scale for side in tile.kept]
                inner = output[
                    kept[0] - tile.window[0] * scale : kept[2] - tile.window[0] * scale,
                    kept[1] - tile.window[1] * scale : kept[3] - tile.window[1] * scale,
                ].clip(0, 1)
                inner = inner if white == 1 else np.rint(inner * np.float32(white))
                result[kept[0] : kept[2], kept[1] : kept[3]] = inner
            done += len(batch)
            if progress:
                progress(done, len(windows))
        return result

    def _compute_windows(self, x: np.ndarray, prepared: list[np.ndarray]) -> np.ndarray:
        if self.self_ensemble:
            return compute_oriented(x, self.spec, self._engine, prepared, self.grid)
        return compute_windows(x, self.spec, self._engine, prepared)


def _batches(windows: list, batch_size: int) -> Iterator[list]:
    """Successive windows of one size."""
    batch: list = []
    for window in windows:
        if batch and (len(batch) == batch_size or _sides(window) != _sides(batch[0])):
            yield batch
            batch = []
        batch.append(window)
    yield batch


def _sides(tile: Tile) -> tuple[int, int]:
    top, left, bottom, right = tile.window
    return bottom - top, right - left


def _context(receptive_radius: int, spec: ModelSpec) -> int:
    """Input pixels around a window that its result depends on, as far as it is worth while."""
    if not spec.enlarged_input:
        return min(receptive_radius, _MAX_OVERLAP)
    # The radius is counted in enlarged pixels; the enlargement itself looks two pixels far.
    return min(math.ceil(receptive_radius / spec.scale) + 2, _MAX_OVERLAP)


def _symmetric(kernel: np.ndarray) -> bool:
    return all(np.allclose(kernel, other, atol=1e-6) for other in (np.rot90(kernel), kernel[::-1], kernel[:, ::-1]))


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
