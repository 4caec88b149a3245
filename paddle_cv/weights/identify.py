"""Weight files whose names may be ours or those of a reference implementation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Union

import numpy as np
from paddle import nn

from ..models import ModelSpec, detect_model
from .files import read_state
from .official import convert_state

__all__ = ["identify", "read_weights"]


def _fits(state: Mapping[str, np.ndarray], network: nn.Layer) -> bool:
    return {key: list(value.shape) for key, value in state.items()} == {
        key: list(value.shape) for key, value in network.state_dict().items()
    }


def read_weights(path: Union[str, Path], network: nn.Layer) -> dict[str, np.ndarray]:
    """Reads a file for a given network; names and layouts of the reference implementation are converted.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It cannot be read as weights.
    """
    state = read_state(path)
    return state if _fits(state, network) else convert_state(state, network)


def identify(path: Union[str, Path]) -> tuple[ModelSpec, dict[str, np.ndarray]]:
    """Finds the network that a file belongs to.

    Returns:
        Its specification, and the entries under our names.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It cannot be read as weights, or no network known here has such entries.
    """
    state = read_state(path)
    spec = detect_model({key: list(value.shape) for key, value in state.items()})
    if spec is None:
        raise ValueError(f"{path} holds weights of no network known here; its first entries are {list(state)[:5]}")
    return spec, state
