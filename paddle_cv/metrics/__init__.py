"""Measures of picture quality."""

from .image import psnr, ssim, super_resolution_scores

__all__ = ["psnr", "ssim", "super_resolution_scores"]
