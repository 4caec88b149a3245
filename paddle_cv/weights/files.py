"""Weight files: `.pdparams`, `.safetensors`, `.npz`, those of PyTorch and of ncnn; and the folders of static-graph models."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
import paddle

from ..files import whole_file
from ..models.layers import STORED
from ..models.network import Network
from .archives import open_archive, read_npz
from .arrays import float32_of_bfloat16
from .ncnn import is_ncnn, read_ncnn
from .pickles import Array, Name, Thing, read_pickle
from .safetensors_files import read_safetensors
from .static_graph import is_static_graph, read_static_graph
from .torch_files import Tensor, is_legacy, layer_state, read_torch_archive, read_torch_legacy

__all__ = ["fits", "load_weights", "read_parts", "read_state", "save_state"]

# What training scripts wrap around a state dict, in the order of preference.
_WRAPPINGS = (
    "params_ema",
    "params",
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "net",
    "network",
    "generator",
    "net_g",
    "netG",
    "weights",
)

# Counters that programs leave between the weights: operations (thop), steps and averaged models.
_COUNTERS = ("total_ops", "total_params", "step_counter", "n_averaged")


# Suffixes of files that are pickles, archives with a pickle in them, or `.npz`; which, their first bytes say.
_PICKLES = (".pdparams", ".pth", ".pt", ".ckpt", ".tar", ".bin", ".pkl", ".pickle", ".npz")
_SUFFIXES = (".safetensors", *_PICKLES, ".param")
# A byte of a file makes at most so many bytes of weights: those of 8 bits four, compressed ones 16 times that. Zeros, and storages
# that many tensors share, would make any number. Small files may have some in any case.
_MAX_GROWTH, _ALWAYS = 64, 2**26
# Wrappings within wrappings; more only where one is within itself.
_MAX_WRAPPINGS = 10


def _read_content(path: Path) -> Any:
    """What a file holds, with stand-ins for all that is neither plain Python nor an array."""
    if path.suffix.lower() == ".safetensors":
        return read_safetensors(path.read_bytes())[0]
    with open(path, "rb") as file:
        start = file.read(262)
    if start[:2] == b"PK":
        with open_archive(path) as archive:
            pickles = [name for name in archive.namelist() if name == "data.pkl" or name.endswith("/data.pkl")]
            return read_torch_archive(archive, pickles[0]) if pickles else read_npz(archive)
    if start[257:] == b"ustar":
        raise ValueError("a tar archive; unpack it, or save the state dict with a PyTorch of this decade")
    content = path.read_bytes()
    value, end = read_pickle(content)
    return read_torch_legacy(content, end) if is_legacy(value) else value


def _is_array(value: Any) -> bool:
    return isinstance(_array(value), np.ndarray)


def _state_dicts(content: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The state dicts that a mapping without weights of its own holds."""
    if any(_is_array(value) for value in content.values()):
        return {}
    return {
        str(key): value
        for key, value in content.items()
        if isinstance(value, Mapping) and any(_is_array(entry) for entry in value.values())
    }


def _unwrapped(content: Any) -> Mapping[str, Any]:
    """Takes off what is wrapped around a state dict, or around several."""
    layers = itertools.count()
    for _ in range(_MAX_WRAPPINGS):
        content = _opened(content, layers)
        if not isinstance(content, Mapping):
            break
        parts = {key: _opened(value, layers) for key, value in content.items()}
        inner = next((parts[key] for key in _WRAPPINGS if isinstance(parts.get(key), Mapping)), None)
        if inner is None:
            found = _state_dicts(parts)
            if len(found) != 1:
                return parts
            [inner] = found.values()
        content = inner
    if not isinstance(content, Mapping):
        raise ValueError(f"no state dict in it but {_kind(content)}")
    return content


def _opened(content: Any, layers: Iterator[int]) -> Any:
    """The entries of a pickled network, or of a dictionary of somebody's own kind."""
    if not isinstance(content, Thing):
        return content
    state = layer_state(content, layers)
    return (content.items or content) if state is None else state


def _kind(content: Any) -> str:
    if isinstance(content, (Thing, Name)):
        return content.name if isinstance(content, Thing) else content.path
    return type(content).__name__


def _numbered(state: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Several state dicts in one, as `.npz` and `.safetensors` have them: `0.model.0.weight`, `1.model.0.weight` ..."""
    parts: dict[str, dict[str, Any]] = {}
    for key, value in state.items():
        number, _, rest = str(key).partition(".")
        if not number.isdigit() or "." not in rest:
            return {}
        parts.setdefault(number, {})[rest] = value
    alike = len({frozenset(part) for part in parts.values()}) == 1
    return parts if alike and len(parts) > 1 else {}


def _array(value: Any) -> Any:
    """Tensors as arrays; those of `paddle.save` are pairs of a name and an array."""
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], (Array, np.ndarray)):
        value = value[1]
    if isinstance(value, Tensor):
        return value.array()
    return value.array if isinstance(value, Array) else value


def _entries(state: Mapping[str, Any], own: dict[int, tuple[np.ndarray, np.ndarray]]) -> dict[str, np.ndarray]:
    """The weights of a state dict, without counters and without the `module.` of PyTorch's parallel training.

    Args:
        state: The state dict.
        own: What arrays have become, by their id: one that has many names takes memory once.
    """
    kept = {}
    for key, value in state.items():
        value = _array(value)
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu":
            continue
        if str(key).rpartition(".")[2] in _COUNTERS:
            continue
        if id(value) not in own:
            own[id(value)] = value, _in_own_order(value)
        kept[str(key)] = own[id(value)][1]
    for _ in range(_MAX_WRAPPINGS):
        if not kept or not all(key.startswith("module.") for key in kept):
            break
        kept = {key[len("module.") :]: value for key, value in kept.items()}
    return kept


def _check_growth(parts: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Refuses state dicts in which a few bytes of the file stand for very many numbers.

    Raises:
        ValueError: There are more than weights ever have.
    """
    values = (_array(value) for part in parts.values() for value in part.values())
    size = sum(4 * value.size for value in values if isinstance(value, np.ndarray))
    if size > max(_MAX_GROWTH * path.stat().st_size, _ALWAYS):
        raise ValueError(f"{path.stat().st_size} bytes that would be {size} bytes of tensors are no weights")


def _in_own_order(array: np.ndarray) -> np.ndarray:
    """Floating-point numbers as float32, in the byte order of this machine."""
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:  # Paddle's form of bfloat16; no weights are of uint16
        return float32_of_bfloat16(array)
    kind = np.dtype(np.float32) if array.dtype.kind == "f" else array.dtype.newbyteorder("=")
    return array.astype(kind, copy=False)


def read_parts(path: Union[str, Path]) -> dict[str, dict[str, np.ndarray]]:
    """Reads all state dicts of a weight file as `read_state` does: one under the name "", or several under their keys.

    Raises:
        FileNotFoundError, ValueError: As `read_state`.
    """
    path = Path(path)
    if is_static_graph(path):
        reader = read_static_graph
    elif not path.is_file():
        raise FileNotFoundError(f"there is no weight file {path}")
    elif is_ncnn(path):
        reader = read_ncnn
    elif path.suffix.lower() in _SUFFIXES:
        reader = _read_content
    else:
        raise ValueError(f"{path}: weights are read from {', '.join(_SUFFIXES)} files")
    try:
        content = _unwrapped(reader(path))
        parts = _state_dicts(content) or _numbered(content) or {"": content}
        if reader is _read_content:
            _check_growth(parts, path)
        own: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        parts = {key: _entries(part, own) for key, part in parts.items()}
    except Exception as error:  # whatever a damaged file leads to
        raise ValueError(f"{path} cannot be read as weights: {error}") from error
    if not any(parts.values()):
        others = dict.fromkeys(_kind(value) for value in content.values() if isinstance(value, (Thing, Name)))
        raise ValueError(f"{path} has no weights in it{', but ' if others else ''}{', '.join(list(others)[:5])}")
    return parts


def read_state(path: Union[str, Path], part: Optional[str] = None) -> dict[str, np.ndarray]:
    """Reads the entries of a weight file, with the names they have there.

    Wrappings (`state_dict`, `params`, `params_ema`, `model` ...) and the prefix `module.` are taken off, counters of other
    programs are left out; float16, bfloat16 and float64 become float32. No file can run code: pickles are interpreted, not
    executed (`pickles`), and nothing that they name is imported. Arrays may share memory, and cannot be written to.

    Args:
        path: The file; or the folder of a static-graph model, with `__model__` and a file for each variable or `__params__`.
        part: Which state dict to take where the file has several; without an effect where it has one.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: An unknown kind of file, a damaged one, one without weights or with several state dicts of which `part`
            is none; the message names it.
    """
    parts = read_parts(path)
    if list(parts) == [""]:
        return parts[""]
    if part not in parts:
        raise ValueError(
            f"{path} holds {len(parts)} state dicts ({', '.join(parts)}), and not one for this network alone"
        )
    return parts[part]


def save_state(state: Mapping[str, Any], path: Union[str, Path]) -> None:
    """Saves weights as plain arrays by `paddle.save`; the file is put in its place only when it is whole."""
    arrays = {key: np.asarray(value) for key, value in state.items()}
    with whole_file(path) as temporary:
        paddle.save(arrays, str(temporary))


def _shapes(entries: Mapping[str, Any], new_layers: Sequence[str]) -> dict[str, list[int]]:
    """Shapes of what a file must have: all but the hyperparameters in a state dict, and what starts anew."""
    left_alone = (STORED, *new_layers)
    return {key: list(value.shape) for key, value in entries.items() if not key.startswith(left_alone)}


def _without_weights(state: Mapping[str, Any], network: Network) -> tuple[str, ...]:
    """The heads that only training uses (`Classifier.auxiliary`) and that a file has nothing for."""
    heads = (f"{head}." for head in network.auxiliary)
    return tuple(head for head in heads if not any(key.startswith(head) for key in state))


def fits(state: Mapping[str, Any], network: Network, new_layers: Sequence[str] = ()) -> bool:
    """Whether `load_weights` would take these weights."""
    new_layers = (*new_layers, *_without_weights(state, network))
    return _shapes(state, new_layers) == _shapes(network.state_dict(), new_layers)


def load_weights(network: Network, state: Mapping[str, Any], new_layers: Sequence[str] = ()) -> None:
    """Puts weights into a network; all of its entries and no others must be there, with the right shapes.

    Hyperparameters that a state dict may have as entries (`layers.store`) need not be there, nor auxiliary heads, which only
    training uses; the network keeps its own.

    Args:
        network: The network.
        state: Its weights.
        new_layers: Layers that keep what they have, such as the classifier of a network that shall learn other classes:
            names with which the entries begin that are left alone on both sides.

    Raises:
        ValueError: Missing, surplus or wrong-shaped entries; the message lists them, and nothing was changed.
    """
    new_layers = (*new_layers, *_without_weights(state, network))
    own, given = _shapes(network.state_dict(), new_layers), _shapes(state, new_layers)
    missing = [key for key in own if key not in given]
    surplus = [key for key in given if key not in own]
    misshapen = [
        f"{key} {given[key]} instead of {shape}" for key, shape in own.items() if given.get(key, shape) != shape
    ]
    problems = [
        f"{what}: {', '.join(keys[:10])}{f' and {len(keys) - 10} more' if len(keys) > 10 else ''}"
        for what, keys in (("missing", missing), ("surplus", surplus), ("wrong shape", misshapen))
        if keys
    ]
    if problems:
        raise ValueError(f"these weights are not for {type(network).__name__}: {'; '.join(problems)}")
    with warnings.catch_warnings():
        # Paddle warns of the entries that are not set.
        warnings.simplefilter("ignore")
        network.set_state_dict({key: state[key] for key in given})
