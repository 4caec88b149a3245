"""From the PyTorch layout and naming of a reference implementation to ours."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from paddle import nn

__all__ = ["convert_state"]

_PARAMETER_NAMES = {"running_mean": "_mean", "running_var": "_variance"}


def convert_state(state: Mapping[str, np.ndarray], network: nn.Layer) -> dict[str, np.ndarray]:
    """Names and lays out the state dict of a PyTorch implementation as `network` has it.

    `num_batches_tracked` is left out, the running statistics of batch norm and the slopes of PReLUs get Paddle's names and
    the weights of fully connected layers are transposed. `network.official_key(key)`, where the network has that method,
    renames the rest.

    Args:
        state: Entries with the reference implementation's keys.
        network: The network the entries are for.

    Returns:
        New entries; that they fit is checked when they are loaded.
    """
    linear = {f"{name}.weight" for name, layer in network.named_sublayers() if isinstance(layer, nn.Linear)}
    slopes = {f"{name}.weight" for name, layer in network.named_sublayers() if isinstance(layer, nn.PReLU)}
    rename = getattr(network, "official_key", lambda key: key)
    converted = {}
    for key, value in state.items():
        stem, _, last = key.rpartition(".")
        if last == "num_batches_tracked":
            continue
        if last in _PARAMETER_NAMES:
            key = f"{stem}.{_PARAMETER_NAMES[last]}"
        key = rename(key)
        if key in slopes:
            key = f"{key[: -len('weight')]}_weight"
        converted[key] = value.T if key in linear else value
    return converted
