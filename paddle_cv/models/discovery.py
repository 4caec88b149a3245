"""How the parts of the library find what each task has: files that are found by folder and register what they hold."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

__all__ = ["Table", "import_modules"]

K = TypeVar("K", bound=Hashable)
T = TypeVar("T", bound=type)


def import_modules(package: str) -> None:
    """Imports all modules of a package; its own `__init__.py` may ask for it."""
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
        importlib.import_module(module.name)


class Table(Generic[K]):
    """A class for each task, which its own file puts here: the table is a decorator.

    Args:
        package: The package whose modules use the decorator.
    """

    def __init__(self, package: str):
        self._package, self._kinds = package, dict[K, type]()

    def __call__(self, *keys: K) -> Callable[[T], T]:
        """Makes a class the one for these keys.

        Raises:
            ValueError: A key has one already.
        """

        def register(kind: T) -> T:
            for key in keys:
                if key in self._kinds:
                    raise ValueError(f"there are two for {key}: {self._kinds[key].__name__}, {kind.__name__}")
                self._kinds[key] = kind
            return kind

        return register

    def all(self) -> dict[K, type]:
        """The class for each key."""
        import_modules(self._package)
        return dict(self._kinds)

    def get(self, key: K) -> type | None:
        """The class for a key; None where there is none."""
        return self._kinds.get(key) or self.all().get(key)
