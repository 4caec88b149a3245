"""PNG files: the chunks beside the pixels; and 16-bit colour, which Pillow decodes to 8 bits, by imagecodecs (libpng)."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Optional

import numpy as np

__all__ = ["SIGNATURE", "PngFile", "chunks_of", "decode_png", "encode_png", "open_png", "with_chunks"]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# How a PNG file describes its colours, and the length of each chunk.
_COLORS = {b"cHRM": 32, b"cICP": 4, b"cLLI": 8, b"gAMA": 4, b"mDCV": 24, b"sRGB": 1}
_TEXTS = (b"iTXt", b"tEXt", b"zTXt")
_OF_PIXELS = {b"oFFs": "the place on a page", b"pCAL": "what values measure", b"sCAL": "the size of what is shown"}
# Pillow refuses files with more text than this in one chunk, which nobody here reads, and with larger profiles.
_PILLOW_TEXT = 2**20
_LARGEST_PROFILE = 2**24
_MOST_CHUNKS = 100_000
_HEADER = 33  # bytes that signature and header always take


@dataclass
class PngFile:
    """A PNG file, made ready for decoders.

    Attributes:
        file: What they get: the file itself, or a copy without texts and profiles that they would refuse.
        chunks: How it describes its colours: {kind: content}.
        profile: The ICC profile, where it was taken out.
        lost: What is left out, for the log.
    """

    file: Any
    chunks: dict[bytes, bytes] = field(default_factory=dict)
    profile: Optional[bytes] = None
    lost: list[str] = field(default_factory=list)


def open_png(file: Any) -> PngFile:
    """Looks through the chunks of a file; damage is left for decoders to find."""
    png, room, unwanted = PngFile(file), _PILLOW_TEXT, []
    for kind, start, length in _places(file):
        if kind in _TEXTS:
            size = _text_size(kind, _content(file, start, length), room)
            room -= size
            if room < 0:
                unwanted.append((start - 8, start + length + 4))
        elif kind == b"iCCP":
            profile = _profile(_content(file, start, length))
            if profile is not None and len(profile) > _PILLOW_TEXT:
                unwanted.append((start - 8, start + length + 4))
                if len(profile) > _LARGEST_PROFILE:
                    png.lost.append(f"the ICC profile is left out, which has more than {_LARGEST_PROFILE >> 20} MiB")
                else:
                    png.profile = profile
        elif kind in _COLORS:
            if length == _COLORS[kind] and _is_whole(file, kind, start, length):
                png.chunks[kind] = _content(file, start, length)
            else:
                unwanted.append((start - 8, start + length + 4))
                png.lost.append(f"what the file says of its colours ({kind.decode()}) is damaged and left out")
        elif kind == b"pHYs" and length == 9 and _is_whole(file, kind, start, length):
            content = _content(file, start, length)
            if content[8] == 0 and content[:4] != content[4:8]:  # the shape of pixels, without their size
                png.chunks[kind] = content
        elif kind in _OF_PIXELS:
            png.lost.append(
                f"{_OF_PIXELS[kind]} ({kind.decode()}) is left out, which holds for the pixels as they were"
            )
    if unwanted:
        png.file = _without(file, unwanted)
    png.file.seek(0)
    return png


def _places(file: Any) -> Iterator[tuple[bytes, int, int]]:
    """Kind, place of the content and its length, of each chunk."""
    place = len(SIGNATURE)
    for _ in range(_MOST_CHUNKS):
        file.seek(place)
        head = file.read(8)
        if len(head) < 8:
            return
        length, kind = struct.unpack(">I4s", head)
        yield kind, place + 8, length
        place += 12 + length
        if kind == b"IEND":
            return


def _content(file: Any, start: int, length: int) -> bytes:
    file.seek(start)
    return file.read(length)


def _is_whole(file: Any, kind: bytes, start: int, length: int) -> bool:
    content = _content(file, start, length + 4)
    return len(content) == length + 4 and zlib.crc32(kind + content[:-4]) == int.from_bytes(content[-4:], "big")


def _text_size(kind: bytes, content: bytes, most: int) -> int:
    """Bytes of a text when it is unpacked; of one with more than `most`, some number above it."""
    _, _, rest = content.partition(b"\0")  # a keyword
    if kind == b"iTXt" and rest[:1] == b"\1":
        _, _, rest = rest[2:].partition(b"\0")  # a language
        _, _, rest = rest.partition(b"\0")  # the keyword in it
    elif kind == b"zTXt":
        rest = rest[1:]
    else:
        return len(content)
    return len(_inflated(rest, max(most, 0) + 1) or b"")


def _profile(content: bytes) -> Optional[bytes]:
    _, _, rest = content.partition(b"\0")
    return _inflated(rest[1:], _LARGEST_PROFILE + 1)


def _inflated(data: bytes, most: int) -> Optional[bytes]:
    """The first `most` bytes of what was packed; None where it is damaged."""
    try:
        return zlib.decompressobj().decompress(data, most)
    except zlib.error:
        return None


def _without(file: Any, places: list[tuple[int, int]]) -> io.BytesIO:
    file.seek(0)
    data, copy, start = memoryview(file.read()), io.BytesIO(), 0
    for left_out, end in places:
        copy.write(data[start:left_out])
        start = end
    copy.write(data[start:])
    return copy


def chunks_of(info: dict[str, Any]) -> dict[bytes, bytes]:
    """The chunks about colour that Pillow has read: of an image that is no longer a file."""
    chunks = {}
    try:
        if "gamma" in info:
            chunks[b"gAMA"] = struct.pack(">I", round(info["gamma"] * 100000))
        if "chromaticity" in info:
            chunks[b"cHRM"] = struct.pack(">8I", *(round(value * 100000) for value in info["chromaticity"]))
        if "srgb" in info:
            chunks[b"sRGB"] = bytes([info["srgb"]])
    except (TypeError, ValueError, struct.error):  # whoever made the image wrote something else there
        pass
    return chunks


def decode_png(data: bytes) -> np.ndarray:
    """(H, W), (H, W, 2), (H, W, 3) or (H, W, 4), uint16; what libpng refuses is raised as it is."""
    import imagecodecs

    return imagecodecs.png_decode(data)


def encode_png(array: np.ndarray, info: dict[str, Any]) -> bytes:
    """A PNG file of a uint16 array with what `Picture.info` has."""
    import imagecodecs

    chunks = dict(info.get("png_chunks", {}))
    if "icc_profile" in info:
        chunks[b"iCCP"] = b"ICC profile\0\0" + zlib.compress(info["icc_profile"])
    if "dpi" in info:
        per_metre = [round(float(value) / 0.0254) for value in info["dpi"]]
        chunks[b"pHYs"] = struct.pack(">IIB", *per_metre, 1)
    if "exif" in info:
        chunks[b"eXIf"] = info["exif"].removeprefix(b"Exif\0\0")
    return with_chunks(imagecodecs.png_encode(np.ascontiguousarray(array)), chunks)


def with_chunks(data: bytes, chunks: dict[bytes, bytes]) -> bytes:
    """A PNG file with further chunks, between its header and its pixels."""
    packed = b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks.items()
    )
    return data[:_HEADER] + packed + data[_HEADER:]
