"""Super-resolution and denoising of pictures of any size and kind."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Optional, Union

import numpy as np

from ..data.srmd import read_kernel_basis
from ..engines.memory import window_side
from ..engines.runtime import Run, make_engine
from ..models import ModelSpec
from ..pictures.images import MAX_MEGAPIXELS, full_scale
from .base import Progress, WindowPredictor
from .conditions import condition_inputs, conditions_taken
from .ensemble import compute_oriented
from .outcomes import check_finite
from .registry import Option, Score, predictor
from .restoration_samples import RestorationSamples
from .samples import rounding_loss
from .tiling import Tile, tiles
from .windows import compute_windows

if TYPE_CHECKING:
    from ..models.network import Network

__all__ = ["RestorationPredictor"]

# An overlap as wide as the receptive field makes a tiled result exact. Deep networks see more than a hundred pixels far but
# hardly use them; beyond this many pixels more overlap costs time and changes nothing that one can see.
_MAX_OVERLAP = 32
# So many rows of a window stay in the caches from one operation to the next.
_ROWS = 32


@predictor("super_resolution", "denoising")
class RestorationPredictor(WindowPredictor):
    """Enlarges or denoises pictures with a network.

    Args:
        network: A super-resolution or denoising network for RGB or for one channel in [0, 1].
        spec: What it is.
        engine: See `make_engine`.
        device: See `make_engine`.
        tile: Largest side in input pixels of the windows that large pictures are cut into; None: so large that those which are
            worked on at once take some 0.75 GiB.
        overlap: Pixels of context around each window; None: the receptive field, at most 32.
        threads: CPU threads; None: one for each core.
        precision: See `make_engine`.
        self_ensemble: Take the mean over all eight orientations of the picture, in eight times the time.
        outscale: By what results are larger than the pictures; they are made so from the network's result by Lanczos
            interpolation. None: as the network makes them.
        max_megapixels: Files of more pixels are refused before they are decoded.
        kernel_basis: For SRMD: the file with the principal components that its weights were trained with (`read_kernel_basis`);
            None: those that the weights came with.

    Raises:
        FileNotFoundError: There is no file `kernel_basis`.
        ValueError: A network for another task, `tile` is too small for `overlap`, `outscale` is not positive, no such engine or
            device, or `kernel_basis` is for another network or cannot be read.
    """

    scores = {"psnr": Score(digits=2, unit=" dB", tolerance=0.02), "ssim": Score()}
    samples = RestorationSamples()
    options = (
        Option("tile", int, "largest side of the windows in pixels (as memory allows)", least=1, at_start=True),
        Option("self_ensemble", bool, "mean over eight orientations: eight times the work", at_start=True),
        Option("outscale", float, "how much larger the results are, any number (as the network)", at_start=True),
        Option(
            "kernel_basis", str, "for SRMD: principal components of blur kernels (those in its weights)", at_start=True
        ),
        Option(
            "noise_level",
            float,
            "standard deviation of the noise, of 255, for denoisers that are told it",
            least=0,
            needs="sigma",
            preset=15,
            most=75,
            step=1,
            label={"en": "Noise level (standard deviation, of 255)", "zh": "噪声水平（标准差，以 255 为满值）"},
        ),
    )

    def __init__(
        self,
        network: Network,
        spec: ModelSpec,
        engine: str = "auto",
        device: str = "auto",
        tile: Optional[int] = None,
        overlap: Optional[int] = None,
        threads: Optional[int] = None,
        precision: str = "auto",
        self_ensemble: bool = False,
        outscale: Optional[float] = None,
        max_megapixels: float = MAX_MEGAPIXELS,
        kernel_basis: Optional[Union[str, Path]] = None,
    ):
        if spec.task not in ("super_resolution", "denoising"):
            raise ValueError(f"{spec.name} is a network for {spec.task}; this predictor enlarges and denoises")
        super().__init__(spec.scale or 1, outscale, max_megapixels)
        self.spec, self.self_ensemble = spec, self_ensemble
        self._basis = _kernel_basis(network, spec, kernel_basis)
        self.overlap = _context(network.receptive_radius, spec) if overlap is None else overlap
        self.grid = network.grid
        if spec.enlarged_input:  # it counts enlarged pixels
            self.grid //= math.gcd(self.grid, self.scale)
        if tile is not None:
            next(tiles(1, 1, tile, self.overlap, self.grid))  # raises if they do not fit together
        shapes = [(spec.in_channels, None, None), *spec.extra_inputs.values()]
        self.engine = make_engine(network, shapes, engine, device, threads, precision, partial(rounding_loss, spec))
        self.tile = tile or window_side(self._memory(), self.engine.workers, self.overlap + self.grid)

    def _memory(self) -> int:
        """Bytes for each pixel of a window."""
        if self.spec.enlarged_input:
            return self.engine.memory * self.scale**2
        # Denoisers for one channel get the three of a picture in colour at once.
        return self.engine.memory * (3 if self.spec.in_channels == 1 and self.spec.scale is None else 1)

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
        inputs = condition_inputs(self.spec, noise_level, degradation, kernel, self._basis)
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
        batches = list(_batches(windows, batch_size))

        def work(batch: list[Tile], run: Run) -> int:
            x = np.stack([color[w[0] : w[2], w[1] : w[3]] for w in (tile.window for tile in batch)])
            x = x.astype(np.float32) / np.float32(top)
            outputs = self._compute_windows(x, prepared, run)
            check_finite(outputs)
            for tile, output in zip(batch, outputs):
                kept = [side * scale for side in tile.kept]
                inner = output[
                    kept[0] - tile.window[0] * scale : kept[2] - tile.window[0] * scale,
                    kept[1] - tile.window[1] * scale : kept[3] - tile.window[1] * scale,
                ]
                _put(inner, result[kept[0] : kept[2], kept[1] : kept[3]], white)
            return len(batch)

        done = 0
        for count in self._work_on(batches, work):
            done += count
            if progress:
                progress(done, len(windows))
        return result

    def _work_on(self, batches: list[list[Tile]], work: Callable[[list[Tile], Run], int]) -> Iterator[int]:
        """Calls `work` for each batch: for `workers` of them at a time, where there are as many.

        One that is left over at the end gets a part of the threads as well: to have it computed by all of them a second graph
        would be opened, which takes longer than the others wait, and memory of its own.
        """
        workers = self.engine.workers
        if not 1 < workers <= len(batches):
            for batch in batches:
                yield work(batch, self.engine)
            return
        with ThreadPoolExecutor(workers) as pool:
            futures = [pool.submit(work, batch, self.engine.beside) for batch in batches]
            try:
                for future in futures:
                    yield future.result()
            finally:  # after an exception, here or where the results go, those that wait are not begun
                for future in futures:
                    future.cancel()

    def _compute_windows(self, x: np.ndarray, prepared: list[np.ndarray], run: Run) -> np.ndarray:
        if self.self_ensemble:
            return compute_oriented(x, self.spec, run, prepared, self.grid)
        return compute_windows(x, self.spec, run, prepared)


def _put(values: np.ndarray, target: np.ndarray, white: float) -> None:
    """Writes values in [0, 1] to an array in which 1 is `white`; the values are overwritten on the way."""
    for top in range(0, len(values), _ROWS):
        rows = values[top : top + _ROWS]
        np.clip(rows, 0, 1, out=rows)
        if white != 1:
            np.multiply(rows, np.float32(white), out=rows)
            np.rint(rows, out=rows)
        target[top : top + _ROWS] = rows


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


def _kernel_basis(network: Network, spec: ModelSpec, file: Optional[Union[str, Path]]) -> Optional[np.ndarray]:
    """The principal components of blur kernels that a network's weights were trained with."""
    if "degradation" not in spec.extra_inputs:
        if file is not None:
            raise ValueError(f"{spec.name} takes no kernel_basis")
        return None
    return network.kernel_basis if file is None else read_kernel_basis(file)


def _symmetric(kernel: np.ndarray) -> bool:
    return all(np.allclose(kernel, other, atol=1e-6) for other in (np.rot90(kernel), kernel[::-1], kernel[:, ::-1]))
