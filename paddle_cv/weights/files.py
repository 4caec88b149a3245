"""Weight files: `.pdparams`, `.safetensors`, `.npz` and, where PyTorch is installed, `.pth`, `.pt`, `.ckpt`; and the folders of
static-graph models."""

from __future__ import annotations

import argparse
import contextlib
import pickle
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
import paddle
from paddle import nn

from ..models.layers import STORED
from .static_graph import GRAPH, read_static_folder

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


class _ArraysOnly(pickle.Unpickler):
    """Reads the pickles of `paddle.save`, and refuses everything that could run code."""

    _ALLOWED = {
        ("builtins", "tuple"),
        ("collections", "OrderedDict"),
        ("numpy", "dtype"),
        ("numpy", "ndarray"),
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy.core.multiarray", "scalar"),
        ("numpy.core.numeric", "_frombuffer"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "scalar"),
        ("numpy._core.numeric", "_frombuffer"),
        ("_codecs", "encode"),  # numpy arrays in pickles of protocol 2
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._ALLOWED:
            raise pickle.UnpicklingError(f"it wants to import {module}.{name}, which weights never need")
        # A pickle of numpy 2 names numpy._core, which numpy 1 does not have, and the other way round.
        major = int(np.__version__.split(".")[0])
        module = (
            module.replace("numpy.core", "numpy._core") if major > 1 else module.replace("numpy._core", "numpy.core")
        )
        return super().find_class(module, name)


def _read_pdparams(path: Path) -> Any:
    with open(path, "rb") as file:
        return _ArraysOnly(file, encoding="latin1").load()


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    from safetensors.numpy import load_file

    return load_file(str(path))


def _read_torch(path: Path) -> Any:
    try:
        import torch
    except ImportError:
        raise ImportError(
            f"{path} is a PyTorch file; reading it needs PyTorch (pip install torch), "
            "or save its state dict as .safetensors or .npz"
        ) from None
    try:
        with _harmless_globals(torch):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        wanted = ", ".join(dict.fromkeys(re.findall(r"GLOBAL ([\w.]+)", str(error)))) or "other objects"
        raise ValueError(
            f"beside weights it holds {wanted}, perhaps a whole pickled network, and reading that could run code. Where it "
            "comes from a source that you trust, take the weights out with the program that wrote it: "
            "torch.save(torch.load(path, weights_only=False).state_dict(), 'weights.pth'), or ...['model'].state_dict()"
        ) from error


def _harmless_globals(torch: Any) -> Any:
    """What training scripts put beside the weights and cannot run code: arguments of the command line, numpy's scalars."""
    if tuple(int(number) for number in torch.__version__.split(".")[:2]) < (2, 6):
        return contextlib.nullcontext()
    scalar = (np._core if hasattr(np, "_core") else np.core).multiarray.scalar
    names = [(scalar, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")]  # of numpy 1 and 2
    kinds = [np.dtype, *(type(np.dtype(kind)) for kind in ("float32", "float64", "int64"))]
    return torch.serialization.safe_globals([argparse.Namespace, *kinds, *names])


_READERS = {
    ".pdparams": _read_pdparams,
    ".npz": _read_npz,
    ".safetensors": _read_safetensors,
    ".pth": _read_torch,
    ".pt": _read_torch,
    ".ckpt": _read_torch,
}


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
    while isinstance(content, Mapping):
        inner = next((content[key] for key in _WRAPPINGS if isinstance(content.get(key), Mapping)), None)
        if inner is None:
            found = _state_dicts(content)
            if len(found) != 1:
                break
            [inner] = found.values()
        content = inner
    if not isinstance(content, Mapping):
        raise ValueError(f"no state dict in it but {type(content).__name__}")
    return content


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
    """Tensors as arrays: PyTorch's by their own method, those of `paddle.save` are pairs of a name and an array."""
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], np.ndarray):
        value = value[1]
    if hasattr(value, "detach"):
        value = value.detach().float() if value.is_floating_point() else value.detach()
        value = value.cpu().numpy()
    return value


def _entries(state: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The weights of a state dict, without counters and without the `module.` of PyTorch's parallel training."""
    kept = {}
    for key, value in state.items():
        value = _array(value)
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu":
            continue
        if str(key).rpartition(".")[2] not in _COUNTERS:
            kept[str(key)] = value.astype(np.float32) if value.dtype.kind == "f" else value
    while kept and all(key.startswith("module.") for key in kept):
        kept = {key[len("module.") :]: value for key, value in kept.items()}
    return kept


def read_parts(path: Union[str, Path]) -> dict[str, dict[str, np.ndarray]]:
    """Reads all state dicts of a weight file as `read_state` does: one under the name "", or several under their keys.

    Raises:
        FileNotFoundError, ImportError, ValueError: As `read_state`.
    """
    path = Path(path)
    if (path / GRAPH).is_file():
        reader = read_static_folder
    elif not path.is_file():
        raise FileNotFoundError(f"there is no weight file {path}")
    else:
        reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise ValueError(f"{path}: weights are read from {', '.join(_READERS)} files")
    try:
        content = _unwrapped(reader(path))
        parts = _state_dicts(content) or _numbered(content) or {"": content}
        parts = {key: _entries(part) for key, part in parts.items()}
    except ImportError:
        raise
    except Exception as error:  # every library has its own errors for damaged files
        raise ValueError(f"{path} cannot be read as weights: {error}") from error
    if not any(parts.values()):
        raise ValueError(f"{path} has no weights in it")
    return parts


def read_state(path: Union[str, Path], part: Optional[str] = None) -> dict[str, np.ndarray]:
    """Reads the entries of a weight file, with the names they have there.

    Wrappings (`state_dict`, `params`, `params_ema`, `model` ...) and the prefix `module.` are taken off, counters of other
    programs are left out; float16 and float64 become float32. No file can run code: pickles are read by an unpickler that
    knows arrays only.

    Args:
        path: The file; or the folder of a static-graph model of Paddle 1.x, with `__model__` and a file for each variable.
        part: Which state dict to take where the file has several; without an effect where it has one.

    Raises:
        FileNotFoundError: There is no such file.
        ImportError: A PyTorch file, and PyTorch is not installed.
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
    path = Path(path)
    arrays = {key: np.asarray(value) for key, value in state.items()}
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        paddle.save(arrays, str(temporary))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _shapes(entries: Mapping[str, Any], new_layers: Sequence[str]) -> dict[str, list[int]]:
    """Shapes of what a file must have: all but the hyperparameters in a state dict, and what starts anew."""
    left_alone = (STORED, *new_layers)
    return {key: list(value.shape) for key, value in entries.items() if not key.startswith(left_alone)}


def _without_weights(state: Mapping[str, Any], network: nn.Layer) -> tuple[str, ...]:
    """The heads that only training uses (`Classifier.auxiliary`) and that a file has nothing for."""
    heads = (f"{head}." for head in getattr(network, "auxiliary", ()))
    return tuple(head for head in heads if not any(key.startswith(head) for key in state))


def fits(state: Mapping[str, Any], network: nn.Layer, new_layers: Sequence[str] = ()) -> bool:
    """Whether `load_weights` would take these weights."""
    new_layers = (*new_layers, *_without_weights(state, network))
    return _shapes(state, new_layers) == _shapes(network.state_dict(), new_layers)


def load_weights(network: nn.Layer, state: Mapping[str, Any], new_layers: Sequence[str] = ()) -> None:
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
