"""Pictures out: whole files or none."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
from PIL import Image

from ..files import whole_file
from .cmyk import cmyk_to_rgb
from .metadata import exif_with_resolution, tell_lost
from .picture import ImageError, Picture, as_bits
from .png import encode_png, with_chunks
from .tiff import encode_tiff

__all__ = ["atomically", "check_target", "save_image", "save_picture", "writable"]

logger = logging.getLogger(__name__)

#: The formats that are written, and the largest side that each can hold.
_LARGEST = {"BMP": 2**31 - 1, "JPEG": 65500, "PNG": 2**31 - 1, "PPM": 2**31 - 1, "TIFF": 2**31 - 1, "WEBP": 16383}
_WITHOUT_ALPHA = ("JPEG", "PPM")
# A JPEG file has no room for more.
_MAX_JPEG_EXIF, _MAX_JPEG_DPI = 65500, 65535


def writable(path: Union[str, Path]) -> bool:
    """Whether a file of this suffix can be written."""
    return _format(path) in _LARGEST


def _format(path: Union[str, Path]) -> Optional[str]:
    return Image.registered_extensions().get(Path(path).suffix.lower())


def check_target(path: Union[str, Path], height: int, width: int, alpha: bool = False) -> None:
    """Refuses, before the work is done, a file that could not be written after it.

    Raises:
        ImageError: An unknown suffix, a format that cannot hold a picture of this size or with alpha, or a folder that cannot be
            written to.
    """
    path = Path(path)
    if not writable(path):
        known = ", ".join(sorted(_LARGEST))
        raise ImageError(f"{path}: {path.suffix or 'a name without suffix'} is no format that is written ({known})")
    file_format = _format(path)
    if max(height, width) > _LARGEST[file_format]:
        raise ImageError(
            f"{path}: {file_format} holds at most {_LARGEST[file_format]} pixels a side, not {width} x {height}"
        )
    if alpha and file_format in _WITHOUT_ALPHA:
        raise ImageError(f"{path}: {file_format} has no transparency; PNG, WebP and TIFF have")
    folder = next(parent for parent in path.absolute().parents if parent.exists())  # those below it will be made
    if not folder.is_dir():
        raise ImageError(f"{path}: {folder} is no folder")
    if not os.access(folder, os.W_OK):
        raise ImageError(f"{path}: there is no permission to write to {folder}")


def save_picture(picture: Picture, path: Union[str, Path]) -> Path:
    """Writes a picture with its depth, as far as the format has it, ICC profile, EXIF data and resolution.

    The format follows from the suffix: TIFF holds every depth; PNG 8 and 16 bits (floating-point numbers become 16 bits);
    the others 8. The file appears only when it is whole.

    Raises:
        ImageError: See `check_target`; or the file cannot be written.
    """
    path = Path(path)
    check_target(path, *picture.size, picture.alpha is not None)
    file_format, array = _format(path), picture.array()
    info = {key: value for key, value in picture.info.items() if key != "cmyk_profile"}
    if "exif" in info:
        info["exif"] = exif_with_resolution(info)
    if array.dtype == np.uint8 or file_format not in ("PNG", "TIFF"):
        if array.dtype != np.uint8:
            logger.warning(
                "%s: %s holds 8 bits of %s", path, file_format, "16" if array.dtype == np.uint16 else "float"
            )
        return save_image(picture.eight_bits().image(keep_mode=True), path)
    if file_format == "TIFF":
        tell_lost(info, file_format, path)
        if "exif" in info:
            logger.warning("%s: the EXIF data is left out of TIFF files of more than 8 bits", path)
        return atomically(path, lambda temporary: encode_tiff(array, info, temporary))
    return atomically(path, lambda temporary: temporary.write_bytes(encode_png(as_bits(array, 16), info)))


def save_image(image: Image.Image, path: Union[str, Path]) -> Path:
    """Writes a PIL image with its ICC profile, EXIF data and resolution; the file appears only when it is whole.

    The format follows from the suffix. JPEG is written at quality 95 without chroma subsampling, WebP without loss. CMYK becomes
    RGB where the format has none.

    Raises:
        ImageError: An unknown suffix, or a format that cannot hold the picture (alpha in a JPEG, for example).
    """
    path = Path(path)
    check_target(path, image.height, image.width)
    file_format = _format(path)
    options: dict[str, Any] = {key: image.info[key] for key in ("icc_profile", "exif", "dpi") if key in image.info}
    tell_lost(image.info, file_format, path)
    if "exif" in options or (file_format == "WEBP" and "dpi" in options):  # which has no other place for it
        options["exif"] = exif_with_resolution(options)
    if image.mode == "CMYK" and file_format not in ("JPEG", "TIFF"):
        image, used = cmyk_to_rgb(image)
        options.pop("icc_profile", None)
    if image.mode == "LA" and file_format == "BMP":
        image = image.convert("RGBA")
    if file_format == "JPEG":
        options.update(quality=95, subsampling=0)
        if len(options.get("exif", b"")) > _MAX_JPEG_EXIF:
            logger.warning("%s: the EXIF data is too long for JPEG and left out", path)
            del options["exif"]
        if max(options.get("dpi", (0,))) > _MAX_JPEG_DPI:
            logger.warning("%s: the resolution is too high for JPEG and left out", path)
            del options["dpi"]
    elif file_format == "WEBP":
        options.update(lossless=True)
    chunks = image.info.get("png_chunks") if file_format == "PNG" else None
    if not chunks:
        return atomically(path, lambda temporary: image.save(temporary, format=file_format, **options))
    if "dpi" in options:
        chunks = {kind: content for kind, content in chunks.items() if kind != b"pHYs"}
    with io.BytesIO() as buffer:
        image.save(buffer, format=file_format, **options)
        data = with_chunks(buffer.getvalue(), chunks)
    return atomically(path, lambda temporary: temporary.write_bytes(data))


def atomically(path: Path, write: Callable[[Path], Any]) -> Path:
    """Lets `write` make a file under a temporary name, which becomes `path` when it is whole; returns `path`.

    Raises:
        ImageError: What `write` raised, with the path in front unless it is an `ImageError` itself.
    """
    try:
        with whole_file(path) as temporary:
            write(temporary)
    except ImageError:
        raise
    except Exception as error:  # encoders raise many kinds
        raise ImageError(f"{path}: {error or type(error).__name__}") from error
    return path
