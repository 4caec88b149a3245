"""One result for each of several pictures, of which some may fail."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..pictures.display import ResultList
from ..pictures.images import ImageError

__all__ = ["NotFinite", "PredictionErrors", "check_finite", "gather"]


class NotFinite(ArithmeticError):
    """A network's result is no number, or infinite: as integers it would be a black picture, and nobody would know."""

    def __init__(self) -> None:
        super().__init__(
            "the network's result is not finite: its weights are damaged, or the engine's precision too low"
        )


def check_finite(values: np.ndarray) -> None:
    """Raises `NotFinite` where one of a network's floating-point results is NaN or infinite."""
    if not np.isfinite(values.sum()):  # one number to look at, not all; that of finite ones is finite
        raise NotFinite


class PredictionErrors(ImageError):
    """Some of several pictures failed.

    Attributes:
        results: One entry for each input, in order; None where it failed.
        errors: {index of the input: the exception}.
    """

    def __init__(self, results: list[Any], errors: dict[int, Exception]):
        self.results, self.errors = results, errors
        listed = "\n".join(f"  {error}" for error in errors.values())
        super().__init__(f"{len(errors)} of {len(results)} pictures failed, the others are in .results:\n{listed}")


def gather(outcomes: Iterable[Any]) -> list[Any]:
    """The results in a list, which a notebook shows as a row.

    Raises:
        PredictionErrors: There are exceptions among them; it is raised after the last one.
    """
    results = ResultList()
    errors: dict[int, Exception] = {}
    for index, outcome in enumerate(outcomes):
        failed = isinstance(outcome, Exception)
        results.append(None if failed else outcome)
        if failed:
            errors[index] = outcome
    if errors:
        raise PredictionErrors(results, errors)
    return results
