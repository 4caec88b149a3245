"""The colours of a foreground by itself: what remains when the old background is taken out of soft edges."""

from __future__ import annotations

import importlib.util

import numpy as np

from .picture import full_scale
from .planes import resized_planes

__all__ = ["estimate_foreground"]

#: Larger images are estimated in a size of so many pixels; at full size each pixel is made to agree with its colour.
_PIXELS = 400_000
#: Pixels of soft edges that are worked on at once.
_AT_ONCE = 500_000
#: Of the smoothness that the estimates have in parts of equal opacity, and of how much less they have at edges (Germer et al.).
_REGULARISATION, _GRADIENT_WEIGHT = 1e-5, 1.0


def estimate_foreground(color: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The colours F of the foreground of an image I = alpha F + (1 - alpha) B.

    Germer, Uelwer, Conrad, Harmeling: "Fast Multi-Level Foreground Estimation", ICPR 2020; by pymatting where that is installed.

    Args:
        color: (H, W, 3) uint8, uint16 or float in [0, 1].
        alpha: (H, W) of the same dtype.

    Returns:
        (H, W, 3) of the same dtype: `color` itself where alpha is full, and colours that go on beyond the edge where it is 0.

    Raises:
        ValueError: The sizes differ.
    """
    if color.shape[:2] != alpha.shape:
        raise ValueError(f"an image of {color.shape[:2]} and an opacity of {alpha.shape}")
    top = full_scale(color.dtype)
    height, width = alpha.shape
    factor = min(1.0, (_PIXELS / (height * width)) ** 0.5)
    small = max(1, round(height * factor)), max(1, round(width * factor))
    share = resized_planes(alpha, small) / np.float32(top)
    front, back = _estimate(resized_planes(color, small) / np.float32(top), share)
    near = [(np.arange(length) * part // length) for length, part in zip((height, width), small)]
    spread = front * np.float32(top)
    spread = (spread if top == 1 else np.rint(spread)).astype(color.dtype)
    result = np.where((alpha == top)[..., None], color, spread[near[0]][:, near[1]])
    place = np.flatnonzero((alpha > 0) & (alpha < top))
    for first in range(0, len(place), _AT_ONCE):
        y, x = np.divmod(place[first : first + _AT_ONCE], width)
        a = alpha[y, x, None].astype(np.float32) / np.float32(top)
        image = color[y, x].astype(np.float32) / np.float32(top)
        f, b = (
            _between(planes, (y + 0.5) * small[0] / height - 0.5, (x + 0.5) * small[1] / width - 0.5)
            for planes in (front, back)
        )
        # The colours nearest to the estimates that give the pixel.
        f += a * (image - a * f - (1 - a) * b) / (a**2 + (1 - a) ** 2)
        f = f.clip(0, 1) * np.float32(top)
        result[y, x] = f if top == 1 else np.rint(f)
    return result


def _between(planes: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Planes (H, W, C) at places (n,) between pixels, bilinear: (n, C) float32."""
    height, width = planes.shape[:2]
    y, x = y.clip(0, height - 1), x.clip(0, width - 1)
    top, left = y.astype(int), x.astype(int)
    bottom, right = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    down, along = (y - top).astype(np.float32)[:, None], (x - left).astype(np.float32)[:, None]
    above = planes[top, left] * (1 - along) + planes[top, right] * along
    below = planes[bottom, left] * (1 - along) + planes[bottom, right] * along
    return above * (1 - down) + below * down


def _estimate(image: np.ndarray, alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Foreground and background (H, W, 3) float32, of values in [0, 1]."""
    if importlib.util.find_spec("pymatting"):
        from pymatting import estimate_foreground_ml

        front, back = estimate_foreground_ml(image, alpha, return_background=True)
        return front.astype(np.float32), back.astype(np.float32)
    levels = max(1, int(np.ceil(np.log2(max(alpha.shape)))))
    front = back = image.mean((0, 1), keepdims=True)
    for level in range(levels + 1):
        size = tuple(max(1, round(side ** (level / levels))) for side in alpha.shape)
        part, share = (resized_planes(planes, size, smooth=False) for planes in (image, alpha))
        front, back = (resized_planes(planes, size, smooth=False) for planes in (front, back))
        for _ in range(10 if max(size) <= 32 else 4):
            front, back = _relaxed(part, share, front, back)
    return front, back


def _relaxed(
    image: np.ndarray, alpha: np.ndarray, front: np.ndarray, back: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """One step of Jacobi's method: for each pixel the colours that agree best with it and with its neighbours."""
    padded = [np.pad(planes, [(1, 1), (1, 1), (0, 0)], "edge") for planes in (alpha[..., None], front, back)]
    inner = np.s_[1:-1, 1:-1]
    weights = np.zeros_like(alpha)[..., None]
    sums = [np.zeros_like(front), np.zeros_like(back)]
    for neighbour in (np.s_[:-2, 1:-1], np.s_[2:, 1:-1], np.s_[1:-1, :-2], np.s_[1:-1, 2:]):
        weight = _REGULARISATION + _GRADIENT_WEIGHT * np.abs(padded[0][inner] - padded[0][neighbour])
        weights += weight
        for total, planes in zip(sums, padded[1:]):
            total += weight * planes[neighbour]
    a, b = alpha[..., None], 1 - alpha[..., None]
    # The normal equations of two unknowns, [aa + w, ab; ab, bb + w].
    first, second, mixed = a * a + weights, b * b + weights, a * b
    determinant = first * second - mixed * mixed
    right = a * image + sums[0], b * image + sums[1]
    return (
        ((second * right[0] - mixed * right[1]) / determinant).clip(0, 1),
        ((first * right[1] - mixed * right[0]) / determinant).clip(0, 1),
    )
