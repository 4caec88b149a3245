"""Files that are deeper than Pillow can hold: 16-bit colour PNG, and TIFF of 16 bits or floating-point numbers.

Pillow decodes the first to 8 bits and refuses most of the second. The codecs are libpng's, by imagecodecs, and tifffile's.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Any, Optional

import numpy as np

from .work import check_parts

__all__ = ["decode_png", "decode_tiff", "encode_png", "encode_tiff", "tiff_size", "upright"]


def decode_png(data: bytes) -> np.ndarray:
    """(H, W), (H, W, 2), (H, W, 3) or (H, W, 4), uint16; what libpng refuses is raised as it is."""
    import imagecodecs

    return imagecodecs.png_decode(data)


def encode_png(array: np.ndarray, info: dict[str, Any]) -> bytes:
    """A PNG file of a uint16 array with ICC profile, EXIF data and resolution."""
    import imagecodecs

    data = imagecodecs.png_encode(np.ascontiguousarray(array))
    chunks = b""
    if "icc_profile" in info:
        chunks += _chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(info["icc_profile"]))
    if "dpi" in info:
        per_metre = [round(float(value) / 0.0254) for value in info["dpi"]]
        chunks += _chunk(b"pHYs", struct.pack(">IIB", *per_metre, 1))
    if "exif" in info:
        exif = info["exif"]
        chunks += _chunk(b"eXIf", exif[6:] if exif.startswith(b"Exif\0\0") else exif)
    # They belong between the header, which always takes the first 33 bytes, and the pixels.
    return data[:33] + chunks + data[33:]


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def decode_tiff(file: Any, check_size: Callable[[int, int], None]) -> tuple[np.ndarray, dict[str, Any], list[str]]:
    """The first page of a TIFF file.

    Args:
        file: A file opened for reading bytes.
        check_size: Called with width and height before anything is decoded; it raises where they are too large.

    Returns:
        Array as `open_picture` takes it, upright; {"icc_profile", "dpi"} as far as there are; what is lost, for the log.

    Raises:
        ValueError: A kind of TIFF file that is not supported, or pixels are missing.
        Exception: What tifffile and its decoders raise for damaged files.
    """
    import tifffile

    with tifffile.TiffFile(file) as tiff:
        page = tiff.pages.first
        check_size(page.imagewidth, page.imagelength)
        pixels = page.imagewidth * page.imagelength
        strip = page.imagewidth * min(page.rowsperstrip or page.imagelength, page.imagelength)
        check_parts(len(page.dataoffsets), page.tilewidth * page.tilelength if page.is_tiled else strip, pixels)
        samples, extra = page.samplesperpixel, tuple(int(kind) for kind in page.extrasamples)
        photometric = tifffile.PHOTOMETRIC(page.photometric).name
        colors = {"MINISBLACK": 1, "MINISWHITE": 1, "RGB": 3, "SEPARATED": 4}.get(photometric)
        if colors is None or page.imagedepth != 1 or not colors <= samples <= colors + 4:
            raise ValueError(f"TIFF files of {photometric} with {samples} samples are not supported")
        if page.dtype is None or page.dtype.str[1:] not in ("u1", "u2", "f2", "f4", "f8"):
            raise ValueError(f"TIFF files of {page.bitspersample}-bit numbers of type {page.dtype} are not supported")
        if page.bitspersample != 8 * page.dtype.itemsize:
            raise ValueError(f"TIFF files of {page.bitspersample} bits are not supported")
        # tifffile takes missing parts for black ones.
        for start, length in zip(page.dataoffsets, page.databytecounts):
            if length <= 0 or start + length > tiff.filehandle.size:
                raise ValueError("the file is truncated")
        array = page.asarray()
        planes = np.moveaxis(array, 0, -1) if page.planarconfig == 2 and samples > 1 else array
        array = planes.reshape(page.imagelength, page.imagewidth, samples)
        array = array.astype(np.float32) if array.dtype.kind == "f" else array.astype(array.dtype.newbyteorder("="))
        profile, inks = page.tags.valueof(34675), photometric == "SEPARATED"
        info = {"icc_profile": bytes(profile)} if profile and not inks else {}  # that of inks does not describe RGB
        info.update(_resolution(page))
        orientation = page.tags.valueof(274, 1)
        lost = ["only the first of several frames is used"] if tiff.pages.is_multipage else []
        if inks:
            lost.append(f"CMYK of {page.bitspersample} bits becomes RGB, by a formula")
        return upright(_colors(array, photometric, extra), orientation), info, lost


def tiff_size(file: Any) -> tuple[int, int]:
    """Height and width in pixels of the first page."""
    import tifffile

    file.seek(0)
    with tifffile.TiffFile(file) as tiff:
        return tiff.pages.first.imagelength, tiff.pages.first.imagewidth


def _colors(array: np.ndarray, photometric: str, extra: tuple[int, ...]) -> np.ndarray:
    """Samples of a TIFF file as grey, grey with alpha, RGB or RGBA."""
    top = 1 if array.dtype.kind == "f" else np.iinfo(array.dtype).max
    colors = {"RGB": 3, "SEPARATED": 4}.get(photometric, 1)
    color, rest = array[..., :colors], array[..., colors:]
    if photometric == "MINISWHITE":
        color = top - color
    elif photometric == "SEPARATED":
        paper = 1 - color.astype(np.float32) / top
        color = (np.rint(paper[..., :3] * paper[..., 3:] * top) if top > 1 else paper[..., :3] * paper[..., 3:]).astype(
            array.dtype
        )
    # Extra samples: 1 is alpha with which the colour was multiplied, 2 alpha of its own, 0 anything. A fourth sample without
    # a word is alpha, too: that is how Pillow and OpenCV read it.
    place = next((n for n, kind in enumerate(extra) if kind in (1, 2)), 0 if rest.shape[2] and not extra else None)
    if place is None:
        return color
    alpha = rest[..., place : place + 1]
    if extra and extra[place] == 1:
        share = np.maximum(alpha.astype(np.float64), 1e-9) / top
        color = (color / share).clip(0, top)
        color = np.where(alpha > 0, np.rint(color) if top > 1 else color, 0).astype(array.dtype)
    return np.concatenate([color, alpha], axis=2)


def _resolution(page: Any) -> dict[str, Any]:
    per_unit = [page.tags.valueof(code) for code in (282, 283)]
    inches = {2: 1.0, 3: 2.54}.get(page.tags.valueof(296, 2))
    if inches is None or not all(isinstance(value, tuple) and len(value) == 2 and all(value) for value in per_unit):
        return {}
    return {"dpi": tuple(numerator / denominator * inches for numerator, denominator in per_unit)}


def encode_tiff(array: np.ndarray, info: dict[str, Any], path: Any) -> None:
    """Writes an array of any of our dtypes, compressed without loss, with ICC profile and resolution."""
    import tifffile

    channels = array.shape[2] if array.ndim == 3 else 1
    tifffile.imwrite(
        path,
        array,
        photometric="rgb" if channels >= 3 else "minisblack",
        planarconfig="contig" if channels > 1 else None,
        extrasamples=["unassalpha"] if channels in (2, 4) else None,
        compression="adobe_deflate",
        iccprofile=info.get("icc_profile"),
        resolution=tuple(map(float, info["dpi"])) if "dpi" in info else None,
        resolutionunit="inch" if "dpi" in info else None,
        metadata=None,
        software=False,
        rowsperstrip=max(1, 2**18 // max(1, array[0].nbytes)),
    )


def upright(array: np.ndarray, orientation: Optional[int]) -> np.ndarray:
    """Turns and mirrors pixels as EXIF's orientation (1 to 8) says."""
    if orientation in (5, 6, 7, 8):
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return array
