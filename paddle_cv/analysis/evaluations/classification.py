"""The accuracy of classifiers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Union

from ...data.classification import LabelledSet, read_class_folders, read_mnist
from ...inference import ClassificationPredictor
from ..evaluation import Evaluation, evaluation, mean_scores

__all__ = ["ClassificationEvaluation", "accuracy", "find_labelled_set"]


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
    return mean_scores(_rows(predictor, data, batch_size))["accuracy"]


def _rows(predictor: ClassificationPredictor, data: LabelledSet, batch_size: int = 16) -> Iterator[dict[str, Any]]:
    unknown = sorted(set(data.classes) - set(predictor.names))
    if unknown:
        raise ValueError(f"{predictor.spec.name} knows no class {', '.join(unknown)}")
    named = predictor.predict(list(data.pictures), top_k=1, batch_size=batch_size)
    for number, (result, label) in enumerate(zip(named, data.labels)):
        yield {"name": str(number), "accuracy": float(result.label == data.classes[label])}


@evaluation("classification")
class ClassificationEvaluation(Evaluation):
    """The part of the pictures whose most probable class is right."""

    about = "Classification: accuracy. A test set is a folder with MNIST's published files, or with `val/<class>/...` in it."

    def rows(self, folder: Union[str, Path]) -> Iterator[dict[str, Any]]:
        return _rows(self.predictor, find_labelled_set(folder))
