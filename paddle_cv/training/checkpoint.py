"""Files of a training run, written so that a run killed at any moment leaves a whole one."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional, Union

import paddle
from paddle import nn

from ..files import whole_file

__all__ = [
    "load_checkpoint",
    "load_latest",
    "optimizer_state",
    "save_checkpoint",
    "save_latest",
    "set_optimizer_state",
    "write_atomically",
]

logger = logging.getLogger(__name__)

LATEST, PREVIOUS = "last.pdckpt", "previous.pdckpt"
_MARK = b"sha256:"  # what follows a checkpoint's last byte, before the digest of all that comes before


def write_atomically(path: Union[str, Path], write: Callable[[str], Any]) -> None:
    """Calls `write` with a temporary name in the same folder, then renames the file it made to `path`."""
    with whole_file(path, durable=True) as temporary:
        write(str(temporary))


def save_checkpoint(path: Union[str, Path], state: dict[str, Any]) -> None:
    """Saves nested dictionaries of tensors and plain values, and a digest by which a damaged file shows."""

    def write(temporary: str) -> None:
        paddle.save(state, temporary)
        digest = hashlib.sha256(Path(temporary).read_bytes()).digest()
        with open(temporary, "ab") as file:
            file.write(_MARK + digest)

    write_atomically(path, write)


def load_checkpoint(path: Union[str, Path]) -> dict[str, Any]:
    """Loads what `save_checkpoint` saved.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is damaged.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint {path}")
    content = path.read_bytes()
    end = len(content) - len(_MARK) - hashlib.sha256().digest_size
    if end < 0 or content[end:] != _MARK + hashlib.sha256(content[:end]).digest():
        raise ValueError(f"{path} is no checkpoint, or a damaged one")
    return paddle.load(str(path))


def save_latest(folder: Union[str, Path], state: dict[str, Any]) -> None:
    """Saves a run's state as `last.pdckpt`; what had that name becomes `previous.pdckpt`."""
    folder = Path(folder)
    new = folder / "next.pdckpt"
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
