"""How the networks of a task are measured on test sets; a file of `evaluations` registers that of its task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Optional, Union

import numpy as np

from ..inference.predictor import Predictor
from ..inference.registry import Option, Score, predictors
from ..metrics import mean_score
from ..models import ModelSpec
from ..models.discovery import Table

__all__ = [
    "Evaluation",
    "Example",
    "PictureEvaluation",
    "evaluation",
    "evaluation_class",
    "evaluations",
    "find_test_set",
    "known_scores",
    "mean_scores",
    "measure",
]

#: The decorator that makes a class the `Evaluation` of tasks.
evaluation: Table[str] = Table(f"{__package__}.evaluations")


class Evaluation(ABC):
    """Measures a predictor on test sets; what it measures is declared by the predictor's `scores`.

    Args:
        predictor: What is measured.
        **options: Some of `options`.

    Attributes:
        about: What is measured on which data, for the help of `paddle-cv evaluate`.
        options: What users can set; they become flags of `paddle-cv evaluate`.
        on_cards: Those of `options` that cards have.
        lists_images: Whether users want to see the scores of each image.

    Raises:
        ValueError: Options that do not go together.
    """

    about: ClassVar[str]
    options: ClassVar[Sequence[Option]] = ()
    on_cards: ClassVar[Sequence[str]] = ()
    lists_images: ClassVar[bool] = False

    def __init__(self, predictor: Any):
        self.predictor = predictor

    def facts(self) -> dict[str, Any]:
        """What a report says of the measurement, beside the network and the scores."""
        return {}

    @abstractmethod
    def rows(self, folder: Union[str, Path]) -> Iterator[dict[str, Any]]:
        """Measures image by image.

        Args:
            folder: A test set.

        Yields:
            {"name": ..., each of the scores, "result": the image that was made, uint8, where one was}.

        Raises:
            FileNotFoundError: It is no test set.
            ValueError: An image cannot be used, or does not go with the network.
        """

    def mean(self, rows: Iterable[Mapping[str, Any]]) -> dict[str, float]:
        """The scores of a whole test set."""
        return mean_scores(rows)


class Example(NamedTuple):
    """An image for `paddle-cv compare`: what networks get, and what does without a network."""

    input: np.ndarray
    name: str
    baseline: np.ndarray


class PictureEvaluation(Evaluation):
    """Measures a predictor whose results are compared with images, by PSNR and SSIM, beside what does without a network.

    Attributes:
        baseline: What this is: the beginning of its scores' names, and its names in tables by language.
        setting: The key of cards that says by what networks are grouped in tables.
        example_options: What `example` takes; flags of `paddle-cv compare`.
    """

    lists_images = True
    baseline: ClassVar[tuple[str, Mapping[str, str]]]
    setting: ClassVar[str]
    example_options: ClassVar[Sequence[Option]] = ()

    @staticmethod
    @abstractmethod
    def published(card: Mapping[str, Any], published: Mapping[str, Any]) -> Iterator[tuple[Mapping, dict[str, list]]]:
        """The rows of docs/published.json that a card is compared with, and what each scores: {set: [PSNR, SSIM or None]}."""

    @staticmethod
    @abstractmethod
    def names(row: Mapping[str, Any], card: Mapping[str, Any]) -> tuple[str, ...]:
        """What networks are called that a published row is of."""

    @staticmethod
    @abstractmethod
    def example(spec: ModelSpec, target: np.ndarray, **options: Any) -> Example:
        """What networks get so that their results can be compared with an image, (H, W) or (H, W, 3) uint8.

        Raises:
            ValueError: An option is missing or does not fit.
        """

    @staticmethod
    @abstractmethod
    def score(spec: ModelSpec, result: np.ndarray, target: np.ndarray) -> dict[str, float]:
        """The scores of one result."""


def evaluation_class(task: str) -> type[Evaluation]:
    """The evaluation of a task.

    Raises:
        ValueError: There is none.
    """
    kind = evaluation.get(task)
    if kind is None:
        raise ValueError(
            f"networks for {task.replace('_', ' ')} are not measured; those for {', '.join(evaluations())} are"
        )
    return kind


def evaluations() -> dict[str, type[Evaluation]]:
    """The evaluation of each task that has one."""
    return evaluation.all()


def known_scores() -> dict[str, Score]:
    """All scores that predictors declare, by name."""
    return {name: score for kind in predictors().values() for name, score in kind.scores.items()}


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


def measure(predictor: Predictor, folder: Union[str, Path], **options: Any) -> dict[str, float]:
    """What a predictor scores on one test set.

    Args:
        predictor: What is measured.
        folder: The test set.
        **options: Those of the task's `Evaluation`.

    Raises:
        FileNotFoundError, ValueError: As `Evaluation.rows`; or nothing measures networks of this task.
    """
    by = evaluation_class(predictor.spec.task)(predictor, **options)
    return by.mean(by.rows(folder))


def mean_scores(rows: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """The mean of each score over the images for which there is one (`mean_score`)."""
    rows = [{key: value for key, value in row.items() if key not in ("name", "result")} for row in rows]
    return {key: mean_score(row[key] for row in rows) for key in rows[0]}
