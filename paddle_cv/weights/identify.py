"""Weight files whose names may be ours, those of a reference implementation or those of `paddle.vision.models`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Optional, Union

import numpy as np
from paddle import nn

from ..models import ModelSpec, detect_model, networks
from ..models.layers import STORED
from .classes import CLASS_NAMES
from .files import fits, read_state
from .official import convert_paddle_vision_state, convert_state, rename_entries, to_own_range

__all__ = ["identify", "identify_state", "read_weights"]


def read_weights(path: Union[str, Path], network: nn.Layer, new_layers: Sequence[str] = ()) -> dict[str, np.ndarray]:
    """Reads a file for a given network; names and layouts of other implementations are converted.

    Args:
        path: The file.
        network: The network.
        new_layers: As in `load_weights`.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It cannot be read as weights.
    """
    candidates = list(_conversions(read_state(path), network))
    # Where none fits, loading the last one tells what is wrong.
    found = next((candidate for candidate in candidates if fits(candidate, network, new_layers)), candidates[-1])
    return to_own_range(found, network)


def identify(path: Union[str, Path]) -> tuple[ModelSpec, dict[str, np.ndarray]]:
    """Finds the network that a file belongs to.

    Returns:
        Its specification, and the entries under our names.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It cannot be read as weights, or no network known here has such entries.
    """
    state = read_state(path)
    found = identify_state(state)
    if found is None:
        raise ValueError(f"{path} holds weights of no network known here; its first entries are {list(state)[:5]}")
    return found


def identify_state(state: Mapping[str, np.ndarray]) -> Optional[tuple[ModelSpec, dict[str, np.ndarray]]]:
    """The specification that a state dict belongs to, and the entries under our names; None where there is none."""
    stored = {
        key[len(STORED) :]: int(value) for key, value in state.items() if key.startswith(STORED) and key != CLASS_NAMES
    }
    for network in networks():
        for shapes in _possible_shapes(state, network):
            spec = detect_model(network, shapes, stored)
            if spec is None:
                continue
            built = spec.network(**spec.hyperparameters)
            for candidate in _conversions(state, built):
                if fits(candidate, built):
                    return spec, to_own_range(candidate, built)
    return None


def _conversions(state: Mapping[str, np.ndarray], network: nn.Layer) -> Iterator[Mapping[str, np.ndarray]]:
    """The entries taken for ours, for those of `paddle.vision.models`, and for those of a PyTorch implementation."""
    yield state
    if hasattr(network, "paddle_key"):
        yield convert_paddle_vision_state(state, type(network))
    yield convert_state(state, network)


def _possible_shapes(state: Mapping[str, np.ndarray], network: type) -> Iterator[dict[str, list[int]]]:
    """Shapes of the entries under the names they have, and under the names that other implementations' would get."""
    entries = {key: value for key, value in state.items() if not key.startswith(STORED)}
    from_paddle = convert_paddle_vision_state(entries, network) if hasattr(network, "paddle_key") else entries
    renamed = rename_entries(entries, network)
    # Only a built network tells a PReLU's slopes from other vectors; without one, a vector without a bias is taken for them.
    slopes = {
        f"{key[: -len('weight')]}_weight" if _may_be_slopes(key, renamed) else key: value
        for key, value in renamed.items()
    }
    # Nor does it without one tell a fully connected layer, whose weights PyTorch has the other way round.
    turned = {key: value.T if value.ndim == 2 else value for key, value in slopes.items()}
    seen = []
    for candidate in (entries, from_paddle, renamed, slopes, turned):
        shapes = {key: list(value.shape) for key, value in candidate.items()}
        if shapes not in seen:
            seen.append(shapes)
            yield shapes


def _may_be_slopes(key: str, entries: Mapping[str, np.ndarray]) -> bool:
    stem, _, last = key.rpartition(".")
    return last == "weight" and entries[key].ndim == 1 and f"{stem}.bias" not in entries
