"""Scores of a predictor on test sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np

from ..data import denoising_pairs, imresize, super_resolution_pairs
from ..data.classification import LabelledSet, read_class_folders, read_mnist
from ..inference import ClassificationPredictor, RestorationPredictor
from ..metrics import denoising_scores, mean_score, super_resolution_scores
from ..pictures import Picture

__all__ = [
    "accuracy",
    "evaluate",
    "evaluate_denoising",
    "find_labelled_set",
    "find_test_set",
    "mean_scores",
    "measure",
]


def find_test_set(folder: Union[str, Path], scale: int) -> tuple[Path, Optional[Path]]:
    """The folders of high- and low-resolution pictures of a test set.

    `HR` and `LR_bicubic/X<scale>` below the folder, where they exist; else the folder itself is the high resolution, and
    the low resolution is made from it.
    """
    folder = Path(folder)
    if not (folder / "HR").is_dir():
        return folder, None
    low = folder / "LR_bicubic" / f"X{scale}"
    return folder / "HR", low if low.is_dir() else None


def evaluate(
    predictor: RestorationPredictor,
    high: Union[str, Path],
    low: Optional[Union[str, Path]] = None,
    degradation: Optional[str] = None,
    grey_as_rgb: bool = False,
) -> Iterator[dict[str, Any]]:
    """Enlarges the pictures of a test set, and measures the results and those of bicubic interpolation.

    Args:
        predictor: What is measured.
        high: Folder of high-resolution pictures.
        low: Folder of the low-resolution ones; None: they are made.
        degradation: What makes them, as `paddle_cv.data.Degradation` reads it; None: MATLAB's bicubic reduction.
        grey_as_rgb: Measure grey pictures as `super_resolution_scores` explains.

    Yields:
        {"name", "psnr", "ssim", "bicubic_psnr", "bicubic_ssim", "result"}: PSNR in dB and SSIM on Y as
        `paddle_cv.metrics.super_resolution_scores` has them, and the result, uint8.

    Raises:
        FileNotFoundError: A folder or the low-resolution partner of a picture is missing.
        ValueError: A picture cannot be read, or a pair does not fit together, there is no such degradation, or it
            does not go with `low`.
    """
    scale = predictor.scale
    for name, source, target in super_resolution_pairs(high, scale, low, degradation):
        result = predictor.predict(source)
        bicubic = super_resolution_scores(imresize(source, scale), target, scale, grey_as_rgb)
        yield {
            "name": name,
            **super_resolution_scores(result, target, scale, grey_as_rgb),
            **{f"bicubic_{key}": value for key, value in bicubic.items()},
            "result": result,
        }


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


def measure(
    predictor: Union[ClassificationPredictor, RestorationPredictor],
    folder: Union[str, Path],
    noise_level: Optional[float] = None,
) -> dict[str, float]:
    """What a predictor scores on one test set: the accuracy of a classifier, or else the means of `evaluate` or
    `evaluate_denoising`.

    Raises:
        FileNotFoundError, ValueError: As the functions for the tasks.
    """
    if predictor.spec.task == "classification":
        return {"accuracy": accuracy(predictor, find_labelled_set(folder))}
    if predictor.spec.task == "denoising":
        return mean_scores(evaluate_denoising(predictor, folder, noise_level))
    return mean_scores(evaluate(predictor, *find_test_set(folder, predictor.scale)))


def mean_scores(rows: Iterable[dict[str, Any]]) -> dict[str, float]:
    """The mean of each score over the pictures for which there is one (`mean_score`)."""
    rows = list(rows)
    keys = [key for key in rows[0] if key.endswith(("psnr", "ssim"))]
    return {key: mean_score(row[key] for row in rows) for key in keys}


def find_labelled_set(folder: Union[str, Path]) -> LabelledSet:
    """The test set of a classifier: MNIST's published files, or a folder `val` with a folder for each class.

    Raises:
        FileNotFoundError: Neither is in the folder.
    """
    if any(Path(folder).glob("t10k-*-ubyte.gz")):
        return read_mnist(folder, train=False)
    return read_class_folders(folder, train=False)


def accuracy(predictor: ClassificationPredictor, data: LabelledSet, batch_size: int = 16) -> float:
    """The part of the pictures whose most probable class is right, in [0, 1].

    Raises:
        ValueError: The predictor has no name for some class of the data.
        PredictionErrors: Some pictures cannot be read.
    """
    unknown = sorted(set(data.classes) - set(predictor.names))
    if unknown:
        raise ValueError(f"{predictor.spec.name} knows no class {', '.join(unknown)}")
    named = predictor.predict(list(data.pictures), top_k=1, batch_size=batch_size)
    return float(np.mean([result.label == data.classes[label] for result, label in zip(named, data.labels)]))
