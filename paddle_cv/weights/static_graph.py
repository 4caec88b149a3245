"""Weights of static-graph models as Paddle saved them before version 3.

Older ones, such as PaddleHub's resnet50_vd_animals, are a folder with the graph `__model__` and a file for each variable. Later
ones keep all variables in one file, `__params__` or `<name>.pdiparams`, in the order of their names, which stand in the graph,
`__model__` or `<name>.pdmodel`.

A variable is, the lowest byte first: the version 0 (uint32), the number of levels of sequence offsets (uint64) and for each its
length (uint64) and the offsets, the version 0 again (uint32), the length of a description (int32), the description as protocol
buffer (field 1: the data type; field 2: each side of the shape), and the values.
"""

from __future__ import annotations

import io
import math
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .arrays import array_of

__all__ = ["is_static_graph", "read_static_graph"]

_GRAPH, _COMBINED = "__model__", "__params__"
# Numbers of the data types in Paddle's framework.proto; bfloat16 as its bits.
_TYPES = {
    0: np.bool_,
    1: np.int16,
    2: np.int32,
    3: np.int64,
    4: np.float16,
    5: np.float32,
    6: np.float64,
    20: np.uint8,
    22: np.uint16,
}
# ... and of the kind of variables that have values of their own.
_DENSE = 7


def is_static_graph(path: Path) -> bool:
    """Whether it is the folder of a static graph, or one of the two files of one."""
    if (path / _GRAPH).is_file():
        return True
    return path.suffix in (".pdmodel", ".pdiparams") and path.with_suffix(".pdmodel").is_file()


def read_static_graph(path: Path) -> dict[str, np.ndarray]:
    """The variables of a static-graph model by their names, without the `@HUB_<module>@` that PaddleHub puts before them.

    Args:
        path: The folder, in which every file but the graph is a variable, or all of them are in `__params__`; or `<name>.pdmodel`
            or `<name>.pdiparams`, with the other one beside it.

    Raises:
        FileNotFoundError: The file of the variables is missing.
        ValueError: A file of another form; the message names it.
    """
    if not path.is_dir():
        variables = _read_combined(path.with_suffix(".pdmodel"), path.with_suffix(".pdiparams"))
    elif (path / _COMBINED).is_file():
        variables = _read_combined(path / _GRAPH, path / _COMBINED)
    else:
        variables = {}
        for file in sorted(path.iterdir()):
            if file.name != _GRAPH and file.is_file():
                variables[file.name] = _read_file(file)
    return {re.sub(r"^@HUB_[^@]+@", "", name): value for name, value in variables.items()}


def _read_file(path: Path) -> np.ndarray:
    try:
        stream = io.BytesIO(path.read_bytes())
        array = _read_variable(stream)
        if stream.read(1):
            raise ValueError("more values than its shape has")
        return array
    except (ValueError, IndexError, struct.error) as error:
        raise ValueError(f"{path.name} is no variable of a static graph: {error}") from error


def _read_combined(graph: Path, file: Path) -> dict[str, np.ndarray]:
    shapes = _variables(graph.read_bytes())
    stream = io.BytesIO(file.read_bytes())
    variables = {}
    for name in sorted(shapes):
        variables[name] = _read_variable(stream)
        if list(variables[name].shape) != shapes[name]:
            raise ValueError(
                f"{name} has the shape {list(variables[name].shape)} and not {shapes[name]}, as the graph says"
            )
    if stream.read(1):
        raise ValueError(f"{file.name} has more variables than the graph")
    return variables


def _variables(program: bytes) -> dict[str, list[int]]:
    """Names and shapes of what a graph keeps, from Paddle's ProgramDesc."""
    shapes = {}
    for block in _parts(program, 1):
        for variable in _parts(block, 3):
            facts = dict(_fields(variable))
            kind = dict(_fields(facts.get(2, b"")))
            if facts.get(3) == 1 and kind.get(1) == _DENSE and 3 in kind:
                tensor = dict(_fields(kind[3]))[1]
                shapes[facts[1].decode()] = _description(tensor)[1]
    return shapes


def _read_variable(stream: io.BytesIO) -> np.ndarray:
    version, levels = _unpack(stream, "<IQ")
    if version or levels > 8:
        raise ValueError("an unknown version")
    for _ in range(levels):
        stream.seek(*_unpack(stream, "<Q"), io.SEEK_CUR)
    version, length = _unpack(stream, "<Ii")
    if version or not 0 < length < 1024:
        raise ValueError("an unknown version")
    kind, shape = _description(stream.read(length))
    dtype = np.dtype(_TYPES[kind]).newbyteorder("<")
    size = math.prod(shape) * dtype.itemsize
    # No more is read than there is, whatever the shape says.
    return array_of(stream.read(size) if 0 <= size < 2**62 else b"", dtype, shape)


def _unpack(stream: io.BytesIO, form: str) -> tuple[Any, ...]:
    return struct.unpack(form, stream.read(struct.calcsize(form)))


def _description(message: bytes) -> tuple[int, list[int]]:
    """The data type and the shape in a protocol buffer; repeated numbers may be packed."""
    numbers: dict[int, list[int]] = {1: [], 2: []}
    for field, value in _fields(message):
        if field not in numbers:
            raise ValueError("an unknown description")
        if isinstance(value, int):
            numbers[field].append(value)
            continue
        place = 0
        while place < len(value):
            number, place = _varint(value, place)
            numbers[field].append(number)
    [kind] = numbers[1]
    if kind not in _TYPES:
        raise ValueError(f"data type {kind}")
    return kind, numbers[2]


def _parts(message: bytes, field: int) -> Iterator[bytes]:
    """All messages in one field of a message."""
    return (value for number, value in _fields(message) if number == field and isinstance(value, bytes))


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Numbers and values of the fields of a protocol buffer: integers, and bytes."""
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        if tag & 7 == 0:
            value, place = _varint(message, place)
            yield tag >> 3, value
            continue
        if tag & 7 == 2:
            length, place = _varint(message, place)
        elif tag & 7 in (1, 5):
            length = 8 if tag & 7 == 1 else 4
        else:
            raise ValueError("an unknown description")
        if place + length > len(message):
            raise ValueError("it ends in the middle")
        yield tag >> 3, message[place : place + length]
        place += length


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
