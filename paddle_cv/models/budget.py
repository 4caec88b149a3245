"""A limit to what a network takes that is built as a file says: a few bytes can name any number of layers and features."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from paddle import nn

__all__ = ["TooLarge", "building_for"]

# A file may lack heads that only training uses, GoogLeNet's for instance, which has as many parameters in them as without.
_FACTOR = 2
# What any file may have in parameters, and in numbers of theirs.
_PARAMETERS, _NUMBERS = 1000, 2**24

_lock = threading.RLock()


class TooLarge(ValueError):
    """A network that would be far larger than the weights that it is built for."""


@contextmanager
def building_for(state: Mapping[str, np.ndarray]) -> Iterator[None]:
    """While it lasts, this thread builds no network that is much larger than these weights.

    Every parameter is counted before memory is taken for it.

    Raises:
        TooLarge: By whatever builds such a network.
    """
    parameters = _FACTOR * len(state) + _PARAMETERS
    numbers = _FACTOR * sum(value.size for value in state.values()) + _NUMBERS
    thread, count, size = threading.get_ident(), 0, 0

    def counted(layer: nn.Layer, shape: Any, *arguments: Any, **options: Any) -> Any:
        nonlocal count, size
        if threading.get_ident() == thread:
            count, size = count + 1, size + math.prod(int(side) for side in shape)
            if count > parameters or size > numbers:
                raise TooLarge(
                    "names and shapes of the entries are of a network that is far larger than the weights in it"
                )
        return create(layer, shape, *arguments, **options)

    with _lock:
        create = nn.Layer.create_parameter
        nn.Layer.create_parameter = counted
        try:
            yield
        finally:
            nn.Layer.create_parameter = create
