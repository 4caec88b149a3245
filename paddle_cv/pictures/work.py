"""How much work a file is beyond its pixels, looked at before it is decoded."""

from __future__ import annotations

from typing import Any

from PIL import Image

__all__ = ["check_parts", "check_scans", "check_work"]

# Each strip or tile costs a decoder some tenths of a millisecond, however small it is. So many are let through; of more, each must
# have a usual number of pixels.
_FREE_PARTS, _PIXELS_A_PART = 20_000, 4096
# What is decoded, of tiles that stand over the edge included, may be so many times the picture.
_SURPLUS, _FREE_PIXELS = 16, 2**24
# Of a JPEG picture; usual progressive ones have about ten. A scan takes 14 bytes, and to decode it takes as long as it takes for
# all pixels. The two bytes stand for nothing else between the pixels.
_MAX_SCANS, _SCAN = 100, b"\xff\xda"
_JPEG_IN_TIFF = (6, 7)


def check_work(image: Image.Image, file: Any) -> None:
    """Refuses a JPEG or TIFF file that would keep its decoder busy far longer than its pixels do.

    Args:
        image: As Pillow has opened it; nothing is decoded yet.
        file: The same, for reading bytes; it is at the same place afterwards.

    Raises:
        ValueError: See `check_parts` and `check_scans`.
    """
    if image.format in ("JPEG", "MPO"):  # by its header the same file may be either
        check_scans(file)
    elif image.format == "TIFF":
        tags = image.tag_v2
        width, height = image.size
        offsets = tags.get(324) or tags.get(273) or ()
        tile = tags.get(322, width) * tags.get(323, min(tags.get(278, height), height))
        check_parts(len(offsets), tile, width * height)
        if tags.get(259) in _JPEG_IN_TIFF:
            check_scans(file, len(offsets))


def check_parts(count: int, pixels: int, of_picture: int) -> None:
    """Refuses a picture that is cut into too many strips or tiles, or into tiles that are far larger than itself.

    Args:
        count: How many strips or tiles there are.
        pixels: Of one of them.
        of_picture: Pixels of the picture.

    Raises:
        ValueError: To decode it would take far longer, or more memory, than its pixels do.
    """
    if count > max(_FREE_PARTS, of_picture // _PIXELS_A_PART):
        raise ValueError(f"{count} strips or tiles are too many for {of_picture} pixels")
    if count * pixels > max(_FREE_PIXELS, _SURPLUS * of_picture):
        raise ValueError(f"{count} strips or tiles of {pixels} pixels are too large for a picture of {of_picture}")


def check_scans(file: Any, pictures: int = 1) -> None:
    """Refuses a file of JPEG data with more scans than any has for so many pictures.

    Raises:
        ValueError: It has more.
    """
    place = file.tell()
    file.seek(0)
    count, before = 0, b""
    while block := file.read(2**20):
        count += (before + block).count(_SCAN)
        before = block[-1:]
    file.seek(place)
    if count > _MAX_SCANS * pictures:
        raise ValueError(f"JPEG data of {count} scans, more than {_MAX_SCANS * pictures}")
