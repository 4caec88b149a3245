"""Planes of floating-point numbers: resizing, blurring by boxes, and the guided filter."""

from __future__ import annotations

from typing import Optional

import numpy as np
from PIL import Image

__all__ = ["blurred", "box_mean", "guided_planes", "resized_planes"]


def resized_planes(
    planes: np.ndarray,
    size: tuple[int, int],
    box: Optional[tuple[float, float, float, float]] = None,
    smooth: bool = True,
) -> np.ndarray:
    """(H, W) or (H, W, C) in another size, float32: bilinear, and averaged where it is reduced.

    Args:
        planes: Numbers of any kind.
        size: Height and width of the result.
        box: The part to resize: left, top, right and lower edge; None: all.
        smooth: False: the nearest pixel instead.
    """
    kind = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
    if planes.dtype == np.uint8 and box is None and smooth:
        return np.asarray(Image.fromarray(planes).resize(size[::-1], kind)).astype(np.float32)
    result = np.empty((*size, *planes.shape[2:]), np.float32)
    for channel in np.ndindex(planes.shape[2:]):
        plane = Image.fromarray(np.ascontiguousarray(planes[(..., *channel)], np.float32))
        result[(..., *channel)] = plane.resize(size[::-1], kind, box=box)
    return result


def box_mean(planes: np.ndarray, radius: int) -> np.ndarray:
    """The mean over the square of 2 radius + 1 pixels around each pixel, as far as it is in the picture; float32."""
    for axis in (0, 1):
        length = planes.shape[axis]
        sums = np.cumsum(planes, axis=axis, dtype=np.float64)
        sums = np.concatenate([np.zeros_like(np.take(sums, [0], axis)), sums], axis=axis)
        place = np.arange(length)
        first, last = np.maximum(place - radius, 0), np.minimum(place + radius + 1, length)
        counts = (last - first).reshape([-1 if a == axis else 1 for a in range(planes.ndim)])
        planes = ((np.take(sums, last, axis) - np.take(sums, first, axis)) / counts).astype(np.float32)
    return planes


def blurred(planes: np.ndarray, radius: float) -> np.ndarray:
    """Blurred by three boxes, nearly a Gaussian of this standard deviation in pixels; float32.

    Large radii are blurred in a reduced size, where nobody sees the difference.
    """
    if radius <= 0:
        return planes.astype(np.float32)
    height, width = planes.shape[:2]
    factor = max(1.0, radius / 6)
    small = max(1, round(height / factor)), max(1, round(width / factor))
    result = resized_planes(planes, small) if factor > 1 else planes.astype(np.float32)
    # Three boxes of side 2 r + 1 have the variance r (r + 1).
    box = max(1, round((np.sqrt(1 + 4 * (radius / factor) ** 2) - 1) / 2))
    for _ in range(3):
        result = box_mean(result, box)
    return resized_planes(result, (height, width)) if factor > 1 else result


def guided_planes(guide: np.ndarray, values: np.ndarray, radius: int, epsilon: float) -> np.ndarray:
    """The linear functions of a colour guide that are nearest to values in the windows around each pixel, averaged.

    He, Sun, Tang: "Guided Image Filtering", TPAMI 2013, section 3.4 (colour guides). As the coefficients are smooth, they may be
    enlarged and used with a larger guide ("Fast Guided Filter", 2015).

    Args:
        guide: (H, W, 3) float32 in [0, 1].
        values: (H, W) float32.
        radius: Of the windows.
        epsilon: How much variance of the guide counts as flat.

    Returns:
        (H, W, 4) float32: the factors of red, green and blue, and what is added.
    """
    mean, mean_values = box_mean(guide, radius), box_mean(values, radius)
    covariance = box_mean(guide * values[..., None], radius) - mean * mean_values[..., None]
    pairs = [(a, b) for a in range(3) for b in range(a, 3)]
    products = box_mean(np.dstack([guide[..., a] * guide[..., b] for a, b in pairs]), radius)
    rr, rg, rb, gg, gb, bb = (
        products[..., number] - mean[..., a] * mean[..., b] + epsilon * (a == b) for number, (a, b) in enumerate(pairs)
    )
    # The inverse of the symmetric matrix by its cofactors: much faster than solving a system for each pixel.
    cofactors = (
        gg * bb - gb * gb,
        gb * rb - rg * bb,
        rg * gb - gg * rb,
        rr * bb - rb * rb,
        rg * rb - rr * gb,
        rr * gg - rg * rg,
    )
    determinant = rr * cofactors[0] + rg * cofactors[1] + rb * cofactors[2]
    r, g, b = (covariance[..., channel] / determinant for channel in range(3))
    c = cofactors
    factors = np.dstack(
        [c[0] * r + c[1] * g + c[2] * b, c[1] * r + c[3] * g + c[4] * b, c[2] * r + c[4] * g + c[5] * b]
    )
    added = mean_values - (factors * mean).sum(-1)
    return box_mean(np.dstack([factors, added]), radius)
