"""Zip archives of weights: `.npz`, and the form in which PyTorch saves since 1.6."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np

from .arrays import array_of, dtype_of

__all__ = ["open_archive", "read_member", "read_npz"]

# Weights hardly get smaller by compression: half precision kept as float32 by half, 8-bit integers to a quarter. Zeros shrink a
# thousandfold, and so a file of a few megabytes could fill the memory.
_MAX_RATIO, _ALWAYS = 16, 2**26
# The start of a .npy file, and what numpy writes as its header.
_MAGIC = b"\x93NUMPY"
_HEADER = re.compile(
    rb"\{'descr': '([^']*)', 'fortran_order': (True|False), 'shape': \(((?:\d+, ?)*(?:\d+)?)\),? *\}\s*"
)


def open_archive(path: Path) -> zipfile.ZipFile:
    """The archive, of which no more can be unpacked than what weights take.

    Raises:
        ValueError: It is larger unpacked, or packed in a way that neither numpy nor PyTorch uses.
        zipfile.BadZipFile: It is damaged.
    """
    archive = zipfile.ZipFile(path)
    members = archive.infolist()
    # The archive's own directory says how long each member is, and `read_member` takes no more.
    size = sum(member.file_size for member in members)
    if size > max(_MAX_RATIO * path.stat().st_size, _ALWAYS):
        archive.close()
        raise ValueError(f"{path.stat().st_size} bytes that would be {size} unpacked are no weights")
    if not all(member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in members):
        archive.close()
        raise ValueError("an archive with an unusual compression")
    return archive


def read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """A member of the archive, and no more than the length that its directory says."""
    with archive.open(name) as member:
        # read() without a number unpacks all that there is before it looks at that length.
        return member.read(archive.getinfo(name).file_size)


def read_npz(archive: zipfile.ZipFile) -> dict[str, np.ndarray]:
    """The arrays of numbers in an `.npz` archive; others, such as texts, are left out.

    Raises:
        ValueError: A damaged array; the message names it.
    """
    arrays = {}
    for name in archive.namelist():
        if name.endswith(".npy"):
            key = name[: -len(".npy")]
            try:
                array = _read_npy(read_member(archive, name))
            except ValueError as error:
                raise ValueError(f"{key}: {error}") from error
            if array is not None:
                arrays[key] = array
    return arrays


def _read_npy(content: bytes) -> np.ndarray | None:
    """numpy's own reader makes an array as large as the header says before it looks at what there is."""
    if content[:6] != _MAGIC or len(content) < 12:
        raise ValueError("no array of numpy's")
    length = 2 if content[6] == 1 else 4
    start = 8 + length + int.from_bytes(content[8 : 8 + length], "little")
    header = _HEADER.fullmatch(content[8 + length : start])
    # bfloat16 of the package ml_dtypes is saved as two bytes without a meaning.
    dtype = header and dtype_of(header[1].decode("latin1").replace("V2", "u2"))
    if header is None or dtype is None:  # texts, objects, structures
        return None
    sides = [int(side) for side in header[3].split(b",") if side.strip()]
    return array_of(memoryview(content)[start:], dtype, sides, fortran=header[2] == b"True")
