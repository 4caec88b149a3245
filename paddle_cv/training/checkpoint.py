"""Files of a training run, written so that a run killed at any moment leaves a whole one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable, Union

import paddle
from paddle import nn

__all__ = ["load_checkpoint", "optimizer_state", "save_checkpoint", "set_optimizer_state", "write_atomically"]


def write_atomically(path: Union[str, Path], write: Callable[[str], Any]) -> None:
    """Calls `write` with a temporary name in the same folder, then renames the file it made to `path`."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(str(temporary))
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def save_checkpoint(path: Union[str, Path], state: dict[str, Any]) -> None:
    """Saves nested dictionaries of tensors and plain values."""
    write_atomically(path, lambda temporary: paddle.save(state, temporary))


def load_checkpoint(path: Union[str, Path]) -> dict[str, Any]:
    """Loads what `save_checkpoint` saved.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is damaged.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no checkpoint {path}")
    try:
        return paddle.load(str(path))
    except Exception as error:
        raise ValueError(f"{path} is no checkpoint, or a damaged one: {error}") from error


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
