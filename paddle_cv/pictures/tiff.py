"""TIFF files that Pillow refuses or misreads: bands, depths, floating-point numbers; the codecs are tifffile's and imagecodecs'.

One band is grey, three are RGB, four are inks where the file says so; one more is transparency where its ExtraSamples say so. (RGB
with a fourth band of which nothing is said is what OpenCV writes as RGBA, and all known readers take it for that.) Anything else is
an error: nothing of a picture is left out in silence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional

import numpy as np

from .metadata import checked_resolution, tiff_losses
from .work import check_parts

__all__ = ["STARTS", "decode_tiff", "encode_tiff", "pillow_reads", "tiff_size", "upright"]

#: What files begin with.
STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_GREY, _COLOR, _INKS = 1, 3, 4
_MINISWHITE, _MINISBLACK, _RGB, _PALETTE, _SEPARATED, _YCBCR = 0, 1, 2, 3, 5, 6
_PREMULTIPLIED, _ALPHA = 1, 2  # of ExtraSamples
_UNSIGNED, _FLOAT = 1, 3
# None, CCITT's, LZW, JPEG, Deflate, PackBits, LZMA, Zstandard. Files in the pieces of a file are not opened.
_COMPRESSIONS = (1, 2, 3, 4, 5, 7, 8, 32946, 32773, 34925, 50000)
# Photometric interpretation, samples a pixel and ExtraSamples of what Pillow reads as it is meant, with 8 bits or fewer.
_OF_PILLOW = {
    *((_MINISWHITE, 1, ()), (_MINISBLACK, 1, ()), (_MINISBLACK, 2, (_ALPHA,))),
    *((_RGB, 3, ()), (_RGB, 4, (_ALPHA,)), (_RGB, 4, (_PREMULTIPLIED,)), (_RGB, 4, ())),
    *((_PALETTE, 1, ()), (_PALETTE, 2, (_ALPHA,)), (_SEPARATED, 4, ()), (_YCBCR, 3, ())),
}


def pillow_reads(tags: Any) -> bool:
    """Whether Pillow reads a TIFF file as it is meant; `tags` are Pillow's `tag_v2`.

    It takes signed numbers for unsigned ones, 12 bits for 16, and leaves bands out.
    """
    kind = (tags.get(262), tags.get(277, 1), _tuple(tags.get(338, ())))
    bits, numbers = _tuple(tags.get(258, 1)), set(_tuple(tags.get(339, _UNSIGNED)))
    return kind in _OF_PILLOW and numbers == {_UNSIGNED} and set(bits) <= {1, 2, 4, 8}


def _tuple(value: Any) -> tuple:
    return tuple(map(int, value)) if isinstance(value, (tuple, list)) else (int(value),)


def check_container(tag: Callable[[int], Any]) -> None:
    """Refuses files whose first page is not the picture, or whose pieces are files of other kinds.

    Args:
        tag: Gives the value of an entry of the first page, or None.

    Raises:
        ValueError: A camera's raw file, a thumbnail, or a compression that is not known.
    """
    if tag(50706) is not None or tag(262) in (32803, 34892):
        raise ValueError("this is a camera's raw file (DNG), which a program for photographs has to develop first")
    if int(tag(254) or 0) & 1:
        raise ValueError("the first page is a reduced copy of another one")
    compression = int(tag(259) or 1)
    if compression not in _COMPRESSIONS:
        raise ValueError(f"TIFF files of compression {compression} are not supported")


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
        tag = page.tags.valueof
        check_size(page.imagewidth, page.imagelength)
        check_container(tag)
        _check_parts(page)
        bits = _checked_bits(page)
        colors, alpha, premultiplied, lost = _bands(page)
        # tifffile takes missing parts for black ones.
        for start, length in zip(page.dataoffsets, page.databytecounts):
            if length <= 0 or start + length > tiff.filehandle.size:
                raise ValueError("the file is truncated")
        array = _full_range(_pixels(page), bits)
        color = array[..., :colors]
        if page.photometric == _MINISWHITE:
            color = _top(array) - color
        elif colors == _INKS:
            color = _without_inks(color)
            lost.append(f"CMYK of {bits} bits becomes RGB, by a formula")
        if alpha is not None:
            share = array[..., alpha : alpha + 1]
            color = np.concatenate([_divided(color, share) if premultiplied else color, share], axis=2)
        if tiff.pages.is_multipage or (tiff.is_imagej and (tiff.imagej_metadata or {}).get("images", 1) > 1):
            lost.append("only the first of several frames is used")
        lost += tiff_losses(tag)
        orientation = tag(274, 1)
        info, losses = _info(page, colors, orientation)
        return upright(color, orientation), info, lost + losses


def _check_parts(page: Any) -> None:
    pixels = page.imagewidth * page.imagelength
    strip = page.imagewidth * min(page.rowsperstrip or page.imagelength, page.imagelength)
    check_parts(len(page.dataoffsets), page.tilewidth * page.tilelength if page.is_tiled else strip, pixels)


def _checked_bits(page: Any) -> int:
    """Bits of a sample.

    Raises:
        ValueError: Numbers whose white is not known, or that are not supported.
    """
    bits, numbers = set(_tuple(page.tags.valueof(258, 1))), set(_tuple(page.tags.valueof(339, _UNSIGNED)))
    if len(bits) > 1 or len(numbers) > 1:
        raise ValueError(f"TIFF files whose bands have different numbers (of {sorted(bits)} bits) are not supported")
    [bits], [number] = bits, numbers
    if number == _UNSIGNED and 1 <= bits <= 16 or number == _FLOAT and bits in (16, 32, 64):
        if page.dtype is not None and page.imagedepth == 1:
            return bits
    kind = {_UNSIGNED: "unsigned", 2: "signed", _FLOAT: "floating-point"}.get(number, "other")
    raise ValueError(f"TIFF files of {kind} numbers of {bits} bits (type {page.dtype}) are not supported")


def _bands(page: Any) -> tuple[int, Optional[int], bool, list[str]]:
    """How many bands are colours, which one is transparency, whether colours were multiplied with it, and what to say of it.

    Raises:
        ValueError: There are bands of which the file does not say what they are.
    """
    samples, extra = page.samplesperpixel, tuple(int(kind) for kind in page.extrasamples)
    named = {
        _MINISWHITE: (_GREY,),
        _MINISBLACK: (_GREY, _COLOR),
        _RGB: (_COLOR,),
        _SEPARATED: (_INKS,),
        _YCBCR: (_COLOR,),
    }
    if page.photometric not in named:
        raise ValueError(f"TIFF files of the kind {page.photometric!r} with {samples} bands are not supported")
    lost = []
    if page.photometric == _RGB and samples == 4 and not extra:
        extra = (_ALPHA,)
        lost.append("the fourth band is taken for transparency, as the file does not say what it is")
    places = [samples - len(extra) + place for place, kind in enumerate(extra) if kind in (_PREMULTIPLIED, _ALPHA)]
    colors = samples - len(places)
    if colors not in named[page.photometric] or len(places) > 1 or (places and places[0] != colors):
        raise ValueError(
            f"{samples} bands, and by what the file says of them they are no grey, no RGB and no transparency beside these; "
            "write those that make a picture into a file of their own (gdal_translate -b, for example)"
        )
    if not places:
        return colors, None, False, lost
    return colors, places[0], extra[places[0] - samples + len(extra)] == _PREMULTIPLIED, lost


def _pixels(page: Any) -> np.ndarray:
    """(H, W, samples) in the numbers of the file."""
    array = page.asarray()
    planes = np.moveaxis(array, 0, -1) if page.planarconfig == 2 and page.samplesperpixel > 1 else array
    return planes.reshape(page.imagelength, page.imagewidth, page.samplesperpixel)


def _full_range(array: np.ndarray, bits: int) -> np.ndarray:
    """uint8, uint16 or float32, with white as the largest value, or 1."""
    if array.dtype.kind == "f":
        return array.astype(np.float32)
    dtype = np.dtype(np.uint8 if bits <= 8 else np.uint16)
    if bits == 8 * dtype.itemsize:
        return array.astype(dtype)
    return np.rint(array * np.float32(np.iinfo(dtype).max / (2**bits - 1))).astype(dtype)


def _top(array: np.ndarray) -> int:
    return 1 if array.dtype.kind == "f" else np.iinfo(array.dtype).max


def _without_inks(inks: np.ndarray) -> np.ndarray:
    top = _top(inks)
    paper = 1 - inks.astype(np.float32) / top
    rgb = paper[..., :3] * paper[..., 3:] * top
    return (np.rint(rgb) if top > 1 else rgb).astype(inks.dtype)


def _divided(color: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Colours before they were multiplied with the transparency."""
    top = _top(color)
    divided = (color / (np.maximum(alpha.astype(np.float64), 1e-9) / top)).clip(0, top)
    return np.where(alpha > 0, np.rint(divided) if top > 1 else divided, 0).astype(color.dtype)


def _info(page: Any, colors: int, orientation: int) -> tuple[dict[str, Any], list[str]]:
    profile, info = page.tags.valueof(34675), {}
    if profile and colors != _INKS:  # that of inks does not describe RGB
        info["icc_profile"] = bytes(profile)
    per_unit = [page.tags.valueof(code) for code in (282, 283)]
    inches = {2: 1.0, 3: 2.54}.get(page.tags.valueof(296, 2))
    if not inches or not all(isinstance(value, tuple) and len(value) == 2 and all(value) for value in per_unit):
        return info, []
    dpi, losses = checked_resolution(*(numerator / denominator * inches for numerator, denominator in per_unit))
    if dpi:
        info["dpi"] = dpi[::-1] if orientation in (5, 6, 7, 8) else dpi
    return info, losses


def tiff_size(file: Any) -> tuple[int, int]:
    """Height and width in pixels of the first page."""
    import tifffile

    file.seek(0)
    with tifffile.TiffFile(file) as tiff:
        return tiff.pages.first.imagelength, tiff.pages.first.imagewidth


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
