"""Scores of networks that enlarge, beside those of bicubic interpolation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np

from ...data import Degradation, imresize, read_image, super_resolution_pairs
from ...inference import RestorationPredictor
from ...inference.registry import Option
from ...metrics import super_resolution_scores
from ...models import ModelSpec
from ..evaluation import Example, PictureEvaluation, evaluation, find_test_set

__all__ = ["SuperResolutionEvaluation", "evaluate"]


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


@evaluation("super_resolution")
class SuperResolutionEvaluation(PictureEvaluation):
    """`evaluate` on test sets."""

    about = (
        "Super-resolution: PSNR in dB and SSIM on the luminance of BT.601, with a border of `scale` pixels left out, beside those "
        "of bicubic\ninterpolation. A test set is a folder with `HR` and `LR_bicubic/X<scale>` in it, or any folder of "
        "high-resolution pictures."
    )
    options = (
        Option("low", str, "the low-resolution pictures of a single test set"),
        Option(
            "degradation",
            str,
            "what makes the low-resolution pictures (bicubic): bd, dn, or for instance bicubic+noise:10+jpeg:50",
        ),
        Option(
            "grey_as_rgb",
            bool,
            "measure grey pictures as three equal channels, as some published tables do (+0.09 dB of Set14's mean)",
        ),
    )
    baseline = ("bicubic", {"en": "bicubic", "zh": "双三次插值"})
    setting = "scale"
    example_options = (Option("low", str, "the picture reduced (made by bicubic interpolation)"),)

    def __init__(
        self,
        predictor: RestorationPredictor,
        low: Optional[str] = None,
        degradation: Optional[str] = None,
        grey_as_rgb: bool = False,
    ):
        super().__init__(predictor)
        if low and degradation:
            raise ValueError(
                "a degradation makes the low-resolution pictures, and a folder of such does not go with it"
            )
        if degradation:
            Degradation(degradation)
        self.low, self.degradation, self.grey_as_rgb = low, degradation, grey_as_rgb

    def facts(self) -> dict[str, Any]:
        return {"scale": self.predictor.scale, "degradation": self.degradation, "grey_as_rgb": self.grey_as_rgb}

    def rows(self, folder: Union[str, Path]) -> Iterator[dict[str, Any]]:
        high, low = find_test_set(folder, self.predictor.scale)
        if self.degradation:
            low = None
        return evaluate(self.predictor, high, self.low or low, self.degradation, self.grey_as_rgb)

    @staticmethod
    def published(card: Mapping[str, Any], published: Mapping[str, Any]) -> Iterator[tuple[Mapping, dict[str, list]]]:
        factor = f"x{card['scale']}"
        return ((row, row[factor]) for row in published["rows"] if factor in row)

    @staticmethod
    def names(row: Mapping[str, Any], card: Mapping[str, Any]) -> tuple[str, ...]:
        return (f"{row['model']}_x{card['scale']}",)

    @staticmethod
    def example(spec: ModelSpec, target: np.ndarray, low: Optional[str] = None) -> Example:
        scale = spec.scale
        reduced = read_image(low) if low else imresize(target, 1 / scale)
        if reduced.shape != (target.shape[0] // scale, target.shape[1] // scale, *target.shape[2:]):
            raise ValueError(
                f"{low} has {reduced.shape[:2]} pixels; those of the picture are not {scale} times as many"
            )
        return Example(reduced, "bicubic", imresize(reduced, scale))

    @staticmethod
    def score(spec: ModelSpec, result: np.ndarray, target: np.ndarray) -> dict[str, float]:
        return super_resolution_scores(result, target, spec.scale)
