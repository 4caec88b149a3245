"""Putting a foreground before a background."""

from __future__ import annotations

import numpy as np

from .picture import full_scale
from .planes import blurred

__all__ = ["blend", "cast_shadow", "converted"]

_ROWS = 256
#: Of a shadow: how far it falls to the right and down, how soft it is (both as parts of the figure's height), how dark.
_FALL, _SOFTNESS, _DARKNESS = (0.02, 0.02), 0.02, 0.45


def converted(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Values of any depth in another one, rounded."""
    if array.dtype == dtype:
        return array
    values = array.astype(np.float32) * np.float32(full_scale(dtype) / full_scale(array.dtype))
    return values.astype(dtype) if full_scale(dtype) == 1 else np.rint(values).astype(dtype)


def blend(front: np.ndarray, back: np.ndarray, alpha: np.ndarray, linear: bool = False) -> np.ndarray:
    """alpha F + (1 - alpha) B.

    Args:
        front: (H, W, 3) uint8, uint16 or float in [0, 1].
        back: The same.
        alpha: (H, W) of that dtype.
        linear: Mix light, as a lens does, and not the values of sRGB: edges before a bright background are brighter.

    Returns:
        The same shape and dtype.
    """
    top = full_scale(front.dtype)
    result = np.empty_like(front)
    for first in range(0, len(front), _ROWS):
        rows = np.s_[first : first + _ROWS]
        f, b = (planes[rows].astype(np.float32) / np.float32(top) for planes in (front, back))
        a = alpha[rows, :, None].astype(np.float32) / np.float32(top)
        if linear:
            f, b = _light(f), _light(b)
        mixed = b + a * (f - b)
        mixed = (_values(mixed) if linear else mixed) * np.float32(top)
        result[rows] = mixed if top == 1 else np.rint(mixed)
    return result


def _light(values: np.ndarray) -> np.ndarray:
    """Of values of sRGB in [0, 1] (IEC 61966-2-1)."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _values(light: np.ndarray) -> np.ndarray:
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light.clip(0) ** (1 / 2.4) - 0.055)


def cast_shadow(back: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """A background with the soft shadow that a figure of this opacity casts on it to the lower right; of its dtype."""
    top = full_scale(back.dtype)
    rows = np.flatnonzero((alpha > 0).any(1))
    height = rows[-1] - rows[0] + 1 if rows.size else 0
    down, right = (round(part * height) for part in _FALL)
    moved = np.zeros(alpha.shape, np.float32)
    moved[down:, right:] = alpha[: alpha.shape[0] - down, : alpha.shape[1] - right]
    light = 1 - _DARKNESS * blurred(moved / np.float32(top), _SOFTNESS * height)
    darkened = back * light[..., None]
    return (darkened if top == 1 else np.rint(darkened)).astype(back.dtype)
