"""MATLAB's `imresize`, the function that made the low-resolution pictures of all published super-resolution benchmarks.

Bicubic interpolation (Keys 1981, a = -0.5) whose kernel is widened by the factor of reduction, so that reducing a picture
does not alias. Neither OpenCV nor Pillow computes the same, and a network trained or measured with theirs scores
differently.
"""

from __future__ import annotations

import math
from typing import Optional, Union

import numpy as np

__all__ = ["imresize"]


def _cubic(x: np.ndarray) -> np.ndarray:
    x = np.abs(x)
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, near, np.where(x <= 2, far, 0.0))


def _taps(in_length: int, out_length: int, scale: float, antialias: bool) -> tuple[np.ndarray, np.ndarray]:
    """Which input places (out_length, taps) contribute to each output place, and their weights."""
    stretch = min(scale, 1.0) if antialias else 1.0
    width = 4.0 / stretch
    centre = (np.arange(out_length) + 0.5) / scale - 0.5
    places = np.floor(centre - width / 2)[:, None] + np.arange(math.ceil(width) + 2)
    weights = _cubic(stretch * (centre[:, None] - places))
    weights /= weights.sum(axis=1, keepdims=True)
    used = np.any(weights != 0, axis=0)
    # Beyond its edge the picture is continued by its mirror image, the edge pixel included.
    mirrored = np.concatenate([np.arange(in_length), np.arange(in_length)[::-1]])
    return mirrored[places[:, used].astype(np.int64) % (2 * in_length)], weights[:, used]


def _resize_axis(image: np.ndarray, axis: int, out_length: int, scale: float, antialias: bool) -> np.ndarray:
    places, weights = _taps(image.shape[axis], out_length, scale, antialias)
    image = np.moveaxis(image, axis, 0)
    result = np.zeros((out_length, *image.shape[1:]))
    for tap in range(places.shape[1]):
        result += weights[:, tap].reshape(-1, *[1] * (image.ndim - 1)) * image[places[:, tap]]
    return np.moveaxis(result, 0, axis)


def imresize(
    image: np.ndarray,
    scale: Optional[float] = None,
    size: Optional[tuple[int, int]] = None,
    antialias: bool = True,
) -> np.ndarray:
    """Resizes a picture as MATLAB's `imresize(image, scale)` or `imresize(image, size)` does.

    Args:
        image: (H, W) or (H, W, C), uint8, uint16 or float of any range.
        scale: Factor for both sides; the result has ceil(scale * side) pixels.
        size: (height, width) of the result instead.
        antialias: Widen the kernel when reducing.

    Returns:
        The picture in the dtype of `image`; integers are rounded and clipped to their range after each of the two
        passes, as MATLAB does it. float32 and float64 come back unclipped.

    Raises:
        ValueError: Not exactly one of `scale` and `size`, one that is not positive, an empty picture, or a wrong shape.
        TypeError: Another dtype.
    """
    image = np.asarray(image)
    if image.ndim not in (2, 3) or 0 in image.shape:
        raise ValueError(f"imresize takes pictures of shape (H, W) or (H, W, C) with pixels in them, not {image.shape}")
    if image.dtype not in (np.uint8, np.uint16, np.float32, np.float64):
        raise TypeError(f"imresize takes uint8, uint16, float32 or float64, not {image.dtype}")
    if (scale is None) == (size is None):
        raise ValueError("imresize takes either scale or size")
    if scale is not None:
        # A rounding error such as 30 * (1 / 3) = 10.000000000000002 must not add a pixel.
        size = tuple(math.ceil(round(scale * side, 9)) for side in image.shape[:2])
        scales = (float(scale), float(scale))
    else:
        scales = tuple(out / side for out, side in zip(size, image.shape[:2]))
    if min(size) < 1 or min(scales) <= 0:
        raise ValueError(f"imresize cannot make a picture of size {size}")
    # MATLAB begins with the axis that shrinks most.
    for axis in sorted((0, 1), key=lambda a: scales[a]):
        result = _resize_axis(image, axis, size[axis], scales[axis], antialias)
        image = _like(result, image.dtype)
    return image


def _like(values: np.ndarray, dtype: Union[np.dtype, type]) -> np.ndarray:
    if np.issubdtype(dtype, np.floating):
        return values.astype(dtype)
    return np.clip(np.floor(values + 0.5), 0, np.iinfo(dtype).max).astype(dtype)
