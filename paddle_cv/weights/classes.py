"""Names of the classes inside a weight file, so that a network trained for other classes can say what it sees."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import numpy as np

from ..models.layers import STORED

__all__ = ["CLASS_NAMES", "class_names", "with_class_names"]

#: The entry: the JSON list of the names as bytes, (length,) uint8. Entries that begin so are left alone when weights are loaded.
CLASS_NAMES = STORED + "class_names"


def class_names(state: Mapping[str, Any]) -> Optional[list[str]]:
    """The names of the classes that a state dict carries, in the order of the network's outputs; None where it carries none.

    Raises:
        ValueError: The entry is damaged.
    """
    if CLASS_NAMES not in state:
        return None
    try:
        names = json.loads(np.asarray(state[CLASS_NAMES], np.uint8).tobytes())
        return _checked(names)
    except (ValueError, TypeError) as error:
        raise ValueError(f"the class names of these weights ({CLASS_NAMES}) cannot be read: {error}") from error


def with_class_names(state: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The state dict with the names of its classes added; `save_state` saves it, `class_names` reads them.

    Args:
        state: Weights of a classifier.
        names: One name for each class, in the order of the outputs.

    Raises:
        ValueError: No names, something else than text, or a name that occurs twice.
    """
    text = json.dumps(_checked(list(names)), ensure_ascii=False)
    return {**state, CLASS_NAMES: np.frombuffer(text.encode("utf-8"), np.uint8).copy()}


def _checked(names: Any) -> list[str]:
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError("class names are a list of texts")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"class names that occur twice: {', '.join(twice)}")
    return names
