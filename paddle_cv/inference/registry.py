"""Which predictor does which task, and what predictors can be told.

A file of this folder registers its predictor by the decorator `predictor`; the files are found by themselves, so that a new
task is a new file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..models import ModelSpec
from ..models.discovery import Table

__all__ = ["Option", "Score", "predictor", "predictor_class", "predictors"]


@dataclass(frozen=True)
class Option:
    """A keyword argument of a predictor, from which programs make a flag and servers a key.

    Attributes:
        name: The argument.
        kind: The type of its value; a `bool` is a switch.
        help: What it is for, and in parentheses what holds without it.
        least: The smallest value.
        at_start: It is an argument of the predictor itself, and not of `predict`.
        needs: The extra input of networks that it is for; None: it is for all.
        preset: What pages and servers begin with; None: they do not have it.
        most, step: The largest value, and the distance of those that a page offers.
        label: By language, what pages and servers call it.
    """

    name: str
    kind: type
    help: str
    least: float | None = None
    at_start: bool = False
    needs: str | None = None
    preset: Any = None
    most: float | None = None
    step: float | None = None
    label: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def flag(self) -> str:
        """As programs spell it."""
        return "--" + self.name.replace("_", "-")

    def applies(self, spec: ModelSpec) -> bool:
        """Whether a page or a server has it for a network."""
        return self.preset is not None and not self.at_start and self.needs in (None, *spec.extra_inputs)

    def title(self, language: str) -> str:
        """What it is called."""
        return self.label.get(language) or self.name.replace("_", " ").capitalize()

    @property
    def schema(self) -> dict[str, Any]:
        """Its JSON Schema."""
        kinds = {bool: "boolean", int: "integer", float: "number", str: "string"}
        limits = {"minimum": self.least, "maximum": self.most}
        return {
            "type": kinds[self.kind],
            **{key: limit for key, limit in limits.items() if limit is not None},
            "default": self.preset,
            "description": f"{self.title('en')}.",
        }

    def read(self, text: str) -> Any:
        """A value from a command line.

        Raises:
            ValueError: It is no such value, or too small.
        """
        value = self.kind(text)
        if self.least is not None and not value >= self.least:
            raise ValueError(f"{text} is less than {self.least:g}")
        return value


@dataclass(frozen=True)
class Score:
    """What networks of a task are measured by; more is better.

    Attributes:
        digits: Of those after the point, in reports.
        unit: Of what reports say, with a space before it.
        factor: What the value is multiplied by for that.
        tolerance: How far below its card the score of shipped weights may fall; None: it is not looked at.
        heading: By language, its line on cards, with a place for the test set; cards without tell of it in tables.
    """

    digits: int = 4
    unit: str = ""
    factor: float = 1
    tolerance: float | None = None
    heading: Mapping[str, str] = field(default_factory=dict)

    def text(self, value: float, digits: int | None = None) -> str:
        """A value as reports have it."""
        return f"{value * self.factor:.{self.digits if digits is None else digits}f}{self.unit}"


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
