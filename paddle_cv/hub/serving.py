"""What modules accept over HTTP, and refuse.

PaddleHub hands the keys of the JSON body of whoever sends it to the serving method as keyword arguments, so each method has to
check all of it.
"""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Mapping
from typing import Any

from PIL import Image

from ..pictures import ImageError, Picture, open_picture

__all__ = ["FORMATS", "MAX_BYTES", "MAX_IMAGES", "MAX_PIXELS", "decode_images", "encode_png"]

MAX_IMAGES = 8
#: Of one file.
MAX_BYTES = 16 * 2**20
#: Of one decoded picture.
MAX_PIXELS = 4_000_000
FORMATS = ("PNG", "JPEG", "WEBP")
# Of a JPEG file, with its previews; usual files have about ten. A scan takes 14 bytes, and to decode it takes as long as it takes
# for all pixels: 16 MiB of them would keep a processor busy for hours. The two bytes stand for nothing else in a scan.
_MAX_SCANS = 100
_SCAN = b"\xff\xda"


def decode_images(images: Any, unknown: Mapping[str, Any], others: str = "") -> list[Picture]:
    """Checks and decodes a request.

    Args:
        images: The value of the body's key "images".
        unknown: All keys that are not known.
        others: For the message: the known keys beside "images", as they stand in a body.

    Raises:
        ValueError: Unknown keys, no list of 1 to `MAX_IMAGES` base64 strings, too large, or no PNG, JPEG or WebP picture; the
            message is meant for the sender.
    """
    if unknown:
        # Keys are the sender's: none may make the message long, or be one that cannot be encoded.
        keys = ", ".join(ascii(key[:40]) for key in sorted(unknown)[:5])
        raise ValueError(f'unknown keys {keys}: the body is {{"images": [base64, ...]{others}}}')
    if not isinstance(images, list) or not 1 <= len(images) <= MAX_IMAGES:
        raise ValueError(f'"images" must be a list of 1 to {MAX_IMAGES} pictures')
    return [_decode(image, f"image {index}") for index, image in enumerate(images)]


def _decode(text: Any, name: str) -> Picture:
    if not isinstance(text, str):
        raise ValueError(f"{name}: a base64 string is needed")
    if len(text) > MAX_BYTES * 4 // 3 + 4:
        raise ValueError(f"{name}: larger than {MAX_BYTES} bytes")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"{name}: not valid base64") from None
    try:
        # The size stands in the header: a bomb is refused before anything is decoded.
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            width, height = image.size
            scans = data.count(_SCAN) if image.format == "JPEG" else 0
    except Image.DecompressionBombError:  # Pillow's own limit, which is far above ours
        raise ValueError(f"{name}: more than {MAX_PIXELS} pixels") from None
    except Exception:
        raise ValueError(f"{name}: no picture in {', '.join(FORMATS)} format") from None
    if width * height > MAX_PIXELS:
        raise ValueError(f"{name}: {width} x {height} pixels, more than {MAX_PIXELS}")
    if scans > _MAX_SCANS:
        raise ValueError(f"{name}: a JPEG file of {scans} scans, more than {_MAX_SCANS}")
    try:
        return open_picture(data, name)
    except ImageError as error:
        raise ValueError(str(error)) from None


def encode_png(image: Image.Image) -> str:
    """Base64 of a PNG file."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", icc_profile=image.info.get("icc_profile"))
    return base64.b64encode(buffer.getvalue()).decode("ascii")
