"""What a weight file of a classifier says of itself: the names of its classes, and the data set that it was trained on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import numpy as np

from ..models.layers import STORED

__all__ = ["CLASS_NAMES", "LABELS", "class_names", "trained_labels", "with_class_names"]

#: The entry: the JSON list of the names as bytes, (length,) uint8. Entries that begin so are left alone when weights are loaded.
CLASS_NAMES = STORED + "class_names"
#: The entry: which of `paddle_cv.data.LABELS` the weights were trained on, as bytes; there is none for pictures of one's own.
LABELS = STORED + "labels"


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


def trained_labels(state: Mapping[str, Any]) -> Optional[str]:
    """The published data set that the weights of a state dict were trained on; None where it names none."""
    return np.asarray(state[LABELS], np.uint8).tobytes().decode("ascii", "replace") if LABELS in state else None


def with_class_names(state: Mapping[str, Any], names: Sequence[str], labels: Optional[str] = None) -> dict[str, Any]:
    """The state dict with the names of its classes added; `save_state` saves it, `class_names` reads them.

    Args:
        state: Weights of a classifier.
        names: One name for each class, in the order of the outputs.
        labels: Which of `paddle_cv.data.LABELS` the weights were trained on; None for pictures of one's own. `trained_labels` reads
            it.

    Raises:
        ValueError: No names, something else than text, or a name that occurs twice.
    """
    text = json.dumps(_checked(list(names)), ensure_ascii=False)
    entries = {CLASS_NAMES: text} if labels is None else {CLASS_NAMES: text, LABELS: labels}
    return {**state, **{key: np.frombuffer(value.encode("utf-8"), np.uint8).copy() for key, value in entries.items()}}


def _checked(names: Any) -> list[str]:
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError("class names are a list of texts")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"class names that occur twice: {', '.join(twice)}")
    return names
