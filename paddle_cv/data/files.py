"""Finding and decoding the pictures of a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Union

import numpy as np
from PIL import Image, ImageOps

from .sources import hint

__all__ = ["IMAGE_SUFFIXES", "list_images", "read_image"]

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")


def list_images(folder: Union[str, Path]) -> list[Path]:
    """All pictures in a folder and the folders below it, sorted by path.

    Raises:
        FileNotFoundError: There is no such folder, or no picture in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}{hint(folder)}")
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES and p.is_file())
    if not found:
        raise FileNotFoundError(f"there is no picture ({', '.join(IMAGE_SUFFIXES)}) in {folder}")
    return found


def read_image(path: Union[str, Path]) -> np.ndarray:
    """A data-set picture, turned upright: (H, W, 3) uint8 RGB, or (H, W) where the file has one channel.

    Raises:
        ValueError: The file is no picture, is damaged, or has grey values of more than 8 bits; the message names it.
    """
    try:
        with Image.open(path) as image:
            if image.mode[0] in "IF":
                raise ValueError(f"8 bits a channel are wanted, and this has Pillow's mode {image.mode}")
            image = ImageOps.exif_transpose(image)
            return np.asarray(image.convert("L" if image.mode in ("1", "L", "LA") else "RGB"))
    except FileNotFoundError:
        raise
    except Exception as error:  # Pillow raises many kinds, SyntaxError among them, for broken files.
        raise ValueError(f"cannot read {path}: {error}") from error
