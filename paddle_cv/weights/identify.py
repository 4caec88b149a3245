"""Weight files whose names may be ours, those of a reference implementation or those of `paddle.vision.models`."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Optional, Union

import numpy as np
from paddle import nn

from ..models import ModelSpec, detect_model, list_models, model_spec, networks
from ..models.budget import TooLarge, building_for
from ..models.layers import STORED
from ..models.network import Network
from .classes import CLASS_NAMES, LABELS
from .files import fits, read_parts, read_state
from .ncnn import in_own_names, is_ncnn
from .official import convert_paddle_vision_state, convert_state, rename_entries, to_own_range, without_prefixes

__all__ = ["converted_weights", "identify", "identify_state", "read_weights"]

logger = logging.getLogger(__name__)

# The largest scale that a file may say; results grow by its square.
_MAX_SCALE = 16


def read_weights(
    path: Union[str, Path], network: Network, new_layers: Sequence[str] = (), for_255: bool = False
) -> dict[str, np.ndarray]:
    """Reads a file for a given network; names and layouts of the reference implementation are converted.

    Args:
        path: The file.
        network: The network.
        new_layers: As in `load_weights`.
        for_255: As in `to_own_range`.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It cannot be read as weights, holds those of another network known here, or several state dicts and the
            network does not say which is its.
    """
    state = converted_weights(path, network, new_layers, for_255)
    if not new_layers and not fits(state, network):
        found = None
        with suppress(ValueError):  # what is wrong with it, loading tells
            found = identify_state(read_state(path, part=network.official_part))
        if found is not None:
            raise ValueError(
                f"{path} holds weights of {found[0].name}, which do not fit into {type(network).__name__} as it was asked for"
            )
    return state


def converted_weights(
    path: Union[str, Path], network: Network, new_layers: Sequence[str] = (), for_255: bool = False
) -> dict[str, np.ndarray]:
    """As `read_weights`, but whether the weights fit is left to whoever loads them.

    Files of ncnn name no layers: they are taken for the network's if all their layers are of its kinds and shapes, in its order.
    """
    if is_ncnn(Path(path)):
        state = read_state(path)
        return in_own_names(state, network) or state
    state = read_state(path, part=network.official_part)
    candidates = list(_conversions(state, network))
    # Where none fits, loading the last one tells what is wrong.
    found = next((candidate for candidate in candidates if fits(candidate, network, new_layers)), candidates[-1])
    if found is not state and not for_255:
        _warn_of_range(path, network)
    return to_own_range(found, network, for_255)


def _warn_of_range(path: Union[str, Path], network: Network) -> None:
    """Where the authors' weights are for [0, 255] and nothing in the file tells it."""
    if network.published_for_255:
        logger.warning(
            "the weights that the authors of %s published are for values in 0...255; if %s has such, convert it by "
            "tools/convert.py --for-255",
            type(network).__name__,
            path,
        )


def identify(path: Union[str, Path], named: Optional[ModelSpec] = None) -> tuple[ModelSpec, dict[str, np.ndarray]]:
    """Finds the network that a file belongs to.

    Args:
        path: The file.
        named: What somebody says that it is for; see `detect_model`.

    Returns:
        Its specification, and the entries under our names.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It cannot be read as weights, no network known here has such entries, or it holds several networks.
    """
    parts = read_parts(path)
    if len(parts) > 1:
        raise ValueError(f"{path} holds {len(parts)} state dicts ({', '.join(parts)}){_choice(parts)}")
    [state] = parts.values()
    try:
        found = identify_state(state, named)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    if found is None and is_ncnn(Path(path)):
        raise ValueError(
            f"{path}: files of ncnn do not say what network they are for; name one: pcv.load(NAME, weights=...)"
        )
    if found is None:
        raise ValueError(f"{path} holds weights of no network known here; its first entries are {list(state)[:5]}")
    return found


def identify_state(
    state: Mapping[str, np.ndarray], named: Optional[ModelSpec] = None
) -> Optional[tuple[ModelSpec, dict[str, np.ndarray]]]:
    """The specification that a state dict belongs to, and the entries under our names; None where there is none.

    Raises:
        ValueError: It could only be a network that is far larger than the state dict, or it says a scale that none has.
    """
    too_large = None
    for entries in without_prefixes(state):
        stored = {
            key: value for key, value in entries.items() if key.startswith(STORED) and key not in (CLASS_NAMES, LABELS)
        }
        stored = {key[len(STORED) :]: int(value.item()) for key, value in stored.items() if value.size == 1}
        if not 1 <= stored.get("scale", 1) <= _MAX_SCALE:
            raise ValueError(f"it says that it enlarges by {stored['scale']}, which no network does")
        # What is named comes first, as some families have the same entries.
        for network in sorted(networks(), key=lambda network: named is None or network is not named.network):
            for shapes in _possible_shapes(entries, network):
                spec = detect_model(network, shapes, stored, named)
                if spec is None:
                    continue
                try:
                    built = _built(spec, entries)
                except TooLarge as error:
                    too_large = ValueError(f"{error}, taken for {network.__name__}'s")
                    continue
                if built is None:
                    continue
                for candidate in _conversions(entries, built):
                    if fits(candidate, built):
                        return spec, to_own_range(candidate, built)
    if too_large:
        raise too_large
    return None


def _built(spec: ModelSpec, state: Mapping[str, np.ndarray]) -> Optional[nn.Layer]:
    """The network, or None where a damaged file led to hyperparameters that none can have.

    Raises:
        TooLarge: It would be far larger than the state dict.
    """
    try:
        with building_for(state):
            return spec.network(**spec.hyperparameters)
    except TooLarge:
        raise
    except (ArithmeticError, LookupError, OSError, RuntimeError, TypeError, ValueError):
        return None


def _choice(parts: Mapping[str, Mapping[str, np.ndarray]]) -> str:
    """How to get at one of several networks in a file."""
    found = None
    with suppress(ValueError):  # as large as no file is
        found = identify_state(next(iter(parts.values())))
    if found is None:
        return ", of which the first belongs to no network known here"
    network, hyperparameters = found[0].network, found[0].hyperparameters
    specs = [model_spec(name) for name in list_models()]
    names = [spec.name for spec in specs if spec.network is network and spec.in_channels == found[0].in_channels]
    names.sort(key=lambda name: (len(name), name))
    if network.official_part is None:
        return f", the first of them for {found[0].name}; save the one that is wanted to a file of its own"
    return (
        f", of {network.__name__} for {hyperparameters['in_channels']} channels; choose one by the name of the network, as in "
        f"paddle_cv.load({names[0]!r}, weights=...) or tools/convert.py {names[0]}: {', '.join(names)}"
    )


def _conversions(state: Mapping[str, np.ndarray], network: Network) -> Iterator[Mapping[str, np.ndarray]]:
    """The entries taken for ours, for those of `paddle.vision.models`, and for those of a PyTorch implementation.

    Ours may have a name before them: the checkpoint of a Layer that keeps the network in a field.
    """
    yield from without_prefixes(state)
    if network.paddle_key is not None:
        yield convert_paddle_vision_state(state, type(network))
    yield convert_state(state, network)


def _possible_shapes(state: Mapping[str, np.ndarray], network: type) -> Iterator[dict[str, list[int]]]:
    """Shapes of the entries under the names they have, and under the names that other implementations' would get."""
    entries = {key: value for key, value in state.items() if not key.startswith(STORED)}
    from_paddle = convert_paddle_vision_state(entries, network) if network.paddle_key is not None else entries
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
