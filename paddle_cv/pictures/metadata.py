"""What a file says beside the pixels: what of it is kept with a result, and what becomes of it when the size changes.

`Picture.info` has

- icc_profile: bytes.
- exif: The EXIF data, without what describes the pixels of the file as it was: sizes, places of subjects, layout, thumbnail,
  notes of the maker (whose places within the file do not hold in another one), orientation and resolution.
- dpi: Pixels per inch, horizontal and vertical. It says how large the thing is that was scanned or shall be printed, so that
  it grows with the picture; 72 and 96, which programs write that know no size, stay.
- png_chunks: How a PNG file describes its colours.

What describes pixels and cannot be kept right is left out, and the log says so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Optional

from PIL import Image

__all__ = [
    "ORIENTATION",
    "checked_resolution",
    "exif_with_resolution",
    "read_info",
    "resized_info",
    "tell_lost",
    "tiff_losses",
]

logger = logging.getLogger(__name__)

ORIENTATION = 274
_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 282, 283, 296
_INCHES = {2: 1.0, 3: 2.54}  # of the units, centimetres in an inch
# EXIF entries that are kept: description, maker, model, program, date, author, computer, rating, copyright, Windows' texts.
_DESCRIPTION = 270
_KEPT = (_DESCRIPTION, 271, 272, 305, 306, 315, 316, 18246, 33432, *range(40091, 40096))
_CAMERA, _GPS = 0x8769, 0x8825
# Of the camera's entries those about pixels: size, place of the subject, pixels per length on the sensor, another directory, notes.
_OF_PIXELS = (0xA002, 0xA003, 0x9214, 0xA214, 0xA20E, 0xA20F, 0xA210, 0xA005, 0x927C)
_WITHOUT_SIZE = (72, 96)
_LARGEST_DPI = 1e6  # of a light microscope, 25 nanometres a pixel
# TIFF entries: GeoTIFF's and GDAL's; ImageJ's; those of Zeiss' microscopes.
_GEOGRAPHIC = (33550, 33922, 34264, 34735, 34736, 34737, 42112, 42113)
_MICROSCOPIC = (50838, 50839, 34412)
# Which formats hold what; the resolution of others is a matter of EXIF data.
_HOLD = {"icc_profile": ("JPEG", "PNG", "TIFF", "WEBP"), "exif": ("JPEG", "PNG", "TIFF", "WEBP")}


def read_info(image: Image.Image) -> tuple[dict[str, Any], list[str]]:
    """What is kept of an image that Pillow has opened, and what is left out, for the log.

    Its orientation is counted in: pixels are turned upright.
    """
    info: dict[str, Any] = {}
    losses = []
    if image.info.get("icc_profile"):
        info["icc_profile"] = image.info["icc_profile"]
    try:
        given = Image.Exif()
        given.load(image.getexif().tobytes())
        exif = _about_the_shot(given)
        if len(exif):
            info["exif"] = exif.tobytes()
    except Exception:  # Pillow raises many kinds
        losses.append("the EXIF data is damaged and left out")
        given = {}
    dpi, loss = _resolution(image, given)
    if dpi:
        info["dpi"] = dpi[::-1] if given.get(ORIENTATION) in (5, 6, 7, 8) else dpi
    losses += loss
    xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    if b"hdrgm:" in (xmp.encode() if isinstance(xmp, str) else xmp):
        losses.append("the gain map, by which displays show the picture in HDR, is left out")
    if image.format == "TIFF":
        losses += tiff_losses(image.tag_v2.get)
    return info, losses


def _about_the_shot(given: Image.Exif) -> Image.Exif:
    exif = Image.Exif()
    for tag in _KEPT:
        if tag in given and not (tag == _DESCRIPTION and _is_of_program(given[tag])):
            exif[tag] = given[tag]
    for directory in (_CAMERA, _GPS):
        entries = {tag: value for tag, value in given.get_ifd(directory).items() if tag not in _OF_PIXELS}
        if entries:
            exif.get_ifd(directory).update(entries)
            exif[directory] = 0  # where it lies; the writer fills it in
    return exif


def _is_of_program(description: Any) -> bool:
    """Whether a description is what programs for microscopes write for each other: sizes, channels, shapes."""
    return str(description).lstrip().startswith(("ImageJ=", "<?xml", "<OME", "{", "Aperio"))


def _resolution(image: Image.Image, exif: Any) -> tuple[Optional[tuple[float, float]], list[str]]:
    dpi, inches = image.info.get("dpi"), 1.0
    if image.format == "TIFF" and _X_RESOLUTION not in image.tag_v2:  # Pillow makes up one dot per inch
        dpi = None
    unit = exif.get(_RESOLUTION_UNIT, 2)
    if dpi is None and unit in _INCHES:
        dpi, inches = [exif.get(tag) for tag in (_X_RESOLUTION, _Y_RESOLUTION)], _INCHES[unit]
    try:
        horizontal, vertical = (float(value) * inches for value in dpi)
    except (TypeError, ValueError, ZeroDivisionError):
        return None, []
    return checked_resolution(horizontal, vertical)


def checked_resolution(horizontal: float, vertical: float) -> tuple[Optional[tuple[float, float]], list[str]]:
    """The resolution if it can be one, and what to say where it cannot."""
    if 1 <= horizontal <= _LARGEST_DPI and 1 <= vertical <= _LARGEST_DPI:
        return (horizontal, vertical), []
    if horizontal > 0 or vertical > 0:
        return None, [f"the resolution of {horizontal:g} x {vertical:g} dots per inch is left out"]
    return None, []


def tiff_losses(tag: Callable[[int], Any]) -> list[str]:
    """What of a TIFF file's description of its pixels is left out; `tag` gives the value of an entry, or None."""
    losses = []
    if any(tag(code) is not None for code in _GEOGRAPHIC):
        losses.append("the georeference is left out, which holds for the pixels as they were")
    description = str(tag(_DESCRIPTION) or "").lstrip()
    if any(tag(code) is not None for code in _MICROSCOPIC) or (
        _is_of_program(description) and not description.startswith("{")
    ):
        losses.append(
            "what the microscope's program says of sizes is left out, which holds for the pixels as they were"
        )
    return losses


def resized_info(info: dict[str, Any], height: float, width: float) -> dict[str, Any]:
    """What is kept with a result whose sides are by these factors longer."""
    dpi = info.get("dpi")
    if dpi is None or height == width == 1 or all(round(value) in _WITHOUT_SIZE for value in dpi):
        return info
    return {**info, "dpi": (dpi[0] * width, dpi[1] * height)}


def exif_with_resolution(info: dict[str, Any]) -> bytes:
    """The EXIF data with the resolution in it."""
    exif = Image.Exif()
    if "exif" in info:
        exif.load(info["exif"])
    if "dpi" in info:
        exif.update(dict(zip((_X_RESOLUTION, _Y_RESOLUTION), map(float, info["dpi"]))))
        exif[_RESOLUTION_UNIT] = 2
    return exif.tobytes()


def tell_lost(info: dict[str, Any], file_format: str, path: Any) -> None:
    """Says in the log what a format has no place for."""
    if "icc_profile" in info and file_format not in _HOLD["icc_profile"]:
        logger.warning("%s: %s has no place for the ICC profile: colours may look different", path, file_format)
    if "exif" in info and file_format not in _HOLD["exif"]:
        logger.warning("%s: %s has no place for the EXIF data", path, file_format)
    chunks = set(info.get("png_chunks", ())) - {b"pHYs"}
    # What these say is what is taken for granted, or the profile says it.
    if file_format != "PNG" and (b"cICP" in chunks or (chunks and b"sRGB" not in chunks and "icc_profile" not in info)):
        kinds = ", ".join(sorted(kind.decode() for kind in chunks))
        logger.warning("%s: %s has no place for what the PNG file says of its colours (%s)", path, file_format, kinds)
