"""Measures of picture quality."""

from .image import denoising_scores, mean_score, psnr, ssim, super_resolution_scores

__all__ = ["denoising_scores", "mean_score", "psnr", "ssim", "super_resolution_scores"]
