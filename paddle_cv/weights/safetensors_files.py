"""Files in the format safetensors: a header in JSON, and the numbers of each tensor."""

from __future__ import annotations

import json

import numpy as np
from safetensors import deserialize

from .arrays import array_of, dtype_of

__all__ = ["read_safetensors"]

_CODES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "u1",
    "BOOL": "b1",
}


def read_safetensors(content: bytes) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The tensors of a file and its metadata.

    safetensors' own reader for numpy does not know bfloat16; here it is the bits as uint16, which Paddle takes for it.

    Args:
        content: The file.

    Raises:
        Exception: It is damaged, or has tensors of another kind.
    """
    arrays = {}
    for key, tensor in deserialize(content):  # which checks all that the header says
        if tensor["dtype"] not in _CODES:
            raise ValueError(f"{key} is of the kind {tensor['dtype']}, which is not read")
        arrays[key] = array_of(memoryview(tensor["data"]), dtype_of(_CODES[tensor["dtype"]]), list(tensor["shape"]))
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return arrays, header.get("__metadata__", {})
