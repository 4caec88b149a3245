"""What makes the input of a super-resolution network, or of one against compression, out of a good picture."""

from __future__ import annotations

import io
import math
from typing import Optional

import numpy as np
from PIL import Image

from .imresize import imresize

__all__ = ["Degradation"]

_REDUCTIONS = ("bicubic", "bd")
_BLOCK = 16  # pixels across a block of JPEG, of its colours at half the resolution
_CONTEXT = 8  # pixels beyond a patch that the bicubic enlargement and JPEG's blocks reach
_HELP = (
    "a degradation is bicubic or bd, then noise:LEVEL and jpeg:QUALITY, joined by +; ranges are LOWEST-HIGHEST, "
    "dn is bicubic+noise:30"
)


class Degradation:
    """A reduction, and steps that harm the reduced picture, written as `bd`, `bicubic+noise:5-30` or `noise:10+jpeg:30-90`.

    - `bicubic`: MATLAB's `imresize`, also where no reduction is named.
    - `bd`: Gaussian blur of standard deviation 1.6, and the middle pixel of each square of scale x scale pixels. For x3, where
      papers use it, the kernel has 7 x 7 pixels (Zhang et al., "Residual Dense Network for Image Super-Resolution", CVPR 2018,
      section 5). For other scales it has the sizes of those authors' program: 12 x 12 for even ones, whose squares have their
      middle between two pixels, and 11 x 11.
    - `dn`: `bicubic+noise:30` (the same paper).
    - `noise:LEVEL`: Gaussian noise of this standard deviation, of 255, rounded and clipped to 8 bits.
    - `jpeg:QUALITY`: a JPEG file of this quality, 1 to 100, by Pillow.

    A range such as `jpeg:30-90` stands for another value in each picture. The steps are taken in the order in which they are
    written.

    Attributes:
        reduction: "bicubic", "bd", or None where none is named.
        steps: Name, lowest and highest value of each further step.

    Raises:
        ValueError: A text that is no degradation.
    """

    def __init__(self, text: str):
        self.text = text
        names = text.strip().lower().replace("dn", "bicubic+noise:30").split("+")
        self.reduction: Optional[str] = names.pop(0) if names[0] in _REDUCTIONS else None
        self.steps = [_step(name, text) for name in names]

    def __repr__(self) -> str:
        return f"Degradation({self.text!r})"

    def reduce(self, picture: np.ndarray, scale: int) -> np.ndarray:
        """The reduced picture before it is harmed.

        Args:
            picture: (H, W) or (H, W, C) uint8, H and W multiples of `scale`.
            scale: Factor of reduction.
        """
        if self.reduction != "bd":
            return imresize(picture, 1 / scale)
        from scipy.ndimage import correlate1d  # comes with the extra `train`

        kernel, start = _bd_kernel(scale), scale // 2
        blurred = correlate1d(picture.astype(np.float64), kernel, axis=0, mode="nearest")[start::scale]
        blurred = correlate1d(blurred, kernel, axis=1, mode="nearest")[:, start::scale]
        return np.floor(blurred + 0.5).astype(np.uint8)

    def harm(self, picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """All further steps: (H, W), (H, W, 1) or (H, W, 3) uint8 -> the same shape, uint8."""
        for name, lowest, highest in self.steps:
            if name == "noise":
                noise = rng.standard_normal(picture.shape) * rng.uniform(lowest, highest)
                picture = np.rint(picture + noise).clip(0, 255).astype(np.uint8)
            else:
                picture = _compressed(picture, int(rng.integers(int(lowest), int(highest) + 1)))
        return picture

    def harmed_window(
        self, picture: np.ndarray, top: int, left: int, size: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, int, int]:
        """A patch as it would be cut out of the harmed picture, with its surroundings.

        Where JPEG's blocks begin is random, as it is for a patch that may lie anywhere.

        Args:
            picture: (H, W) or (H, W, C) uint8.
            top: First row of the patch.
            left: First column of the patch.
            size: Its height and width.
            rng: Of the random choices.

        Returns:
            A harmed part of the picture with at least 8 pixels around the patch, where there are so many, and the patch's first
            row and column in it.
        """
        before = [min(start, _CONTEXT + int(rng.integers(_BLOCK))) for start in (top, left)]
        rows, columns = (slice(start - less, start + size + _CONTEXT) for start, less in zip((top, left), before))
        return (self.harm(picture[rows, columns], rng), *before)


def _step(name: str, text: str) -> tuple[str, float, float]:
    kind, _, values = name.partition(":")
    try:
        numbers = [float(value) for value in values.split("-")]
    except ValueError:
        numbers = []
    lowest, highest = (numbers[0], numbers[-1]) if len(numbers) in (1, 2) else (math.nan, math.nan)
    limits = {"noise": (0, 255), "jpeg": (1, 100)}.get(kind)
    if limits is None or not limits[0] <= lowest <= highest <= limits[1]:
        raise ValueError(f"there is no degradation {text!r}: {_HELP}")
    return kind, lowest, highest


def _bd_kernel(scale: int, width: float = 1.6) -> np.ndarray:
    """The factor of MATLAB's `fspecial("gaussian", size, 1.6)`, which is the product of it and its transpose."""
    size = 7 if scale == 3 else 2 * math.ceil(3 * width) + (1 if scale % 2 else 2)
    kernel = np.exp(-0.5 * ((np.arange(size) - (size - 1) / 2) / width) ** 2)
    return kernel / kernel.sum()


def _compressed(picture: np.ndarray, quality: int) -> np.ndarray:
    with io.BytesIO() as file:
        grey = picture.reshape(picture.shape[:2]) if picture.ndim == 2 or picture.shape[2] == 1 else None
        Image.fromarray(picture if grey is None else grey).save(file, format="JPEG", quality=quality)
        with Image.open(file) as decoded:
            return np.asarray(decoded).reshape(picture.shape)
