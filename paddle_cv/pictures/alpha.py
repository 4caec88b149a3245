"""What is seen of a picture that is transparent."""

from __future__ import annotations

import numpy as np

__all__ = ["fill_transparent", "over_white"]


def over_white(color: np.ndarray, alpha: np.ndarray, white: int) -> np.ndarray:
    """A picture on a white ground.

    Args:
        color: (H, W) or (H, W, 3), any dtype, 0 to `white`.
        alpha: (H, W), 0 to `white`.
        white: The value of white: 255, 65535 or 1.

    Returns:
        The same shape and range, float32, not rounded.
    """
    share = alpha.astype(np.float32) / np.float32(white)
    share = share if color.ndim == 2 else share[..., None]
    return color * share + np.float32(white) * (1 - share)


def fill_transparent(color: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Gives fully transparent pixels the colour of what is visible around them.

    What a file stores there is arbitrary, mostly black; enlarged with the rest it would darken the edge of what is
    visible. The visible colours are averaged over ever larger squares (a pyramid), and a hole takes its colour from the
    finest square that has one.

    Args:
        color: (H, W) or (H, W, C), any dtype.
        alpha: (H, W).

    Returns:
        `color` itself where nothing or everything is transparent, else a copy with the holes filled.
    """
    visible = alpha > 0
    if visible.all() or not visible.any():
        return color
    if color.ndim == 2:
        return fill_transparent(color[..., None], alpha)[..., 0]
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
