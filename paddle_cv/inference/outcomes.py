"""One result for each of several pictures, of which some may fail."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..pictures.display import ResultList
from ..pictures.images import ImageError

__all__ = ["PredictionErrors", "gather"]


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
