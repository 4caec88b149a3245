"""The weights that a run starts from."""

from __future__ import annotations

from pathlib import Path

from ..models import ModelSpec, model_spec
from ..weights import pretrained_weights

__all__ = ["find_weights"]

_WAYS_OUT = "-o model.weights=FILE starts from a file, -o model.weights=null from random weights"


def find_weights(weights: str) -> tuple[Path, ModelSpec | None]:
    """The file that `model.weights` means; weights that somebody publishes are fetched, once.

    Args:
        weights: A file, or the name of a network.

    Returns:
        The file, and the network that was named.

    Raises:
        FileNotFoundError: There is neither such a file nor such a network, or its weights cannot be had; the message has the ways
            out.
    """
    path = Path(weights)
    if path.exists():
        return path, None
    try:
        spec = model_spec(weights)
    except KeyError as error:
        unknown = "" if path.suffix or len(path.parts) > 1 else f": {error.args[0]}"
        raise FileNotFoundError(f"model.weights: there is no file {weights}{unknown}. {_WAYS_OUT}") from None
    try:
        return pretrained_weights(spec), spec
    except FileNotFoundError as error:
        raise FileNotFoundError(f"model.weights: {error}\n{_WAYS_OUT}") from error
