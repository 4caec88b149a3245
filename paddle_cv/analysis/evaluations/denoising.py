"""Scores of denoisers, beside those of what they get."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np

from ...data import Degradation, denoising_pairs
from ...inference import RestorationPredictor
from ...inference.registry import Option
from ...metrics import denoising_scores
from ...models import ModelSpec
from ...pictures import Picture
from ..evaluation import Example, PictureEvaluation, evaluation, find_test_set

__all__ = ["DenoisingEvaluation", "evaluate_denoising"]


def evaluate_denoising(
    predictor: RestorationPredictor,
    folder: Union[str, Path],
    noise_level: Optional[float] = None,
    degradation: Optional[str] = None,
) -> Iterator[dict[str, Any]]:
    """Denoises the pictures of a test set, which get the same noise each time, and measures the results and the noisy pictures.

    As in the papers, the network gets the noisy values as they are, neither rounded nor clipped to [0, 255].

    Args:
        predictor: What is measured; of networks for one channel, pictures in colour are taken as grey ones.
        folder: Clean pictures, or a folder with `HR` in it.
        noise_level: Standard deviation of the Gaussian noise, of 255.
        degradation: Takes the place of the noise, as `paddle_cv.data.Degradation` reads it: `jpeg:30`, for instance.

    Yields:
        {"name", "psnr", "ssim", "noisy_psnr", "noisy_ssim", "result"}: PSNR in dB and SSIM as
        `paddle_cv.metrics.denoising_scores` has them, and the result, uint8.

    Raises:
        FileNotFoundError: The folder is missing or has no picture in it.
        ValueError: Not one of `noise_level` and `degradation` is given, a picture cannot be read, or there is no such
            degradation.
    """
    if (noise_level is None) == (degradation is None):
        raise ValueError(f"{predictor.spec.name}: give either a noise level (of 255) or a degradation")
    grey = predictor.spec.in_channels == 1
    conditions = {"noise_level": noise_level} if "sigma" in predictor.spec.extra_inputs else {}
    folder, _ = find_test_set(folder, 1)
    for name, noisy, clean in denoising_pairs(folder, noise_level, grey, degradation=degradation):
        picture = Picture(noisy[..., 0] if grey else noisy, None, name, "array")
        result = predictor.restore(picture, **conditions).color.reshape(clean.shape)
        result, noisy = (np.rint(values.clip(0, 1) * 255).astype(np.uint8) for values in (result, noisy))
        before = {f"noisy_{key}": value for key, value in denoising_scores(noisy, clean).items()}
        yield {"name": name, **denoising_scores(result, clean), **before, "result": result}


@evaluation("denoising")
class DenoisingEvaluation(PictureEvaluation):
    """`evaluate_denoising` on test sets, without a degradation at the noise level that a network is registered for."""

    about = (
        "Denoising: PSNR in dB and SSIM beside those of the noisy pictures. A test set is a folder of clean pictures."
    )
    options = (
        Option("degradation", str, "for denoisers what takes the place of the noise: jpeg:30"),
        Option("noise_level", float, "standard deviation of the noise, of 255 (what the weights are for)"),
    )
    on_cards = ("noise_level",)
    baseline = ("noisy", {"en": "noisy", "zh": "含噪图片"})
    setting = "noise_level"
    example_options = (Option("noise_level", float, "for denoisers: of the noise that is added, of 255"),)

    def __init__(
        self,
        predictor: RestorationPredictor,
        noise_level: Optional[float] = None,
        degradation: Optional[str] = None,
    ):
        super().__init__(predictor)
        if degradation and noise_level is not None:
            raise ValueError("a degradation takes the place of the noise, and a noise level does not go with it")
        if degradation:
            Degradation(degradation)
        elif noise_level is None:
            noise_level = predictor.spec.hyperparameters.get("noise_level")
        self.noise_level, self.degradation = noise_level, degradation

    def facts(self) -> dict[str, Any]:
        return {"noise_level": self.noise_level, "degradation": self.degradation}

    def rows(self, folder: Union[str, Path]) -> Iterator[dict[str, Any]]:
        return evaluate_denoising(self.predictor, folder, self.noise_level, self.degradation)

    @staticmethod
    def published(card: Mapping[str, Any], published: Mapping[str, Any]) -> Iterator[tuple[Mapping, dict[str, list]]]:
        level = f"{card['noise_level']:g}"
        for row in published["denoising"]:
            if level in row:
                yield row, {name: [psnr, None] for name, psnr in row[level].items()}

    @staticmethod
    def names(row: Mapping[str, Any], card: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(f"{row['model']}_s{card['noise_level']:g}{suffix}" for suffix in ("", "_merged"))

    @staticmethod
    def example(spec: ModelSpec, target: np.ndarray, noise_level: Optional[float] = None) -> Example:
        """The same noise each time."""
        if noise_level is None:
            raise ValueError("--noise_level is needed: the standard deviation of the noise to add, of 255")
        noise = np.random.default_rng(0).normal(0, noise_level, target.shape)
        noisy = np.rint(target + noise).clip(0, 255).astype(np.uint8)
        return Example(noisy, f"noise {noise_level:g}", noisy)

    @staticmethod
    def score(spec: ModelSpec, result: np.ndarray, target: np.ndarray) -> dict[str, float]:
        return denoising_scores(np.atleast_3d(result), np.atleast_3d(target))
