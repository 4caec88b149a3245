"""Writes files as PyTorch does, without PyTorch: what pickles name is made up for as long as they are written."""

import io
import pickle
import struct
import sys
import types
import zipfile
from contextlib import contextmanager

import numpy as np

STORAGES = {
    "f4": "FloatStorage",
    "f2": "HalfStorage",
    "f8": "DoubleStorage",
    "i8": "LongStorage",
    "bf": "BFloat16Storage",
}


class Tensor:
    """A tensor as PyTorch pickles it.

    Args:
        array: Its numbers.
        kind: `bf` for bfloat16, of which the array has the bits as uint16.
        storage: A tensor that shares its storage.
        offset, strides: Where it lies there, in elements; None: all of it, row by row.
    """

    def __init__(self, array, kind=None, storage=None, offset=0, strides=None, parameter=False):
        self.array = np.asarray(array, order="C")
        self.kind = kind or self.array.dtype.str[1:]
        self.storage, self.offset, self.parameter = storage or self, offset, parameter
        size = self.array.itemsize
        self.strides = tuple(step // size for step in self.array.strides) if strides is None else strides

    def __reduce__(self):
        rebuild = sys.modules["torch._utils"]
        storage = _Storage(self.storage)
        plain = rebuild._rebuild_tensor_v2, (storage, self.offset, self.array.shape, self.strides, False, {})
        if not self.parameter:
            return plain
        return rebuild._rebuild_parameter, (_Rebuilt(plain), True, {})


class _Rebuilt:
    def __init__(self, reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


class _Storage:
    def __init__(self, tensor):
        self.tensor = tensor


def module(name, **state):
    """A layer as PyTorch pickles it, of a class `name` that nobody has here; within the function that `save` gets."""
    layer = _named(name)()
    layer.__dict__.update(training=True, _parameters={}, _buffers={}, _modules={}, _backward_hooks={})
    layer.__dict__.update(state)
    return layer


def _named(path):
    """A class or function that pickle writes as this name."""
    package, _, name = path.rpartition(".")
    parts = package.split(".")
    for end in range(1, len(parts) + 1):
        sys.modules.setdefault(".".join(parts[:end]), types.ModuleType(".".join(parts[:end])))
    holder = sys.modules[package]
    if not hasattr(holder, name):
        setattr(holder, name, type(name, (), {"__module__": package}))
    return getattr(holder, name)


@contextmanager
def _names():
    before = dict(sys.modules)
    try:
        for name in ("_utils._rebuild_tensor_v2", "_utils._rebuild_parameter", *STORAGES.values()):
            _named(f"torch.{name}")
        yield
    finally:
        for name in sys.modules.keys() - before.keys():
            del sys.modules[name]


class _Pickler(pickle.Pickler):
    def __init__(self, file, legacy):
        super().__init__(file, 2)
        self.legacy, self.storages, self.keys = legacy, {}, {}

    def persistent_id(self, value):
        if not isinstance(value, _Storage):
            return None
        tensor = value.tensor
        key = self.keys.setdefault(id(tensor), str(len(self.keys)))
        self.storages[key] = tensor.array
        kind = getattr(sys.modules["torch"], STORAGES[tensor.kind])
        identity = ("storage", kind, key, "cuda:0", tensor.array.size)
        return (*identity, None) if self.legacy else identity


def save(value, path, legacy=False, compression=zipfile.ZIP_STORED):
    """As torch.save(value, path, _use_new_zipfile_serialization=not legacy)."""
    file = io.BytesIO()
    with _names():
        pickler = _Pickler(file, legacy)
        pickler.dump(value() if callable(value) else value)
    if not legacy:
        with zipfile.ZipFile(path, "w", compression) as archive:
            archive.writestr("archive/data.pkl", file.getvalue())
            archive.writestr("archive/byteorder", "little")
            for key, array in pickler.storages.items():
                archive.writestr(f"archive/data/{key}", array.tobytes())
            archive.writestr("archive/version", "3\n")
        return
    with open(path, "wb") as target:
        for part in (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}):
            pickle.dump(part, target, 2)
        target.write(file.getvalue())
        pickle.dump(list(pickler.storages), target, 2)
        for array in pickler.storages.values():
            target.write(struct.pack("<q", array.size) + array.tobytes())
