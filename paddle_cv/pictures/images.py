"""Pictures in: what a file, a PIL image or an array holds. How results go back into files stands in `writing`."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
from PIL import Image, UnidentifiedImageError

from . import png, tiff
from .conversion import from_array, from_image, is_deep, picture_of
from .metadata import ORIENTATION, read_info
from .picture import ImageError, Picture, full_scale
from .work import check_work

__all__ = ["MAX_MEGAPIXELS", "READ_FORMATS", "ImageError", "Picture", "full_scale", "open_picture", "picture_size"]

logger = logging.getLogger(__name__)

#: Files of more pixels are refused before they are decoded: a few kilobytes can claim to be a picture that fills the memory.
MAX_MEGAPIXELS = 200.0
#: Pillow's names of what is read. It knows more formats, some of which start other programs (EPS).
READ_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")

_WITH_FRAMES = ("GIF", "MPO", "PNG", "TIFF", "WEBP")
_pillow_limit = threading.Lock()


def open_picture(
    source: Any,
    name: Optional[str] = None,
    max_megapixels: float = MAX_MEGAPIXELS,
    metadata: bool = True,
    at_least: Optional[int] = None,
) -> Picture:
    """Decodes a picture; of several frames or pages the first one, with a warning in the log.

    Args:
        source: A path, the bytes of a file, a PIL image, or an RGB array: (H, W), (H, W, 1), (H, W, 2) with alpha, (H, W, 3)
            or (H, W, 4), uint8, uint16, or float in [0, 1].
        name: What to call it in messages.
        max_megapixels: Files of more pixels are refused before they are decoded.
        metadata: Whether `Picture.info` is filled, and the log says what is left out of it; data sets have no use for it.
        at_least: A JPEG file may be decoded to a half, a quarter or an eighth of its size, which is faster, as long as each side
            keeps so many pixels.

    Raises:
        FileNotFoundError: There is no such file.
        ImageError: It is no picture, damaged, of an unsupported kind, too large, or has no pixels.
    """
    reader = _Reader(name, max_megapixels, metadata, at_least)
    if isinstance(source, (str, Path)):
        if not os.path.exists(source):
            raise FileNotFoundError(f"there is no file {source}")
        reader.name = name or str(source)
        try:
            with open(source, "rb") as file:
                return reader.decode(file)
        except OSError as error:
            raise ImageError(f"{reader.name}: {error.strerror or error}") from error
    if isinstance(source, (bytes, bytearray)):
        reader.name = name or "bytes"
        return reader.decode(io.BytesIO(source))
    if isinstance(source, Image.Image):
        reader.name = name or getattr(source, "filename", "") or "PIL image"
        with _errors_of(reader.name):
            return reader.from_image(source)
    if isinstance(source, np.ndarray):
        return from_array(source, name or "array")
    raise ImageError(f"{name or 'input'}: a path, bytes, PIL image or array is needed, not {type(source).__name__}")


def picture_size(path: Union[str, Path]) -> tuple[int, int]:
    """Height and width in pixels as the file has them, before it is turned upright; nothing is decoded.

    Raises:
        ImageError: There is no such file, or it is no picture.
    """
    with _errors_of(str(path)), open(path, "rb") as file:
        start = _start(file)
        try:
            with _without_pillow_limit(), Image.open(_for_pillow(file, start), formats=READ_FORMATS) as image:
                return image.size[::-1]
        except UnidentifiedImageError:
            if start[:4] not in tiff.STARTS:
                raise
            return tiff.tiff_size(file)


def _start(file: Any) -> bytes:
    start = file.read(len(png.SIGNATURE))
    file.seek(0)
    return start


def _for_pillow(file: Any, start: bytes) -> Any:
    return png.open_png(file).file if start == png.SIGNATURE else file


@contextlib.contextmanager
def _errors_of(name: str) -> Iterator[None]:
    """Makes an ImageError of whatever decoders raise: for damaged files these are many kinds, SyntaxError among them."""
    try:
        yield
    except ImageError:
        raise
    except MemoryError:
        raise ImageError(f"{name}: there is not enough memory for this picture") from None
    except UnidentifiedImageError:
        raise ImageError(f"{name}: this is no picture, or of a format that cannot be read") from None
    except Exception as error:
        raise ImageError(f"{name}: {error or type(error).__name__}") from error


@contextlib.contextmanager
def _without_pillow_limit() -> Iterator[None]:
    """Pillow's own limit on pixels holds for the whole process; ours is checked before anything is decoded."""
    with _pillow_limit:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _open(file: Any) -> Image.Image:
    with _without_pillow_limit():
        return Image.open(file, formats=READ_FORMATS)


def _has_frames(image: Image.Image) -> bool:
    with contextlib.suppress(Exception):  # damage behind the first frame is of no matter
        return image.format in _WITH_FRAMES and bool(getattr(image, "is_animated", False))
    return False


@dataclass
class _Reader:
    """Decodes a file; the attributes are arguments of `open_picture`."""

    name: str
    max_megapixels: float
    metadata: bool
    at_least: Optional[int]

    def decode(self, file: Any) -> Picture:
        start = _start(file)
        with _errors_of(self.name):
            if start == png.SIGNATURE:
                return self._decode_png(png.open_png(file))
            try:
                image = _open(file)
            except UnidentifiedImageError:
                if start[:4] in tiff.STARTS:  # Pillow knows few combinations of depth and samples
                    return self._decode_tiff(file, {})
                raise
            with image:
                self._check_size(*image.size)
                check_work(image, file)
                if image.format == "TIFF":
                    if not tiff.pillow_reads(image.tag_v2):
                        return self._decode_tiff(file, read_info(image)[0])
                    tiff.check_container(image.tag_v2.get)
                elif image.format == "JPEG" and self.at_least:
                    image.draft(None, (self.at_least, self.at_least))
                elif is_deep(image):
                    raise ImageError(f"{self.name}: 16-bit colour in a {image.format} file; PNG and TIFF can be read")
                if _has_frames(image):
                    logger.warning("%s: only the first of several frames is used", self.name)
                return self.from_image(image)

    def from_image(self, image: Image.Image) -> Picture:
        info = self._info(image)
        chunks = png.chunks_of(image.info)
        if chunks and self.metadata:
            info["png_chunks"] = chunks
        return from_image(image, self.name, info)

    def _decode_png(self, file: png.PngFile) -> Picture:
        with _open(file.file) as image:
            self._check_size(*image.size)
            if _has_frames(image):
                logger.warning("%s: only the first of several frames is used", self.name)
            if file.profile:
                image.info["icc_profile"] = file.profile
            if is_deep(image):
                info, orientation = self._info(image), image.getexif().get(ORIENTATION, 1)
                file.file.seek(0)
                array = tiff.upright(png.decode_png(file.file.read()), orientation)
                picture = picture_of(array, self.name, "image", info)
            else:
                picture = self.from_image(image)
        self._tell(file.lost)
        picture.info.pop("png_chunks", None)
        if file.chunks and self.metadata:
            picture.info["png_chunks"] = file.chunks
        return picture

    def _decode_tiff(self, file: Any, info: dict[str, Any]) -> Picture:
        """`info` is what Pillow read of it: the EXIF data is taken from there."""
        file.seek(0)
        array, found, losses = tiff.decode_tiff(file, self._check_size)
        self._tell(losses)
        if "exif" in info:
            found["exif"] = info["exif"]
        picture = from_array(array, self.name)
        mode = "F" if picture.grey and picture.alpha is None and array.dtype.kind == "f" else ""
        return replace(picture, kind="image", info=found if self.metadata else {}, mode=mode)

    def _info(self, image: Image.Image) -> dict[str, Any]:
        if not self.metadata:
            return {}
        info, losses = read_info(image)
        self._tell(losses)
        return info

    def _tell(self, losses: list[str]) -> None:
        for loss in losses if self.metadata else ():
            logger.warning("%s: %s", self.name, loss)

    def _check_size(self, width: int, height: int) -> None:
        if width * height > self.max_megapixels * 1e6:
            raise ImageError(
                f"{self.name}: {width} x {height} pixels are more than the limit of {self.max_megapixels:g} megapixels "
                "(max_megapixels)"
            )
