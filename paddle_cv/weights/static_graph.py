"""Weights of static-graph models as Paddle 1.x saved them: a folder with the graph `__model__` and a file for each variable.

PaddleHub's older modules, such as resnet50_vd_animals, have them in this form. A file holds, the lowest byte first: the version 0
(uint32), the number of levels of sequence offsets (uint64) and for each its length (uint64) and the offsets, the version 0 again
(uint32), the length of a description (int32), the description as protocol buffer (field 1: the data type; field 2: each side of
the shape), and the values.
"""

from __future__ import annotations

import io
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["read_static_folder"]

GRAPH = "__model__"
# Numbers of the data types in Paddle's framework.proto.
_TYPES = {0: np.bool_, 1: np.int16, 2: np.int32, 3: np.int64, 4: np.float16, 5: np.float32, 6: np.float64, 20: np.uint8}


def read_static_folder(folder: Path) -> dict[str, np.ndarray]:
    """The variables of a static-graph model by their names, without the `@HUB_<module>@` that PaddleHub puts before them.

    Args:
        folder: The folder; every file in it but `__model__` is a variable.

    Raises:
        ValueError: A file of another form; the message names it.
    """
    variables = {}
    for path in sorted(folder.iterdir()):
        if path.name == GRAPH or not path.is_file():
            continue
        try:
            variables[re.sub(r"^@HUB_[^@]+@", "", path.name)] = _read_variable(path.read_bytes())
        except (ValueError, IndexError, struct.error) as error:
            raise ValueError(f"{path.name} is no variable of a static graph: {error}") from error
    return variables


def _read_variable(content: bytes) -> np.ndarray:
    file = io.BytesIO(content)
    version, levels = _unpack(file, "<IQ")
    if version or levels > 8:
        raise ValueError("an unknown version")
    for _ in range(levels):
        file.seek(*_unpack(file, "<Q"), io.SEEK_CUR)
    version, length = _unpack(file, "<Ii")
    if version or not 0 < length < 1024:
        raise ValueError("an unknown version")
    kind, shape = _description(file.read(length))
    # frombuffer has its own complaint where there are too few or too many values.
    return np.frombuffer(content[file.tell() :], np.dtype(_TYPES[kind]).newbyteorder("<")).reshape(shape)


def _unpack(file: io.BytesIO, form: str) -> tuple[Any, ...]:
    return struct.unpack(form, file.read(struct.calcsize(form)))


def _description(message: bytes) -> tuple[int, list[int]]:
    """The data type and the shape in a protocol buffer; repeated numbers may be packed."""
    numbers = {1: [], 2: []}
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        value, place = _varint(message, place)
        if tag >> 3 not in numbers or tag & 7 not in (0, 2):
            raise ValueError("an unknown description")
        if tag & 7 == 0:
            numbers[tag >> 3].append(value)
            continue
        end = place + value
        while place < end:
            value, place = _varint(message, place)
            numbers[tag >> 3].append(value)
    [kind] = numbers[1]
    if kind not in _TYPES:
        raise ValueError(f"data type {kind}")
    return kind, numbers[2]


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """A number of 7 bits a byte, the lowest first, and the place after it."""
    value = shift = 0
    while True:
        byte = message[place]
        place += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, place
