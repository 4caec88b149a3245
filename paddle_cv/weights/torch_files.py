"""Files of `torch.save`, read without PyTorch: the zip archives of today, and what it wrote before 1.6.

Both hold a pickle in which tensors refer to storages, whose numbers stand outside it. Whole pickled networks are read as well:
of their objects only the parameters, the buffers and the layers that hold them are looked at.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .archives import read_member
from .arrays import BFLOAT16, array_of, dtype_of, float32_of_bfloat16, strided_array
from .pickles import Calls, Name, Thing, read_pickle

__all__ = ["Tensor", "is_legacy", "layer_state", "read_torch_archive", "read_torch_legacy"]

_MAGIC = 0x1950A86A20F9469CFC6C
# Storages and dtypes by PyTorch's names for them.
_STORAGES = {
    "HalfStorage": "f2",
    "FloatStorage": "f4",
    "DoubleStorage": "f8",
    "CharStorage": "i1",
    "ShortStorage": "i2",
    "IntStorage": "i4",
    "LongStorage": "i8",
    "ByteStorage": "u1",
    "BoolStorage": "b1",
    "BFloat16Storage": BFLOAT16,
    "UntypedStorage": "u1",
}
_DTYPES = {
    "float16": "f2",
    "float32": "f4",
    "float64": "f8",
    "int8": "i1",
    "int16": "i2",
    "int32": "i4",
    "int64": "i8",
    "uint8": "u1",
    "bool": "b1",
    "bfloat16": BFLOAT16,
}
# Layers of a network, which may be in many places, or even within themselves; and characters of an entry's name.
_MAX_LAYERS, _MAX_KEY = 100_000, 2000


class _Storage:
    """Numbers that tensors share. Those of other precisions become float32 once for all of them."""

    def __init__(self, code: str, count: int, order: str):
        self.code, self.count, self.order = code, count, order
        self.content: bytes | memoryview | None = None
        self._arrays: dict[str, np.ndarray] = {}

    @property
    def size(self) -> int:
        """In bytes."""
        return self.count * _dtype(self.code, self.order).itemsize

    def array(self, code: str | None = None) -> np.ndarray:
        """(count,), as numbers of another kind where a code is given."""
        code = code or self.code
        if code not in self._arrays:
            if self.content is None or len(self.content) != self.size:
                raise ValueError("a storage without its numbers")
            dtype = _dtype(code, self.order)
            array = array_of(self.content, dtype, (self.size // dtype.itemsize,))
            if code == BFLOAT16:
                array = float32_of_bfloat16(array)
            elif array.dtype.kind == "f":
                array = array.astype(np.float32, copy=False)
            self._arrays[code] = array
        return self._arrays[code]


class Tensor:
    """A tensor of PyTorch's, whose numbers may come later in the file."""

    __slots__ = ("_place", "_storage")

    def __init__(self, storage: _Storage, offset: int, shape: tuple, strides: tuple, code: str | None = None):
        self._storage, self._place = (storage, code), (offset, shape, strides)

    def array(self) -> np.ndarray:
        """Its numbers; tensors that share a storage share memory."""
        storage, code = self._storage
        return strided_array(storage.array(code), *self._place)


def _dtype(code: str, order: str) -> np.dtype:
    return dtype_of(order + ("u2" if code == BFLOAT16 else code))


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> Tensor:
    if not isinstance(storage, _Storage):
        raise ValueError("a tensor without a storage")
    return Tensor(storage, offset, shape, strides)


def _tensor_v3(storage: Any, offset: Any, shape: Any, strides: Any, _grad: Any, _hooks: Any, dtype: Any, *_: Any):
    if not isinstance(storage, _Storage) or not isinstance(dtype, Name):
        raise ValueError("a tensor without a storage")
    code = _DTYPES.get(dtype.path.rpartition(".")[2])
    return Thing(dtype.path) if code is None else Tensor(storage, offset, shape, strides, code)


def _subclass(function: Any, _kind: Any, arguments: Any, *_: Any) -> Any:
    if not isinstance(function, Name) or function.path not in _CALLS:
        return Thing("torch._tensor._rebuild_from_type_v2")
    return _CALLS[function.path](*arguments)


_CALLS: Calls = {
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_v3,
    "torch._utils._rebuild_parameter": lambda tensor, *_: tensor,
    "torch._utils._rebuild_parameter_with_state": lambda tensor, *_: tensor,
    "torch._utils._rebuild_device_tensor_from_numpy": lambda array, *_: array,
    "torch._tensor._rebuild_from_type_v2": _subclass,
    "torch.Size": lambda sides=(): sides,
}


class _Storages:
    """The storages of a file by their keys."""

    def __init__(self, order: str, read: Callable[[str], bytes] | None = None):
        self.known: dict[str, _Storage] = {}
        self.order, self.read = order, read

    def __call__(self, identity: Any) -> Any:
        if not isinstance(identity, tuple) or len(identity) < 2:
            raise ValueError("it refers to something outside")
        if identity[0] == "module":  # a class, with its source
            return identity[1]
        _, kind, key, _, count, *view = identity
        code = _STORAGES.get(kind.path.rpartition(".")[2]) if isinstance(kind, Name) else None
        if code is None or not isinstance(key, str) or not isinstance(count, int) or not 0 <= count < 2**62:
            raise ValueError(f"a storage of {kind.path if isinstance(kind, Name) else 'an unknown kind'}")
        if any(part is not None for part in view):
            raise ValueError("a storage that is part of another, as PyTorch wrote before 0.4")
        if key not in self.known:
            self.known[key] = _Storage(code, count, self.order)
            if self.read is not None:
                self.known[key].content = self.read(key)
        return self.known[key]


def read_torch_archive(archive: zipfile.ZipFile, pickle_name: str) -> Any:
    """What an archive of `torch.save` holds, as `read_pickle` gives it, with a `Tensor` for each tensor.

    Args:
        archive: From `open_archive`.
        pickle_name: The member that is the pickle.

    Raises:
        Exception: As `read_pickle`.
    """
    folder = pickle_name[: -len("data.pkl")]
    members = set(archive.namelist())
    big = f"{folder}byteorder" in members and read_member(archive, f"{folder}byteorder").strip() == b"big"

    storages = _Storages(">" if big else "<", lambda key: read_member(archive, f"{folder}data/{key}"))
    return read_pickle(read_member(archive, pickle_name), 0, _CALLS, storages)[0]


def read_torch_legacy(content: bytes, start: int) -> Any:
    """As `read_torch_archive`, of what PyTorch wrote before 1.6: several pickles, and the storages after them.

    Args:
        content: The file.
        start: Behind its first pickle, the number `_MAGIC`.

    Raises:
        Exception: As `read_pickle`.
    """
    _, start = read_pickle(content, start)  # the version
    system, start = read_pickle(content, start)
    order = "<" if not isinstance(system, dict) or system.get("little_endian", True) else ">"
    storages = _Storages(order)
    value, start = read_pickle(content, start, _CALLS, storages)
    keys, start = read_pickle(content, start)
    view = memoryview(content)
    for key in keys if isinstance(keys, list) else ():
        storage = storages.known[key]
        count = int.from_bytes(view[start : start + 8], "little" if order == "<" else "big")
        numbers = view[start + 8 : start + 8 + storage.size]
        if count != storage.count:
            raise ValueError("a storage of another length than the tensors say")
        storage.content = numbers
        start += 8 + storage.size
    return value


def is_legacy(value: Any) -> bool:
    """Whether the first object of a file says that PyTorch wrote it."""
    return isinstance(value, int) and value == _MAGIC


def layer_state(layer: Any, number: Iterator[int]) -> dict[str, Any] | None:
    """The state dict of a pickled network of PyTorch's; None where an object is none.

    Args:
        layer: Any object of a pickle.
        number: Counts the layers of all networks of a file.

    Raises:
        ValueError: More layers than networks have: some lie within each other.
    """
    state: dict[str, Any] = {}
    return state if _collect(layer, "", state, number) else None


def _collect(layer: Any, prefix: str, state: dict[str, Any], number: Iterator[int]) -> bool:
    facts = layer.state if isinstance(layer, Thing) else None
    if not isinstance(facts, dict) or not {"_parameters", "_modules"} <= facts.keys():
        return False
    if next(number) > _MAX_LAYERS or len(prefix) > _MAX_KEY:
        raise ValueError("a network of layers within each other without an end")
    left_out = facts.get("_non_persistent_buffers_set")
    left_out = left_out if isinstance(left_out, (list, tuple)) else ()
    for kind in ("_parameters", "_buffers"):
        for name, value in _entries(facts.get(kind)):
            if kind == "_parameters" or name not in left_out:
                state[prefix + name] = value
    for name, part in _entries(facts["_modules"]):
        _collect(part, f"{prefix}{name}.", state, number)
    return True


def _entries(value: Any) -> list[tuple[str, Any]]:
    if not isinstance(value, dict):
        return []
    return [(name, entry) for name, entry in value.items() if isinstance(name, str) and entry is not None]
