"""From a drawing to a picture as MNIST has them."""

from __future__ import annotations

from typing import Optional

import numpy as np
from PIL import Image

__all__ = ["digit_picture"]

_SIDE, _LONGEST = 28, 20


def digit_picture(ink: np.ndarray) -> Optional[np.ndarray]:
    """Brings a drawn digit to the form of MNIST's: 20 pixels long, in 28 x 28 pixels, the centre of its mass in the middle.

    So LeCun, Cortes and Burges describe it (http://yann.lecun.com/exdb/mnist/). Where the centre of mass would push a part of the
    digit over the edge, it stays inside.

    Args:
        ink: (H, W) uint8, 0 where nothing is drawn.

    Returns:
        (28, 28) uint8, white on black; None where nothing is drawn.
    """
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        return None
    digit = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    factor = _LONGEST / max(digit.shape)
    height, width = (max(1, round(side * factor)) for side in digit.shape)
    # Pillow's bilinear filter is antialiased.
    small = np.asarray(Image.fromarray(digit).resize((width, height), Image.Resampling.BILINEAR))
    top, left = (_start(small.sum(axis=1 - axis, dtype=np.float64)) for axis in (0, 1))
    picture = np.zeros((_SIDE, _SIDE), np.uint8)
    picture[top : top + height, left : left + width] = small
    return picture


def _start(mass: np.ndarray) -> int:
    """Where on the side of 28 pixels the digit begins, from its mass along it."""
    centre = np.average(np.arange(len(mass)) + 0.5, weights=mass) if mass.any() else len(mass) / 2
    return int(np.clip(round(_SIDE / 2 - centre), 0, _SIDE - len(mass)))
