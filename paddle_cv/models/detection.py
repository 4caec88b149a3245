"""What networks' `detect` methods have in common."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["detector"]


def detector(detect: Callable[[Mapping[str, Sequence[int]]], dict[str, Any] | None]) -> staticmethod:
    """Makes the static method `detect` of a network one that answers None for every state dict that is not the network's.

    It may so look at entries as if all were there, in the shapes that they have in the network.
    """

    @functools.wraps(detect)
    def never_raises(shapes: Mapping[str, Sequence[int]]) -> dict[str, Any] | None:
        try:
            return detect(shapes)
        except (ArithmeticError, LookupError, TypeError, ValueError):
            return None

    return staticmethod(never_raises)
