"""Pictures in and out: what a file, a PIL image or an array holds, and how the result goes back into the same form."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

__all__ = ["ImageError", "Picture", "open_picture", "save_image"]


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
        info: What Pillow keeps with the result: icc_profile, exif, dpi.
    """

    color: np.ndarray
    alpha: Optional[np.ndarray]
    name: str
    kind: str
    info: dict[str, Any] = field(default_factory=dict)

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

    def image(self) -> Image.Image:
        """As a PIL image of mode L, LA, RGB, RGBA or I;16, with ICC profile, EXIF data and resolution."""
        array = self.array()
        if array.dtype == np.uint16 and array.ndim == 3:
            raise ImageError(f"{self.name}: Pillow has no 16-bit colour; give and take arrays instead")
        if np.issubdtype(array.dtype, np.floating):
            array = np.rint(array * 255).astype(np.uint8)
        image = Image.fromarray(array)
        image.info.update(self.info)
        return image


def open_picture(source: Any, name: Optional[str] = None) -> Picture:
    """Decodes a picture.

    Args:
        source: A path, the bytes of a file, a PIL image, or an RGB array: (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), uint8,
            uint16, or float in [0, 1].
        name: What to call it in messages.

    Raises:
        FileNotFoundError: There is no such file.
        ImageError: It is no picture, damaged, of an unsupported kind, or has no pixels.
    """
    if isinstance(source, (str, Path)):
        if not os.path.exists(source):
            raise FileNotFoundError(f"there is no file {source}")
        return _decode(source, name or str(source))
    if isinstance(source, (bytes, bytearray)):
        return _decode(io.BytesIO(source), name or "bytes")
    if isinstance(source, Image.Image):
        return _from_image(source, name or getattr(source, "filename", "") or "PIL image")
    if isinstance(source, np.ndarray):
        return _from_array(source, name or "array")
    raise ImageError(f"{name or 'input'}: a path, bytes, PIL image or array is needed, not {type(source).__name__}")


def _decode(file: Any, name: str) -> Picture:
    try:
        with Image.open(file) as image:
            return _from_image(image, name)
    except ImageError:
        raise
    except UnidentifiedImageError:
        raise ImageError(f"{name}: this is no picture, or of a format that cannot be read") from None
    except Exception as error:  # Pillow raises many kinds for damaged files, SyntaxError among them
        raise ImageError(f"{name}: {error}") from error


def _from_image(image: Image.Image, name: str) -> Picture:
    # Pillow decodes 16-bit colour to 8 bits without a word; before it decodes, the raw mode still shows it.
    if image.mode in ("LA", "RGB", "RGBA") and any(";16" in str(tile[3]) for tile in getattr(image, "tile", ())):
        raise ImageError(f"{name}: 16-bit colour would lose its depth; convert it to 8 bit, or pass a uint16 array")
    if image.mode == "F":
        raise ImageError(f"{name}: pixels are floating-point numbers of unknown range; pass a float array in [0, 1]")
    image = ImageOps.exif_transpose(image)
    info = {key: image.info[key] for key in ("icc_profile", "dpi") if image.info.get(key)}
    if image.getexif():
        info["exif"] = image.getexif().tobytes()
    if image.mode == "CMYK":
        info.pop("icc_profile", None)  # a profile for inks does not describe the RGB values made from them
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
    if array.ndim != 2 and not (array.ndim == 3 and array.shape[2] in (3, 4)):
        raise ImageError(
            f"{name}: an array of shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) is needed, not {array.shape}"
        )
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


def save_image(image: Image.Image, path: Union[str, Path]) -> Path:
    """Writes a PIL image with its ICC profile, EXIF data and resolution; the file appears only when it is whole.

    The format follows from the suffix. JPEG is written at quality 95 without chroma subsampling.

    Raises:
        ImageError: An unknown suffix, or a format that cannot hold the picture (alpha in a JPEG, for example).
    """
    path = Path(path)
    file_format = Image.registered_extensions().get(path.suffix.lower())
    if file_format is None or file_format not in Image.SAVE:
        raise ImageError(f"{path}: {path.suffix or 'a name without suffix'} is no picture format that can be written")
    options = {key: image.info[key] for key in ("icc_profile", "exif", "dpi") if key in image.info}
    if file_format == "JPEG":
        options.update(quality=95, subsampling=0)
    elif file_format == "WEBP":
        options.update(lossless=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        image.save(temporary, format=file_format, **options)
        os.replace(temporary, path)
    except (OSError, ValueError) as error:
        raise ImageError(f"{path}: {error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return path
