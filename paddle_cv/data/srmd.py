"""Blurred, reduced and noisy pictures, and the numbers by which SRMD is told about them (section 3.2 of its paper).

Blur is Gaussian, by kernels of 15 x 15 pixels of any direction. A kernel is told by its coefficients in the first 15 principal
components of such kernels. The components depend on the kernels they are computed from, and so does every network that was
trained with them: those of `kernel_basis` are ours and go with weights that are trained here; `read_kernel_basis` reads others.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Optional, Union

import numpy as np

from .files import read_image
from .imresize import imresize
from .listing import list_pictures
from .patches import Patches, flip_and_turn, to_network
from .super_resolution import crop_to_multiple

__all__ = [
    "DegradedPatches",
    "bicubic_degradation",
    "gaussian_kernel",
    "kernel_basis",
    "random_kernel",
    "read_kernel_basis",
]

SIZE = 15  # pixels across a kernel
COMPONENTS = 15


def gaussian_kernel(width: float, other_width: Optional[float] = None, angle: float = 0.0) -> np.ndarray:
    """A blur kernel.

    Args:
        width: Standard deviation in pixels of the large picture.
        other_width: That across; None: the same.
        angle: In radians, of the first.

    Returns:
        (15, 15) float64 with the sum 1.
    """
    y, x = np.mgrid[:SIZE, :SIZE] - SIZE // 2
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    kernel = np.exp(-0.5 * ((along / width) ** 2 + (across / (other_width or width)) ** 2))
    return kernel / kernel.sum()


def random_kernel(rng: np.random.Generator, scale: int) -> np.ndarray:
    """One of the kernels that SRMD is trained with: widths of 0.2 to `scale`, any direction; half of them are isotropic."""
    width, other = rng.uniform(0.2, scale, 2)
    angle = rng.uniform(0, np.pi)
    return gaussian_kernel(width, width if rng.integers(2) else other, angle)


@functools.lru_cache
def kernel_basis() -> np.ndarray:
    """The first 15 principal components (15, 225) of random kernels of all scales; the same in every process."""
    rng = np.random.default_rng(0)
    kernels = np.stack([random_kernel(rng, scale).ravel() for scale in (2, 3, 4) for _ in range(2000)])
    basis = np.linalg.svd(kernels, full_matrices=False)[2][:COMPONENTS]
    # The sign of a component is not determined by the kernels.
    return basis * np.sign(basis[np.arange(COMPONENTS), np.abs(basis).argmax(axis=1)])[:, None]


def read_kernel_basis(path: Union[str, Path]) -> np.ndarray:
    """The principal components of somebody else's kernels, as the authors publish them with their weights (`srmd_pca_matlab.mat`).

    Args:
        path: `.mat` (which takes scipy), with kernels column by column as MATLAB has them; or `.npy`, with kernels row by row.

    Returns:
        (15, 225), row by row.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It cannot be read, or has no such matrix.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    shape = (COMPONENTS, SIZE**2)
    plain = path.suffix.lower() == ".npy"
    if not plain:
        from scipy.io import loadmat  # comes with the extra `train`
    try:
        values = {"": np.load(path, allow_pickle=False)} if plain else loadmat(path)
    except Exception as error:  # whatever a damaged file leads to
        raise ValueError(f"{path} cannot be read: {error}") from error
    arrays = [np.asarray(value) for key, value in values.items() if not key.startswith("__")]
    basis = next((array for array in arrays if array.shape == shape and array.dtype.kind == "f"), None)
    if basis is None:
        raise ValueError(
            f"{path} has no matrix of {shape[0]} x {shape[1]} numbers: the principal components of blur kernels"
        )
    if not plain:
        basis = basis.reshape(COMPONENTS, SIZE, SIZE).transpose(0, 2, 1).reshape(shape)
    return np.ascontiguousarray(basis, np.float64)


def bicubic_degradation(length: int = COMPONENTS + 1, basis: Optional[np.ndarray] = None) -> np.ndarray:
    """What SRMD is told about a picture that is neither blurred nor noisy.

    Args:
        length: 15, or 16 with the noise level as the last number.
        basis: The components (15, 225) that its weights were trained with; None: ours.
    """
    basis = kernel_basis() if basis is None else basis
    return np.append(basis @ gaussian_kernel(0.2).ravel(), 0.0)[:length].astype(np.float32)


class DegradedPatches(Patches):
    """Random patches, blurred by random kernels, reduced by MATLAB's bicubic interpolation, and noisy.

    Item n, any number from 0 on, depends on `seed` and n alone.

    Args:
        folders: One source of high-resolution pictures or several, as `list_pictures` takes them.
        scale: Enlargement factor.
        patch_size: Side of the low-resolution patch in pixels.
        noise_level: Standard deviation of the noise, of 255; two numbers: each item has a level between them; None: no noise,
            and no level in the degradation.
        seed: Seed of the random choices.
        rescale: Each picture is also offered reduced by these factors.

    Items: (low, degradation, high), float32: RGB of shape (3, patch_size, patch_size), in [0, 1] but for the noise; (15, 1, 1)
    coefficients of the kernel, or (16, 1, 1) with the noise level, of 1; RGB (3, scale patch_size, scale patch_size) in [0, 1].
    Randomly flipped and rotated by multiples of 90 degrees, before the blur.

    Raises:
        FileNotFoundError: A folder is missing or has no picture in it.
        ValueError: No picture is large enough for a patch, one cannot be read, or `noise_level` has neither one nor two numbers.
    """

    def __init__(
        self,
        folders: Union[str, Path, Sequence[Union[str, Path]]],
        scale: int,
        patch_size: int,
        noise_level: Optional[Union[float, Sequence[float]]] = None,
        seed: int = 0,
        rescale: Sequence[float] = (1.0,),
    ):
        super().__init__()
        self.levels = None if noise_level is None else np.atleast_1d(np.asarray(noise_level, float))
        if self.levels is not None and self.levels.shape not in ((1,), (2,)):
            raise ValueError(f"noise_level is a number or [lowest, highest], not {noise_level}")
        self.scale = self.ratio = scale
        self.patch_size, self.seed = patch_size, seed
        files = list_pictures(folders)
        self.pictures: list[np.ndarray] = []
        for path in files:
            original = read_image(path)
            if original.ndim == 2:
                original = np.dstack([original] * 3)
            for factor in rescale:
                picture = crop_to_multiple(original if factor == 1 else imresize(original, factor), scale)
                if min(picture.shape[:2]) >= scale * patch_size:
                    self.pictures.append(picture)
        if not self.pictures:
            raise ValueError(f"none of {len(files)} pictures is at least {scale * patch_size} pixels high and wide")

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        from scipy.ndimage import convolve  # comes with the extra `train`

        rng = np.random.default_rng([self.seed, index])
        [picture] = flip_and_turn(rng, self.pictures[rng.integers(len(self.pictures))])
        # A margin, so that blur and reduction see the picture beyond the patch and not a mirrored patch.
        margin = -(-(SIZE // 2 + 2 * self.scale) // self.scale)
        size, scale = self.patch_size, self.scale
        top, left = (int(rng.integers(side // scale - size + 1)) for side in picture.shape[:2])
        before = [min(margin, start) for start in (top, left)]
        rows, columns = (
            slice(scale * (start - less), scale * (start + size + margin)) for start, less in zip((top, left), before)
        )
        kernel = random_kernel(rng, scale)
        blurred = convolve(picture[rows, columns].astype(np.float32), kernel[..., None], mode="nearest")
        low = imresize(blurred, 1 / scale)[before[0] :, before[1] :][:size, :size]
        high = picture[scale * top : scale * (top + size), scale * left : scale * (left + size)]
        degradation = kernel_basis() @ kernel.ravel()
        low, high = to_network(low), to_network(high)
        if self.levels is not None:
            level = rng.uniform(self.levels[0], self.levels[-1]) / 255
            low = low + np.float32(level) * rng.standard_normal(low.shape, np.float32)
            degradation = np.append(degradation, level)
        return low, degradation.astype(np.float32).reshape(-1, 1, 1), high
