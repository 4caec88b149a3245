"""Files from strangers, looked at before a decoder sees them: how much work they are stands in their bytes, not in their type.

A decoder may work for minutes on a few kilobytes: on thousands of scans, tags that all point to the same megabyte, texts that
are compressed a thousandfold. Here the parts of a file are walked through without decoding any; those that pixels, colour and
orientation do not need are left out, and what is left is bounded.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

__all__ = ["MAX_SCANNED", "checked"]

# Chunks or segments of a file. Python works on each; a PNG file of 16 MiB in usual parts of 8 KiB has two thousand.
_MAX_PARTS = 10_000
#: Pixels of a JPEG file times its scans: a scan takes 14 bytes, and to decode it takes as long as it takes for all pixels. Usual
#: progressive files have ten scans.
MAX_SCANNED = 100_000_000
# A scan's marker; the two bytes stand for nothing else behind the first of them.
_SCAN = b"\xff\xda"
# What a JPEG file cannot have more of, others need not.
_MAX_METADATA = 2**16
_MAX_PROFILE = 2**22
# PNG's chunks, and how long they may be. Texts (`tEXt`, `zTXt`) and the further frames of animations are not among them.
_PNG = {
    b"IHDR": 13,
    b"PLTE": 768,
    b"tRNS": 768,
    b"IDAT": 2**31,
    b"IEND": 0,
    b"iCCP": _MAX_PROFILE,
    b"eXIf": _MAX_METADATA,
}
_PNG |= {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"cICP": 4, b"mDCV": 24, b"cLLI": 8, b"sBIT": 4, b"bKGD": 6, b"pHYs": 9}
_XMP = b"XML:com.adobe.xmp\0\0"  # not compressed
# Bytes of a value of each of TIFF's types.
_TIFF_TYPES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}
# Tags that point to further tags: those of the camera, of the place, and those below.
_POINTERS = (0x8769, 0x8825, 0xA005)


def checked(data: bytes) -> tuple[bytes, int]:
    """A PNG, JPEG or WebP file without what its picture does not need, and how many scans it has (1 where there are none).

    Raises:
        ValueError: It is of another kind, damaged, has too many parts, or metadata that would grow when it is read.
    """
    for start, check in _KINDS.items():
        if data.startswith(start):
            return check(data)
    raise ValueError("no PNG, JPEG or WebP file")


def _png(data: bytes) -> tuple[bytes, int]:
    kept, place = [data[:8]], 8
    for _ in range(_MAX_PARTS):
        if place + 12 > len(data):
            return b"".join(kept), 1  # truncated: the decoder says so
        length, kind = struct.unpack_from(">I4s", data, place)
        end = place + 12 + length
        wanted = length <= _PNG.get(kind, -1)
        if kind == b"iTXt" and length <= _MAX_METADATA:
            wanted = data.startswith(_XMP, place + 8)
        if wanted:
            if kind == b"eXIf":
                _check_exif(data[place + 8 : end - 4])
            kept.append(data[place:end])
        if kind == b"IEND":
            return b"".join(kept), 1
        place = end
    raise ValueError(f"a PNG file of more than {_MAX_PARTS} chunks")


def _jpeg(data: bytes) -> tuple[bytes, int]:
    kept, place = [data[:2]], 2
    for _ in range(_MAX_PARTS):
        place = data.find(b"\xff", place)
        if place < 0 or place + 4 > len(data):
            raise ValueError("a JPEG file without a picture")
        marker, length = struct.unpack_from(">xBH", data, place)
        if marker == 0xDA:
            return b"".join(kept) + data[place:], data.count(_SCAN, place)
        if marker in (0x00, 0x01, 0xFF) or 0xD0 <= marker <= 0xD8:  # nothing belongs to these
            place += 1 if marker == 0xFF else 2
            continue
        content = data[place + 4 : place + 2 + length]
        if _wanted_segment(marker, content):
            kept.append(data[place : place + 2 + length])
        place += 2 + max(length, 2)
    raise ValueError(f"a JPEG file of more than {_MAX_PARTS} segments")


def _wanted_segment(marker: int, content: bytes) -> bool:
    """Applications may keep anything in a file, further pictures among it (MPO); comments are of no use either."""
    if marker == 0xE1 and content.startswith(b"Exif\0\0"):
        _check_exif(content[6:])
        return True
    if marker == 0xE1:
        return content.startswith(b"http://ns.adobe.com/xap/1.0/\0")
    if marker == 0xE2:
        return content.startswith(b"ICC_PROFILE\0")
    return marker in (0xE0, 0xEE) or not (0xE0 <= marker <= 0xEF or marker == 0xFE)


def _webp(data: bytes) -> tuple[bytes, int]:
    if data[8:12] != b"WEBP":
        raise ValueError("no PNG, JPEG or WebP file")
    place = 12
    for _ in range(_MAX_PARTS):
        if place + 8 > len(data):
            return data, 1
        kind, length = struct.unpack_from("<4sI", data, place)
        if kind == b"EXIF":
            content = data[place + 8 : place + 8 + length]
            _check_exif(content.removeprefix(b"Exif\0\0"))
        elif kind == b"XMP " and length > _MAX_PROFILE:
            raise ValueError("a WebP file with too much metadata")
        place += 8 + length + length % 2
    raise ValueError(f"a WebP file of more than {_MAX_PARTS} chunks")


_KINDS: dict[bytes, Callable[[bytes], tuple[bytes, int]]] = {
    b"\x89PNG\r\n\x1a\n": _png,
    b"\xff\xd8\xff": _jpeg,
    b"RIFF": _webp,
}


def _check_exif(data: bytes) -> None:
    """Refuses metadata whose values lie over each other: read, they could take thousands of times what the file does.

    Raises:
        ValueError: Its values together are longer than it is itself, and than some megabytes.
    """
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 8:
        return  # the decoder leaves it out, too
    todo, seen, total = [struct.unpack_from(f"{order}I", data, 4)[0]], set(), 0
    while todo:
        place = todo.pop()
        if place in seen or place + 2 > len(data):
            continue
        seen.add(place)
        count = struct.unpack_from(f"{order}H", data, place)[0]
        for entry in range(place + 2, min(place + 2 + 12 * count, len(data) - 11), 12):
            tag, kind, number, value = struct.unpack_from(f"{order}HHII", data, entry)
            size = _TIFF_TYPES.get(kind, 0) * number
            total += 12 + (size if size > 4 else 0)
            if tag in _POINTERS:
                todo.append(value)
        if total > max(len(data), _MAX_PROFILE):
            raise ValueError("EXIF data whose values lie over each other")
