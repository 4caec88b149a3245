"""What modules accept over HTTP, and refuse.

PaddleHub hands the keys of the JSON body of whoever sends it to the serving method as keyword arguments, so each method has to
check all of it.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from PIL import Image

from ..pictures import ImageError, Picture, open_picture
from .containers import MAX_SCANNED, checked

__all__ = [
    "FORMATS",
    "MAX_BYTES",
    "MAX_IMAGES",
    "MAX_PIXELS",
    "MAX_RESULT_BYTES",
    "Failure",
    "Proceed",
    "Stopped",
    "check_options",
    "decode_each",
    "decode_images",
    "encode_png",
]

MAX_IMAGES = 8
#: Of one file.
MAX_BYTES = 16 * 2**20
#: Of one decoded picture.
MAX_PIXELS = 4_000_000
#: Of all results of a request as they are in memory: one picture in colour of the largest size, enlarged four times.
MAX_RESULT_BYTES = MAX_PIXELS * 16 * 3
FORMATS = ("PNG", "JPEG", "WEBP")

#: Called between pictures and windows; raises `Stopped` where nobody waits for the result any more.
Proceed = Callable[[], None]


class Stopped(Exception):
    """Nobody waits for the result any more."""


class Failure(dict[str, str]):
    """Stands in a reply for the result of a picture that failed: {"error": message}."""

    def __init__(self, error: Exception):
        super().__init__(error=str(error))


def decode_each(images: Any, proceed: Proceed = lambda: None) -> list[Picture | ImageError]:
    """Checks and decodes the pictures of a request: each, or why it cannot be used.

    Args:
        images: The value of the body's key "images".
        proceed: Called before each.

    Raises:
        ValueError: No list of 1 to `MAX_IMAGES`; the message is meant for the sender.
    """
    if not isinstance(images, list) or not 1 <= len(images) <= MAX_IMAGES:
        raise ValueError(f'"images" must be a list of 1 to {MAX_IMAGES} pictures')
    decoded: list[Picture | ImageError] = []
    for index, image in enumerate(images):
        proceed()
        try:
            decoded.append(_decode(image, f"image {index}"))
        except ImageError as error:
            decoded.append(error)
    return decoded


def decode_images(images: Any, unknown: Mapping[str, Any], others: str = "") -> list[Picture]:
    """Checks and decodes a request of which every picture has to be good.

    Args:
        images: The value of the body's key "images".
        unknown: All keys that are not known.
        others: For the message: the known keys beside "images", as they stand in a body.

    Raises:
        ValueError: Unknown keys, no list of 1 to `MAX_IMAGES` base64 strings, too large, or no PNG, JPEG or WebP picture; the
            message is meant for the sender.
    """
    check_unknown(unknown, others)
    decoded = decode_each(images)
    for picture in decoded:
        if isinstance(picture, ImageError):
            raise ValueError(str(picture))
    return decoded


def check_unknown(unknown: Mapping[str, Any], others: str = "") -> None:
    """Raises ValueError where there are keys that no module knows."""
    if unknown:
        # Keys are the sender's: none may make the message long, or be one that cannot be encoded.
        keys = ", ".join(ascii(key[:40]) for key in sorted(unknown)[:5])
        raise ValueError(f'unknown keys {keys}: the body is {{"images": [base64, ...]{others}}}')


def check_options(keys: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a request beside "images", those that are not sent by their defaults.

    Args:
        keys: What was sent.
        schemas: JSON Schemas by key, of numbers, truth values or one of several texts ("enum"); each has a default.

    Raises:
        ValueError: An unknown key, or a value that its schema does not allow.
    """
    others = "".join(f', "{key}": {json.dumps(schema["default"])}' for key, schema in schemas.items())
    check_unknown({key: value for key, value in keys.items() if key not in schemas}, others)
    for key, value in keys.items():
        wanted = _fault(value, schemas[key])
        if wanted:
            raise ValueError(f'"{key}" must be {wanted}')
    return {key: keys.get(key, schema["default"]) for key, schema in schemas.items()}


def _fault(value: Any, schema: Mapping[str, Any]) -> str:
    """What the schema wants instead of this value; "" where it is well."""
    if "enum" in schema:
        return "" if value in schema["enum"] else f"one of {', '.join(map(json.dumps, schema['enum']))}"
    types, name = {
        "integer": ((int,), "a whole number"),
        "number": ((int, float), "a number"),
        "boolean": ((bool,), "true or false"),
        "string": ((str,), "a text"),
    }[schema["type"]]
    low, high = schema.get("minimum"), schema.get("maximum")
    good = type(value) in types and (type(value) is not float or math.isfinite(value))
    good = good and (low is None or value >= low) and (high is None or value <= high)
    if low is not None:
        name += f" of {low} or more" if high is None else f" from {low} to {high}"
    return "" if good else name


def _decode(text: Any, name: str) -> Picture:
    if not isinstance(text, str):
        raise ImageError(f"{name}: a base64 string is needed")
    if len(text) > MAX_BYTES * 4 // 3 + 4:
        raise ImageError(f"{name}: larger than {MAX_BYTES} bytes")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ImageError(f"{name}: not valid base64") from None
    try:
        data, scans = checked(data)
        # The size stands in the header: a bomb is refused before anything is decoded.
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            width, height = image.size
    except Image.DecompressionBombError:  # Pillow's own limit, which is far above ours
        raise ImageError(f"{name}: more than {MAX_PIXELS} pixels") from None
    except ValueError as error:
        raise ImageError(f"{name}: no picture in {', '.join(FORMATS)} format ({error})") from None
    except Exception:
        raise ImageError(f"{name}: no picture in {', '.join(FORMATS)} format") from None
    if width * height > MAX_PIXELS:
        raise ImageError(f"{name}: {width} x {height} pixels, more than {MAX_PIXELS}")
    if scans > 1 and scans * width * height > MAX_SCANNED:
        raise ImageError(f"{name}: {scans} scans of {width} x {height} pixels, more than {MAX_SCANNED} pixels in all")
    return open_picture(data, name)


def encode_png(picture: Picture | Image.Image) -> str:
    """Base64 of a PNG file; 16 bits stay, floating-point values become 8 bits."""
    if isinstance(picture, Picture) and picture.color.dtype.itemsize == 2:
        from ..pictures.png import encode_png as encode_deep

        return base64.b64encode(encode_deep(picture.array(), picture.info)).decode("ascii")
    image = picture.image() if isinstance(picture, Picture) else picture
    buffer = io.BytesIO()
    image.save(buffer, "PNG", icc_profile=image.info.get("icc_profile"))
    return base64.b64encode(buffer.getvalue()).decode("ascii")
