"""Which predictor does which task, and what predictors can be told.

A file of this folder registers its predictor by the decorator `predictor`; the files are found by themselves, so that a new
task is a new file.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

__all__ = ["Option", "predictor", "predictor_class", "predictors"]

P = TypeVar("P", bound=type)

_PREDICTORS: dict[str, type] = {}


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


def predictor(*tasks: str) -> Callable[[P], P]:
    """Makes a class the predictor of tasks: `paddle_cv.load` calls it with a network, its spec, an engine and a device.

    Raises:
        ValueError: A task has one already.
    """

    def register(kind: P) -> P:
        for task in tasks:
            if task in _PREDICTORS:
                raise ValueError(f"there are two predictors for {task}: {_PREDICTORS[task].__name__}, {kind.__name__}")
            _PREDICTORS[task] = kind
        return kind

    return register


def predictors() -> dict[str, type]:
    """The predictor of each task."""
    package = importlib.import_module(__package__)
    for module in pkgutil.iter_modules(package.__path__, f"{__package__}."):
        importlib.import_module(module.name)
    return dict(_PREDICTORS)


def predictor_class(task: str) -> type:
    """The predictor of a task.

    Raises:
        ValueError: There is none.
    """
    known = _PREDICTORS if task in _PREDICTORS else predictors()
    if task not in known:
        raise ValueError(f"no predictor does {task.replace('_', ' ')}; there are some for {', '.join(sorted(known))}")
    return known[task]
