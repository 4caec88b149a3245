"""From the naming and layout of a PyTorch implementation, or of `paddle.vision.models`, to ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from paddle import nn

from ..models.layers import STORED, MeanShift
from ..models.network import Network

__all__ = ["convert_paddle_vision_state", "convert_state", "rename_entries", "to_own_range", "without_prefixes"]

_BATCH_NORM = {"running_mean": "_mean", "running_var": "_variance"}


def without_prefixes(state: Mapping[str, np.ndarray]) -> Iterator[Mapping[str, np.ndarray]]:
    """The state dict, and the same without the names that all its keys begin with.

    They come from programs that keep the network in a field: `model.head.0.weight`, `generator.conv_first.weight`. Names like
    that may also be the network's own.
    """
    while state:
        yield state
        first = {key.partition(".")[0] for key in state}
        if len(first) > 1 or not all("." in key for key in state):
            return
        state = {key.partition(".")[2]: value for key, value in state.items()}


def rename_entries(state: Mapping[str, np.ndarray], network: type) -> dict[str, np.ndarray]:
    """Names of a PyTorch implementation as far as they can be translated without a built network.

    `num_batches_tracked` is left out, the running statistics of batch norm get Paddle's names. The static methods of the network,
    where it has them, do the rest: `official_state(state)` what takes more than one entry to tell, `official_key(key)` the names.
    """
    state = network.official_state(state)
    rename = network.official_key
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


def convert_state(state: Mapping[str, np.ndarray], network: Network) -> dict[str, np.ndarray]:
    """Names and lays out the state dict of a PyTorch implementation as `network` has it.

    Beside what `rename_entries` does, the slopes of PReLUs get Paddle's names, the weights of fully connected layers are
    transposed, and names that all keys begin with are left out where the network has none such.

    Args:
        state: Entries with the reference implementation's keys.
        network: The network the entries are for.

    Returns:
        New entries; that they fit is checked when they are loaded.
    """
    own = network.state_dict().keys()
    candidates = (_converted(entries, network) for entries in without_prefixes(state))
    return max(candidates, key=lambda entries: len(own & entries.keys()), default={})


def _converted(state: Mapping[str, np.ndarray], network: Network) -> dict[str, np.ndarray]:
    linear = {f"{name}.weight" for name, layer in network.named_sublayers() if isinstance(layer, nn.Linear)}
    slopes = {f"{name}.weight" for name, layer in network.named_sublayers() if isinstance(layer, nn.PReLU)}
    converted = {}
    for key, value in rename_entries(state, type(network)).items():
        if key in slopes:
            key = f"{key[: -len('weight')]}_weight"
        converted[key] = value.T if key in linear else value
    return converted


def convert_paddle_vision_state(state: Mapping[str, np.ndarray], network: type) -> dict[str, np.ndarray]:
    """Names the state dict of a network of `paddle.vision.models` as ours; the layouts are the same.

    The static method `paddle_key(key)` of the network, where it has one, renames; `paddle_value(key, value)`, where it has one,
    makes up for layers that compute otherwise there, such as dropout: it gets the new names, and gives the new values.

    Args:
        state: Entries with the keys of `paddle.vision.models`.
        network: The class of the network the entries are for.

    Returns:
        New entries; that they fit is checked when they are loaded.
    """
    rename, change = network.paddle_key or str, network.paddle_value
    converted = {}
    for key, value in state.items():
        own = key if key.startswith(STORED) else rename(key)
        converted[own] = change(own, value)
    return converted


def to_own_range(state: Mapping[str, np.ndarray], network: Network, for_255: bool = False) -> dict[str, np.ndarray]:
    """Weights for pictures in [0, 1] from those for [0, 255], as the authors of EDSR, MDSR and RCAN published them.

    Which range a file is for shows in the mean colour that it subtracts. The first convolution takes over the factor and the last
    one gives it back; all between is the same.

    Args:
        state: Entries under our names.
        network: The network they are for.
        for_255: The weights are for [0, 255] though their mean colour does not tell: DRLN's authors subtract one in [0, 1] there.

    Returns:
        `state` with these entries changed; as it is, where the range is the network's or it subtracts no mean colour.

    Raises:
        ValueError: `for_255`, and the network subtracts no mean colour.
    """
    shifts = [name for name, layer in network.named_sublayers() if isinstance(layer, MeanShift)]
    if not shifts or not all(f"{name}.bias" in state for name in shifts):
        if for_255:
            raise ValueError(f"{type(network).__name__} subtracts no mean colour: its weights are for [0, 1] only")
        return dict(state)
    own = np.abs(network.state_dict()[f"{shifts[0]}.bias"].numpy()).max()
    factor = np.abs(state[f"{shifts[0]}.bias"]).max() / own
    if not for_255 and not 200 < factor < 300:
        return dict(state)
    changed = dict(state)
    convs = {n: c for n, c in network.named_sublayers() if type(c) is nn.Conv2D}
    [first] = [name for name, conv in convs.items() if conv.weight.shape[1] == 3]
    [last] = [name for name, conv in convs.items() if conv.weight.shape[0] == 3]
    changed[f"{first}.weight"] = state[f"{first}.weight"] * np.float32(255)
    for key in (f"{last}.weight", f"{last}.bias", *(f"{name}.bias" for name in shifts)):
        changed[key] = state[key] / np.float32(255)
    return changed
