"""From the PyTorch layout and naming of a reference implementation to ours."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from paddle import nn

from ..models.layers import STORED

__all__ = ["convert_state", "rename_entries"]

_BATCH_NORM = {"running_mean": "_mean", "running_var": "_variance"}


def rename_entries(state: Mapping[str, np.ndarray], network: type) -> dict[str, np.ndarray]:
    """Names of a PyTorch implementation as far as they can be translated without a built network.

    `num_batches_tracked` is left out, the running statistics of batch norm get Paddle's names, and the static method
    `official_key(key)` of the network, where it has one, renames the rest.
    """
    rename = getattr(network, "official_key", lambda key: key)
    renamed = {}
    for key, value in state.items():
        stem, _, last = key.rpartition(".")
        if last == "num_batches_tracked":
            continue
        if key.startswith(STORED):
            renamed[key] = value
            continue
        renamed[rename(f"{stem}.{_BATCH_NORM[last]}" if last in _BATCH_NORM else key)] = value
    return renamed


def convert_state(state: Mapping[str, np.ndarray], network: nn.Layer) -> dict[str, np.ndarray]:
    """Names and lays out the state dict of a PyTorch implementation as `network` has it.

    Beside what `rename_entries` does, the slopes of PReLUs get Paddle's names and the weights of fully connected layers are
    transposed.

    Args:
        state: Entries with the reference implementation's keys.
        network: The network the entries are for.

    Returns:
        New entries; that they fit is checked when they are loaded.
    """
    linear = {f"{name}.weight" for name, layer in network.named_sublayers() if isinstance(layer, nn.Linear)}
    slopes = {f"{name}.weight" for name, layer in network.named_sublayers() if isinstance(layer, nn.PReLU)}
    converted = {}
    for key, value in rename_entries(state, type(network)).items():
        if key in slopes:
            key = f"{key[: -len('weight')]}_weight"
        converted[key] = value.T if key in linear else value
    return converted
