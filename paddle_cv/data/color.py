"""The colour space in which super-resolution is measured."""

from __future__ import annotations

import numpy as np

__all__ = ["LUMINANCE", "rgb_to_y", "rgb_to_ycbcr", "ycbcr_to_rgb"]

#: Weights of R, G and B in a grey picture of full swing (BT.601), with which Pillow makes grey pictures as well.
LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)

# ITU-R BT.601 with the swing of studio video, as MATLAB's rgb2ycbcr: Y in 16-235, Cb and Cr in 16-240.
_MATRIX = np.array([[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]]) / 255
_OFFSET = np.array([16.0, 128.0, 128.0])


def rgb_to_ycbcr(rgb: np.ndarray) -> np.ndarray:
    """(..., 3) RGB in 0-255, any dtype -> float64 YCbCr, Y in 16-235, not rounded."""
    return np.asarray(rgb, np.float64) @ _MATRIX.T + _OFFSET


def ycbcr_to_rgb(ycbcr: np.ndarray) -> np.ndarray:
    """Inverse of `rgb_to_ycbcr`: float64, not clipped."""
    return (np.asarray(ycbcr, np.float64) - _OFFSET) @ np.linalg.inv(_MATRIX).T


def rgb_to_y(image: np.ndarray) -> np.ndarray:
    """Luminance of a picture: (..., 3) RGB in 0-255 -> (...) float64 in 16-235, not rounded."""
    return np.asarray(image, np.float64) @ _MATRIX[0] + _OFFSET[0]
