"""Arrays made of bytes that a file holds: of numbers only, and never larger than those bytes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

__all__ = ["BFLOAT16", "array_of", "dtype_of", "float32_of_bfloat16", "strided_array"]

_CODES = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1")
# No text of a file ever reaches numpy.dtype, whose strings and states can make arrays of pointers.
_DTYPES = {order + code: np.dtype(order + code) for code in _CODES for order in ("", "<", ">", "=", "|")}
#: Stands for the dtype that numpy does not have.
BFLOAT16 = "bfloat16"
# As many as numpy 1 has.
_MAX_DIMENSIONS = 32
# Elements that a tensor may have beyond those of its storage: stride 0 repeats one number without end.
_REPEATED = 2**16


def dtype_of(code: object) -> np.dtype | None:
    """The numeric dtype of a code such as `f4` or `<i8`; None for everything else."""
    return _DTYPES.get(code) if isinstance(code, str) else None


def array_of(buffer: bytes | memoryview, dtype: np.dtype, shape: Sequence[int], fortran: bool = False) -> np.ndarray:
    """The bytes as an array, which shares their memory.

    Args:
        buffer: Exactly the bytes of the array.
        dtype: One that `dtype_of` gave.
        shape: Its sides.
        fortran: The first index runs fastest.

    Raises:
        ValueError: The shape is none, or has another number of bytes.
    """
    shape = _sides(shape)
    if math.prod(shape) * dtype.itemsize != len(buffer):
        raise ValueError(f"{len(buffer)} bytes cannot be an array of shape {list(shape)} of {dtype}")
    if not len(buffer):
        return np.zeros(shape, dtype)
    return np.frombuffer(buffer, dtype).reshape(shape, order="F" if fortran else "C")


def strided_array(storage: np.ndarray, offset: int, shape: Sequence[int], strides: Sequence[int]) -> np.ndarray:
    """What a tensor sees of a storage, as PyTorch describes it.

    Args:
        storage: (n,)
        offset: Number of the first element.
        shape: Sides of the tensor.
        strides: For each side, how many elements of the storage further the next one lies.

    Raises:
        ValueError: It would leave the storage, or repeat it many times over.
    """
    shape, strides = _sides(shape), _sides(strides)
    if len(shape) != len(strides) or not _is_size(offset):
        raise ValueError(f"a tensor of shape {list(shape)} with strides {list(strides)}")
    if 0 in shape:
        return np.zeros(shape, storage.dtype)
    last = offset + sum((side - 1) * stride for side, stride in zip(shape, strides))
    if last >= storage.size or math.prod(shape) > max(storage.size, _REPEATED):
        raise ValueError(f"a tensor of shape {list(shape)} does not lie in a storage of {storage.size} numbers")
    size = storage.itemsize
    return np.lib.stride_tricks.as_strided(
        storage[offset:], shape, [stride * size for stride in strides], writeable=False
    )


def float32_of_bfloat16(array: np.ndarray) -> np.ndarray:
    """The numbers whose upper halves are given as uint16."""
    return (array.astype(np.uint32) << np.uint32(16)).view(np.float32)


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**62


def _sides(shape: object) -> tuple[int, ...]:
    if not isinstance(shape, (tuple, list)) or len(shape) > _MAX_DIMENSIONS or not all(map(_is_size, shape)):
        raise ValueError("a shape that is none")
    return tuple(shape)
