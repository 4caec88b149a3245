"""Which predictor does which task, and what predictors can be told.

A file of this folder registers its predictor by the decorator `predictor`; the files are found by themselves, so that a new
task is a new file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..models.discovery import Table

__all__ = ["Option", "predictor", "predictor_class", "predictors"]


@dataclass(frozen=True)
class Option:
    """A keyword argument of a predictor, from which programs make a flag and servers a key.

    Attributes:
        name: The argument.
        kind: The type of its value; a `bool` is a switch.
        help: What it is for, and in parentheses what holds without it.
        least: The smallest value.
        at_start: It is an argument of the predictor itself, and not of `predict`.
    """

    name: str
    kind: type
    help: str
    least: float | None = None
    at_start: bool = False

    @property
    def flag(self) -> str:
        """As programs spell it."""
        return "--" + self.name.replace("_", "-")

    def read(self, text: str) -> Any:
        """A value from a command line.

        Raises:
            ValueError: It is no such value, or too small.
        """
        value = self.kind(text)
        if self.least is not None and not value >= self.least:
            raise ValueError(f"{text} is less than {self.least:g}")
        return value


#: The decorator that makes a class the predictor of tasks: `paddle_cv.load` calls it with a network, its spec, an engine and a
#: device. Of tasks that share one, the page and the help speak together.
predictor: Table[str] = Table(__package__)


def predictors() -> dict[str, type]:
    """The predictor of each task."""
    return predictor.all()


def predictor_class(task: str) -> type:
    """The predictor of a task.

    Raises:
        ValueError: There is none.
    """
    kind = predictor.get(task)
    if kind is None:
        raise ValueError(
            f"no predictor does {task.replace('_', ' ')}; there are some for {', '.join(sorted(predictors()))}"
        )
    return kind
