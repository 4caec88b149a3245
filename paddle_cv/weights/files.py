"""Weight files: `.pdparams`, `.safetensors`, `.npz` and, where PyTorch is installed, `.pth`, `.pt`, `.ckpt`."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Union

import numpy as np
import paddle
from paddle import nn

from ..models.layers import STORED

__all__ = ["fits", "load_weights", "read_state", "save_state"]

# What training scripts wrap around a state dict, and put in front of its keys.
_WRAPPINGS = ("params_ema", "params", "state_dict", "model_state_dict", "model", "weights")
_PREFIXES = ("module.",)


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
    return torch.load(path, map_location="cpu", weights_only=True)


_READERS = {
    ".pdparams": _read_pdparams,
    ".npz": _read_npz,
    ".safetensors": _read_safetensors,
    ".pth": _read_torch,
    ".pt": _read_torch,
    ".ckpt": _read_torch,
}


def _unwrapped(state: Any) -> Mapping[str, Any]:
    while isinstance(state, Mapping):
        inner = next((state[key] for key in _WRAPPINGS if isinstance(state.get(key), Mapping)), None)
        if inner is None:
            break
        state = inner
    if not isinstance(state, Mapping):
        raise ValueError(f"no state dict in it but {type(state).__name__}")
    for prefix in _PREFIXES:
        if state and all(isinstance(key, str) and key.startswith(prefix) for key in state):
            state = {key[len(prefix) :]: value for key, value in state.items()}
    return state


def _array(value: Any) -> Any:
    """Tensors as arrays: PyTorch's by their own method, those of `paddle.save` are pairs of a name and an array."""
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], np.ndarray):
        value = value[1]
    if hasattr(value, "detach"):
        value = value.detach().float() if value.is_floating_point() else value.detach()
        value = value.cpu().numpy()
    return value


def read_state(path: Union[str, Path]) -> dict[str, np.ndarray]:
    """Reads the entries of a weight file, with the names they have there.

    Wrappings (`state_dict`, `params`, `params_ema`, `model` ...) and the prefix `module.` are taken off; float16 and float64
    become float32. No file can run code: pickles are read by an unpickler that knows arrays only.

    Raises:
        FileNotFoundError: There is no such file.
        ImportError: A PyTorch file, and PyTorch is not installed.
        ValueError: An unknown kind of file, a damaged one, or one without weights; the message names it.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no weight file {path}")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise ValueError(f"{path}: weights are read from {', '.join(_READERS)} files")
    try:
        entries = {key: _array(value) for key, value in _unwrapped(reader(path)).items()}
    except ImportError:
        raise
    except Exception as error:  # every library has its own errors for damaged files
        raise ValueError(f"{path} cannot be read as weights: {error}") from error
    arrays = {
        key: value for key, value in entries.items() if isinstance(value, np.ndarray) and value.dtype.kind in "fiu"
    }
    if not arrays:
        raise ValueError(f"{path} has no weights in it")
    return {key: value.astype(np.float32) if value.dtype.kind == "f" else value for key, value in arrays.items()}


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
