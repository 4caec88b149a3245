"""Scores of a predictor on test sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np

from ..data import imresize, super_resolution_pairs
from ..data.classification import LabelledSet, read_class_folders, read_mnist
from ..inference import ClassificationPredictor, RestorationPredictor
from ..metrics import super_resolution_scores

__all__ = ["accuracy", "evaluate", "find_labelled_set", "find_test_set", "mean_scores"]


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
) -> Iterator[dict[str, Any]]:
    """Enlarges the pictures of a test set, and measures the results and those of bicubic interpolation.

    Args:
        predictor: What is measured.
        high: Folder of high-resolution pictures.
        low: Folder of the low-resolution ones; None: they are made.
        degradation: What makes them, as `paddle_cv.data.Degradation` reads it; None: MATLAB's bicubic reduction.

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
        bicubic = super_resolution_scores(imresize(source, scale), target, scale)
        yield {
            "name": name,
            **super_resolution_scores(result, target, scale),
            **{f"bicubic_{key}": value for key, value in bicubic.items()},
            "result": result,
        }


def mean_scores(rows: Iterable[dict[str, Any]]) -> dict[str, float]:
    """The mean of each score over the pictures; pictures too small for SSIM are left out of its mean."""
    rows = list(rows)
    keys = [key for key in rows[0] if key.endswith(("psnr", "ssim"))]
    return {key: float(np.nanmean([row[key] for row in rows])) for key in keys}


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
