"""Pictures in: what a file, a PIL image or an array holds. How results go back into files stands in `writing`."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from .cmyk import cmyk_to_rgb, rgb_to_cmyk
from .work import check_work

__all__ = ["MAX_MEGAPIXELS", "READ_FORMATS", "ImageError", "Picture", "full_scale", "open_picture", "picture_size"]

logger = logging.getLogger(__name__)

#: Files of more pixels are refused before they are decoded: a few kilobytes can claim to be a picture that fills the memory.
MAX_MEGAPIXELS = 200.0
#: Pillow's names of what is read. It knows more formats, some of which start other programs (EPS).
READ_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")

_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# EXIF entries that hold for the file as it was: its orientation, and how a TIFF file is laid out (type, size, samples, strips,
# tiles, profile); and, among the camera's, the size in pixels. The resolution stays: WebP has no other place for it.
_OF_THE_FILE = (254, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284)
_OF_THE_FILE += (317, 320, 322, 323, 324, 325, 338, 339, 347, 34675)
_CAMERA, _CAMERA_SIZE = 0x8769, (0xA002, 0xA003)
_pillow_limit = threading.Lock()


class ImageError(ValueError):
    """A picture that cannot be used; the message names it and says why."""


@dataclass
class Picture:
    """A decoded picture.

    Attributes:
        color: (H, W, 3) RGB, or (H, W) for a grey picture; uint8, uint16 or float32 in [0, 1].
        alpha: (H, W) of the same dtype, or None.
        name: What to call the picture in messages.
        kind: "array" or "image": what the result has to be.
        info: What is kept with the result: icc_profile, exif, dpi; for CMYK pictures also cmyk_profile.
        mode: "CMYK" or "F" (grey, floating-point) where Pillow's mode does not follow from the arrays.
    """

    color: np.ndarray
    alpha: Optional[np.ndarray]
    name: str
    kind: str
    info: dict[str, Any] = field(default_factory=dict)
    mode: str = ""

    @property
    def grey(self) -> bool:
        return self.color.ndim == 2

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.color.shape[:2]

    def with_pixels(self, color: np.ndarray, alpha: Optional[np.ndarray]) -> Picture:
        return replace(self, color=color, alpha=alpha)

    def array(self) -> np.ndarray:
        """Colour and alpha in one array: (H, W), (H, W, 2), (H, W, 3) or (H, W, 4)."""
        if self.alpha is None:
            return self.color
        return np.dstack([self.color, self.alpha])

    def result(self) -> Union[np.ndarray, Image.Image]:
        """An array for an array, else a PIL image, or an array where Pillow has no mode of this depth (16-bit colour)."""
        flat = self.grey and self.alpha is None
        fits = self.color.dtype == np.uint8 or (flat and (self.color.dtype == np.uint16 or self.mode == "F"))
        return self.image(keep_mode=True) if self.kind == "image" and fits else self.array()

    def image(self, keep_mode: bool = False) -> Image.Image:
        """As a PIL image with ICC profile, EXIF data and resolution.

        Args:
            keep_mode: Modes CMYK and F come back; else these become RGB and L.

        Returns:
            An image of mode L, LA, RGB, RGBA or I;16, or of `mode`. Floating-point values are rounded to 8 bits otherwise.

        Raises:
            ImageError: 16-bit colour, for which Pillow has no mode.
        """
        array = self.array()
        if array.dtype == np.uint16 and array.ndim == 3:
            raise ImageError(f"{self.name}: Pillow has no 16-bit colour; give and take arrays, or write a file instead")
        if array.dtype.kind == "f" and not (keep_mode and self.mode == "F"):
            array = np.rint(array * 255).astype(np.uint8)
        image = Image.fromarray(array)
        if keep_mode and self.mode == "CMYK":
            image = rgb_to_cmyk(image, self.info.get("cmyk_profile"))
        image.info.update({key: value for key, value in self.info.items() if key != "cmyk_profile"})
        if image.mode == "CMYK" and "cmyk_profile" in self.info:
            image.info["icc_profile"] = self.info["cmyk_profile"]
        return image


def full_scale(dtype: np.dtype) -> int:
    """The value of white."""
    return 1 if np.issubdtype(dtype, np.floating) else np.iinfo(dtype).max


def open_picture(source: Any, name: Optional[str] = None, max_megapixels: float = MAX_MEGAPIXELS) -> Picture:
    """Decodes a picture; of several frames or pages the first one, with a warning in the log.

    Args:
        source: A path, the bytes of a file, a PIL image, or an RGB array: (H, W), (H, W, 1), (H, W, 2) with alpha, (H, W, 3)
            or (H, W, 4), uint8, uint16, or float in [0, 1].
        name: What to call it in messages.
        max_megapixels: Files of more pixels are refused before they are decoded.

    Raises:
        FileNotFoundError: There is no such file.
        ImageError: It is no picture, damaged, of an unsupported kind, too large, or has no pixels.
    """
    if isinstance(source, (str, Path)):
        if not os.path.exists(source):
            raise FileNotFoundError(f"there is no file {source}")
        name = name or str(source)
        try:
            with open(source, "rb") as file:
                return _decode(file, name, max_megapixels)
        except OSError as error:
            raise ImageError(f"{name}: {error.strerror or error}") from error
    if isinstance(source, (bytes, bytearray)):
        return _decode(io.BytesIO(source), name or "bytes", max_megapixels)
    if isinstance(source, Image.Image):
        name = name or getattr(source, "filename", "") or "PIL image"
        with _errors_of(name):
            return _from_image(source, name)
    if isinstance(source, np.ndarray):
        return _from_array(source, name or "array")
    raise ImageError(f"{name or 'input'}: a path, bytes, PIL image or array is needed, not {type(source).__name__}")


def picture_size(path: Union[str, Path]) -> tuple[int, int]:
    """Height and width in pixels as the file has them, before it is turned upright; nothing is decoded.

    Raises:
        ImageError: There is no such file, or it is no picture.
    """
    with _errors_of(str(path)), open(path, "rb") as file:
        try:
            with _without_pillow_limit(), Image.open(file, formats=READ_FORMATS) as image:
                return image.size[::-1]
        except UnidentifiedImageError:
            file.seek(0)
            if file.read(4) not in _TIFF_STARTS:
                raise
            from . import high_depth as deep

            return deep.tiff_size(file)


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


def _check_size(width: int, height: int, name: str, max_megapixels: float) -> None:
    if width * height > max_megapixels * 1e6:
        raise ImageError(
            f"{name}: {width} x {height} pixels are more than the limit of {max_megapixels:g} megapixels (max_megapixels)"
        )


def _decode(file: Any, name: str, max_megapixels: float) -> Picture:
    start = file.read(4)
    file.seek(0)
    with _errors_of(name):
        try:
            with _without_pillow_limit():
                image = Image.open(file, formats=READ_FORMATS)
        except UnidentifiedImageError:
            if start in _TIFF_STARTS:  # Pillow knows few combinations of depth and samples
                return _deep_tiff(file, name, max_megapixels)
            raise
        with image:
            _check_size(*image.size, name, max_megapixels)
            check_work(image, file)
            if _is_deep(image):
                if image.format == "PNG":
                    return _deep_png(image, file, name)
                if image.format == "TIFF":
                    return _deep_tiff(file, name, max_megapixels)
                raise ImageError(f"{name}: 16-bit colour in a {image.format} file; PNG and TIFF can be read")
            if image.format in ("GIF", "PNG", "TIFF", "WEBP") and _has_frames(image):
                logger.warning("%s: only the first of several frames is used", name)
            return _from_image(image, name)


def _is_deep(image: Image.Image) -> bool:
    """Whether Pillow would reduce the depth: it decodes 16-bit colour to 8 bits without a word."""
    if image.mode == "F":
        return True
    if image.format == "TIFF":
        bits, numbers = image.tag_v2.get(258, (1,)), image.tag_v2.get(339, (1,))
        # Grey of other kinds (32 bits, signed) is mode I.
        return max(bits) > 8 and (set(numbers) == {1} and max(bits) == 16 or not image.mode.startswith("I"))
    # Before it decodes, the raw mode still shows it.
    sixteen = any(";16" in str(tile[3]) for tile in getattr(image, "tile", ()))
    # Of 16-bit grey it leaves out which value is transparent.
    return sixteen and (image.mode in ("LA", "RGB", "RGBA") or (image.format == "PNG" and "transparency" in image.info))


def _has_frames(image: Image.Image) -> bool:
    with contextlib.suppress(Exception):  # damage behind the first frame is of no matter
        return bool(getattr(image, "is_animated", False))
    return False


def _deep_png(image: Image.Image, file: Any, name: str) -> Picture:
    from . import high_depth as deep

    info, orientation = _kept_info(image, name), image.getexif().get(0x0112, 1)
    file.seek(0)
    return _picture(deep.upright(deep.decode_png(file.read()), orientation), name, "image", info)


def _deep_tiff(file: Any, name: str, max_megapixels: float) -> Picture:
    from . import high_depth as deep

    file.seek(0)
    array, info, lost = deep.decode_tiff(file, lambda width, height: _check_size(width, height, name, max_megapixels))
    for note in lost:
        logger.warning("%s: %s", name, note)
    picture = _from_array(array, name)
    mode = "F" if picture.grey and picture.alpha is None and array.dtype.kind == "f" else ""
    return replace(picture, kind="image", info=info, mode=mode)


def _kept_info(image: Image.Image, name: str) -> dict[str, Any]:
    info = {key: image.info[key] for key in ("icc_profile", "dpi") if image.info.get(key)}
    if image.format == "TIFF" and 282 not in image.tag_v2:  # Pillow makes up one dot per inch
        info.pop("dpi", None)
    try:
        exif = Image.Exif()
        exif.load(image.getexif().tobytes())
        for tag in _OF_THE_FILE:
            exif.pop(tag, None)
        for tag in _CAMERA_SIZE:
            exif.get_ifd(_CAMERA).pop(tag, None)
        if len(exif):
            info["exif"] = exif.tobytes()
    except Exception:  # Pillow raises many kinds
        logger.warning("%s: the EXIF data is damaged and left out", name)
    return info


def _from_image(image: Image.Image, name: str) -> Picture:
    if _is_deep(image) and image.mode != "F":
        raise ImageError(
            f"{name}: Pillow would reduce 16-bit colour to 8 bits; pass the file or a uint16 array instead"
        )
    image.load()
    info = _kept_info(image, name)
    image = ImageOps.exif_transpose(image)
    if image.mode == "F":
        return replace(_from_array(np.asarray(image), name), kind="image", info=info, mode="F")
    if image.mode == "CMYK":
        rgb, profile = cmyk_to_rgb(image)
        info.pop("icc_profile", None)  # it describes inks, not the RGB values made from them
        if profile:
            info["cmyk_profile"] = profile
        return replace(_picture(np.asarray(rgb), name, "image", info), mode="CMYK")
    if image.mode.startswith("I"):
        array = np.asarray(image)
        if array.min(initial=0) < 0 or array.max(initial=0) > 65535:
            raise ImageError(f"{name}: grey values outside 0-65535")
        array = array.astype(np.uint16)
    else:
        grey = image.mode in ("1", "L", "LA", "La")
        transparent = image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info
        array = np.asarray(image.convert(("L" if grey else "RGB") + ("A" if transparent else "")))
    return _picture(array, name, "image", info)


def _from_array(array: np.ndarray, name: str) -> Picture:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim != 2 and not (array.ndim == 3 and array.shape[2] in (2, 3, 4)):
        raise ImageError(
            f"{name}: an array of shape (H, W), (H, W, 1), (H, W, 2), (H, W, 3) or (H, W, 4) is needed, not {array.shape}"
        )
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if np.issubdtype(array.dtype, np.floating):
        # One comparison also finds NaN.
        if not ((array >= 0) & (array <= 1)).all():
            raise ImageError(f"{name}: floating-point pixels must be in [0, 1]")
        array = array.astype(np.float32)
    elif array.dtype not in (np.uint8, np.uint16):
        raise ImageError(f"{name}: uint8, uint16 or float pixels are needed, not {array.dtype}")
    return _picture(array, name, "array", {})


def _picture(array: np.ndarray, name: str, kind: str, info: dict[str, Any]) -> Picture:
    if 0 in array.shape:
        raise ImageError(f"{name}: no pixels, shape {array.shape}")
    if array.ndim == 3 and array.shape[2] in (2, 4):
        color, alpha = array[..., :-1], array[..., -1]
        return Picture(color[..., 0] if color.shape[2] == 1 else color, alpha, name, kind, info)
    return Picture(array, None, name, kind, info)
