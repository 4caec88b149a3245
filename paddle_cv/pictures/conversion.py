"""PIL images and arrays as pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageOps

from .cmyk import cmyk_to_rgb
from .picture import ImageError, Picture

__all__ = ["from_array", "from_image", "is_deep", "picture_of"]


def is_deep(image: Image.Image) -> bool:
    """Whether Pillow would reduce the depth: it decodes 16-bit colour to 8 bits without a word."""
    # Before it decodes, the raw mode still shows it.
    sixteen = any(";16" in str(tile[3]) for tile in getattr(image, "tile", ()))
    # Of 16-bit grey it leaves out which value is transparent.
    return sixteen and (image.mode in ("LA", "RGB", "RGBA") or (image.format == "PNG" and "transparency" in image.info))


def from_image(image: Image.Image, name: str, info: dict[str, Any]) -> Picture:
    """A PIL image, turned upright; `info` becomes that of the picture.

    Raises:
        ImageError: A mode that would lose depth, or values that are no picture's.
    """
    if is_deep(image):
        raise ImageError(
            f"{name}: Pillow would reduce 16-bit colour to 8 bits; pass the file or a uint16 array instead"
        )
    image.load()
    image = ImageOps.exif_transpose(image)
    if image.mode == "F":
        picture = from_array(np.asarray(image), name)
        picture.kind, picture.info, picture.mode = "image", info, "F"
        return picture
    if image.mode == "CMYK":
        rgb, profile = cmyk_to_rgb(image)
        info = {key: value for key, value in info.items() if key != "icc_profile"}  # it describes inks, not RGB values
        picture = picture_of(np.asarray(rgb), name, "image", {**info, "cmyk_profile": profile} if profile else info)
        picture.mode = "CMYK"
        return picture
    if image.mode.startswith("I"):
        array = np.asarray(image)
        if array.min(initial=0) < 0 or array.max(initial=0) > 65535:
            raise ImageError(f"{name}: grey values outside 0-65535")
        return picture_of(array.astype(np.uint16), name, "image", info)
    grey = image.mode in ("1", "L", "LA", "La")
    transparent = image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info
    array = np.asarray(image.convert(("L" if grey else "RGB") + ("A" if transparent else "")))
    return picture_of(array, name, "image", info)


def from_array(array: np.ndarray, name: str) -> Picture:
    """An array of any of the shapes and depths that `open_picture` takes.

    Raises:
        ImageError: Any other array.
    """
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
    return picture_of(array, name, "array", {})


def picture_of(array: np.ndarray, name: str, kind: str, info: dict[str, Any]) -> Picture:
    """A picture of an array (H, W), (H, W, 2), (H, W, 3) or (H, W, 4) of the right depth; 2 and 4 have alpha.

    Raises:
        ImageError: There are no pixels.
    """
    if 0 in array.shape:
        raise ImageError(f"{name}: no pixels, shape {array.shape}")
    if array.ndim == 3 and array.shape[2] in (2, 4):
        color, alpha = array[..., :-1], array[..., -1]
        return Picture(color[..., 0] if color.shape[2] == 1 else color, alpha, name, kind, info)
    return Picture(array, None, name, kind, info)
