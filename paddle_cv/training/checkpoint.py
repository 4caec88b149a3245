"""Files of a training run, written so that a run killed at any moment leaves a whole one.

A checkpoint is a safetensors file. Its tensors have the keys under which they stand in the run's state, with `/` between them;
all that is no tensor is JSON in the file's metadata. Reading it runs no code, whoever wrote it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
import paddle
from paddle import nn
from safetensors.paddle import save as safetensors_of

from ..files import whole_file
from ..weights.safetensors_files import read_safetensors

__all__ = [
    "is_of_earlier_version",
    "load_checkpoint",
    "load_latest",
    "optimizer_state",
    "save_checkpoint",
    "save_latest",
    "set_optimizer_state",
    "write_atomically",
]

logger = logging.getLogger(__name__)

LATEST, PREVIOUS, NEXT = "last.pdckpt", "previous.pdckpt", "next.pdckpt"
# In the JSON, in the place of a tensor: {_TENSOR: its key}.
_TENSOR = "tensor:"
# Stands in the metadata while the digest of the whole file is computed, and then gives its place to it.
_NO_DIGEST = 64 * "0"
# How the files begin that an earlier version wrote.
_PICKLED = b"\x80"


def write_atomically(path: Union[str, Path], write: Callable[[str], Any]) -> None:
    """Calls `write` with a temporary name in the same folder, then renames the file it made to `path`."""
    with whole_file(path, durable=True) as temporary:
        write(str(temporary))


def save_checkpoint(path: Union[str, Path], state: dict[str, Any]) -> None:
    """Saves nested dictionaries and lists of tensors and plain values, and a digest by which a damaged file shows.

    Raises:
        TypeError: There is something else in it.
    """
    tensors: dict[str, paddle.Tensor] = {}
    text = json.dumps(_without_tensors(state, "", tensors))
    content = safetensors_of(tensors, {"state": text, "sha256": _NO_DIGEST})
    digest = hashlib.sha256(content).hexdigest()
    content = content.replace(_NO_DIGEST.encode(), digest.encode(), 1)
    write_atomically(path, lambda name: Path(name).write_bytes(content))


def load_checkpoint(path: Union[str, Path]) -> dict[str, Any]:
    """Loads what `save_checkpoint` saved; tuples have become lists.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is damaged, or of an earlier version.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint {path}")
    content = path.read_bytes()
    try:
        arrays, metadata = read_safetensors(content)
        digest = metadata["sha256"]
        if hashlib.sha256(content.replace(digest.encode(), _NO_DIGEST.encode(), 1)).hexdigest() != digest:
            raise ValueError("its digest is another")
        return _with_tensors(json.loads(metadata["state"]), arrays)
    except Exception as error:  # whatever a damaged file leads to
        earlier = "; it is a pickle, as earlier versions of paddle_cv wrote, and those are not read any more"
        hint = earlier if is_of_earlier_version(path) else ""
        raise ValueError(f"{path} is no checkpoint, or a damaged one{hint}") from error


def is_of_earlier_version(path: Path) -> bool:
    """Whether a file begins as the pickles do that checkpoints once were."""
    with open(path, "rb") as file:
        return file.read(len(_PICKLED)) == _PICKLED


def _without_tensors(value: Any, key: str, tensors: dict[str, paddle.Tensor]) -> Any:
    """What JSON can hold; the tensors in it are put into `tensors`."""
    if isinstance(value, paddle.Tensor):
        tensors[key] = value.contiguous()
        return {_TENSOR: key}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        if not all(isinstance(name, str) for name in value):
            raise TypeError(f"a key of {key or 'the state'} is no text")
        return {name: _without_tensors(part, f"{key}/{name}" if key else name, tensors) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_tensors(part, f"{key}/{number}", tensors) for number, part in enumerate(value)]
    return value  # json complains of what it does not know


def _with_tensors(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(value, dict):
        if value.keys() == {_TENSOR}:
            return paddle.to_tensor(arrays[value[_TENSOR]])
        return {name: _with_tensors(part, arrays) for name, part in value.items()}
    return [_with_tensors(part, arrays) for part in value] if isinstance(value, list) else value


def save_latest(folder: Union[str, Path], state: dict[str, Any]) -> None:
    """Saves a run's state as `last.pdckpt`; what had that name becomes `previous.pdckpt`."""
    folder = Path(folder)
    new = folder / NEXT
    save_checkpoint(new, state)
    if (folder / LATEST).is_file():
        os.replace(folder / LATEST, folder / PREVIOUS)
    os.replace(new, folder / LATEST)


def load_latest(folder: Union[str, Path]) -> Optional[dict[str, Any]]:
    """The newest state of a run that is whole; None where there is none."""
    for name in (LATEST, PREVIOUS):
        try:
            return load_checkpoint(Path(folder) / name)
        except FileNotFoundError:
            continue
        except ValueError as error:
            logger.warning("%s; the one before is taken", error)
    return None


def optimizer_state(optimizer: paddle.optimizer.Optimizer, network: nn.Layer) -> dict[str, Any]:
    """The optimizer's state dict, with the names that parameters have in the network.

    Paddle's own keys begin with a number that counts all layers built in a process, so that a network which is not the first one of
    its process could not be continued.
    """
    return _renamed(optimizer.state_dict(), {p.name: name for name, p in network.named_parameters()})


def set_optimizer_state(optimizer: paddle.optimizer.Optimizer, network: nn.Layer, state: dict[str, Any]) -> None:
    """Inverse of `optimizer_state`."""
    optimizer.set_state_dict(_renamed(state, {name: p.name for name, p in network.named_parameters()}))


def _renamed(state: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Replaces the parameter's name with which a key begins; after it comes the accumulator's, such as `_moment1_0`."""
    renamed = {}
    for key, value in state.items():
        owner = max((name for name in names if key.startswith(f"{name}_")), key=len, default=None)
        renamed[key if owner is None else names[owner] + key[len(owner) :]] = value
    return renamed
