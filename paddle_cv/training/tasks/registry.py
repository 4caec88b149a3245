"""Which kind of training each task has; a file of this folder registers its own by the decorator `training_task`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import TypeVar

__all__ = ["task_class", "training_task"]

T = TypeVar("T", bound=type)

_CLASSES: dict[tuple[str, bool], type] = {}


def training_task(*tasks: str, adversarial: bool = False) -> Callable[[T], T]:
    """Makes a class the one that trains networks of these tasks, alone or against a discriminator."""

    def register(kind: T) -> T:
        for task in tasks:
            _CLASSES[task, adversarial] = kind
        return kind

    return register


def task_class(task: str, adversarial: bool = False) -> type:
    """The class that trains networks of a task.

    Raises:
        ValueError: There is none.
    """
    package = importlib.import_module(__package__)
    for module in pkgutil.iter_modules(package.__path__, f"{__package__}."):
        importlib.import_module(module.name)
    if (task, adversarial) not in _CLASSES:
        how = " against a discriminator" if adversarial else ""
        known = ", ".join(sorted(name for name, against in _CLASSES if against == adversarial))
        raise ValueError(f"networks for {task.replace('_', ' ')} are not trained{how}; those for {known} are")
    return _CLASSES[task, adversarial]
