"""Colour where a picture is transparent."""

from __future__ import annotations

import numpy as np

__all__ = ["fill_transparent"]


def fill_transparent(color: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Gives fully transparent pixels the colour of what is visible around them.

    What a file stores there is arbitrary, mostly black; enlarged with the rest it would darken the edge of what is
    visible. The visible colours are averaged over ever larger squares (a pyramid), and a hole takes its colour from the
    finest square that has one.

    Args:
        color: (H, W, 3), any dtype.
        alpha: (H, W).

    Returns:
        `color` itself where nothing or everything is transparent, else a copy with the holes filled.
    """
    visible = alpha > 0
    if visible.all() or not visible.any():
        return color
    filled = _fill(color.astype(np.float32), visible.astype(np.float32))
    return np.where(visible[..., None], color, filled.astype(color.dtype))


def _fill(color: np.ndarray, weight: np.ndarray) -> np.ndarray:
    if weight.all():
        return color
    height, width = weight.shape
    even = ((0, height % 2), (0, width % 2))
    weighted = np.pad(color * weight[..., None], (*even, (0, 0)))
    padded = np.pad(weight, even)
    sums = weighted[0::2, 0::2] + weighted[1::2, 0::2] + weighted[0::2, 1::2] + weighted[1::2, 1::2]
    count = padded[0::2, 0::2] + padded[1::2, 0::2] + padded[0::2, 1::2] + padded[1::2, 1::2]
    coarse = _fill(sums / np.maximum(count, 1)[..., None], (count > 0).astype(np.float32))
    enlarged = coarse.repeat(2, axis=0).repeat(2, axis=1)[:height, :width]
    return np.where(weight[..., None] > 0, color, enlarged)
