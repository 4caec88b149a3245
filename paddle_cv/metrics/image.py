"""PSNR and SSIM as the super-resolution papers report them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..data.color import rgb_to_y

__all__ = ["denoising_scores", "mean_score", "psnr", "ssim", "super_resolution_scores"]


def psnr(a: np.ndarray, b: np.ndarray, data_range: float = 255.0) -> float:
    """Peak signal-to-noise ratio in dB; infinite for equal pictures.

    Args:
        a: Picture of any shape.
        b: Picture of the same shape.
        data_range: Largest possible value.

    Raises:
        ValueError: The shapes differ.
    """
    if a.shape != b.shape:
        raise ValueError(f"pictures of different shapes, {a.shape} and {b.shape}")
    error = np.mean((np.asarray(a, np.float64) - np.asarray(b, np.float64)) ** 2)
    return float("inf") if error == 0 else float(10 * np.log10(data_range**2 / error))


def ssim(a: np.ndarray, b: np.ndarray, data_range: float = 255.0) -> float:
    """Structural similarity (Wang, Bovik, Sheikh, Simoncelli 2004): Gaussian window of 11 x 11 and sigma 1.5, inner part.

    Args:
        a: (H, W), both sides at least 11.
        b: (H, W).
        data_range: Largest possible value.

    Raises:
        ValueError: The shapes differ or a side is shorter than the window.
    """
    from skimage.metrics import structural_similarity

    return float(
        structural_similarity(
            np.asarray(a, np.float64),
            np.asarray(b, np.float64),
            data_range=data_range,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
    )


def mean_score(values: Iterable[float]) -> float:
    """The mean over pictures. Those that say nothing are left out: of flat pictures, which come out as they are, the PSNR is
    infinite; of pictures that are too small, there is no SSIM (NaN).

    Returns:
        The mean of the finite values; where there are none, infinity if that is among them, else NaN.
    """
    values = np.asarray(list(values), float)
    finite = values[np.isfinite(values)]
    if finite.size:
        return float(finite.mean())
    return float("inf") if np.isposinf(values).any() else float("nan")


def super_resolution_scores(
    result: np.ndarray, target: np.ndarray, scale: int, grey_as_rgb: bool = False
) -> dict[str, float]:
    """PSNR in dB and SSIM on the luminance Y of BT.601 (16-235, not rounded), `scale` pixels of border left out.

    Published tables differ in the grey picture `bridge` of Set14. MATLAB programs take a picture of one channel for its own
    luminance, in 0-255. Programs that read all pictures as RGB compress it to 16-235, like all others, and it gets 1.3 dB more:
    0.09 dB of the mean over Set14. docs/published.json says which rows are made in which way; of most that is unknown, and a
    difference of less than 0.1 dB between two rows may be this one.

    Args:
        result: (H, W, 3) or (H, W) uint8.
        target: The same shape.
        scale: Enlargement factor, the width of the border.
        grey_as_rgb: Take a picture of one channel for three equal ones.

    Returns:
        {"psnr": ..., "ssim": ...}; the SSIM is NaN where the picture is smaller than its window.

    Raises:
        ValueError: The shapes differ or nothing is left inside the border.
    """
    if result.shape != target.shape:
        raise ValueError(f"pictures of different shapes, {result.shape} and {target.shape}")
    images = (np.dstack([image] * 3) if grey_as_rgb and image.ndim == 2 else image for image in (result, target))
    luminances = (image if image.ndim == 2 else rgb_to_y(image) for image in images)
    a, b = (y[scale:-scale, scale:-scale] for y in luminances)
    if a.size == 0:
        raise ValueError(f"a picture of {result.shape[:2]} has nothing inside a border of {scale}")
    return {"psnr": psnr(a, b), "ssim": ssim(a, b) if min(a.shape) >= 11 else float("nan")}


def denoising_scores(result: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """PSNR in dB of all grey or RGB values, and SSIM of the grey values or the luminance Y.

    Args:
        result: (H, W, 1) or (H, W, 3) uint8.
        target: The same shape.

    Returns:
        {"psnr": ..., "ssim": ...}; the SSIM is NaN where the picture is smaller than its window.

    Raises:
        ValueError: The shapes differ.
    """
    a, b = (image[..., 0] if image.shape[2] == 1 else rgb_to_y(image) for image in (result, target))
    return {"psnr": psnr(result, target), "ssim": ssim(a, b) if min(a.shape) >= 11 else float("nan")}
