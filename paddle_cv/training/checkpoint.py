"""Files of a training run, written so that a run killed at any moment leaves a whole one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable, Union

import paddle

__all__ = ["load_checkpoint", "save_checkpoint", "write_atomically"]


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
