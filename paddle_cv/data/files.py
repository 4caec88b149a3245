"""Finding and decoding the pictures of a data set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Union

import numpy as np

from ..pictures import open_picture
from ..pictures.alpha import fill_transparent
from ..pictures.folders import IMAGE_SUFFIXES, pictures_below
from .sources import hint

__all__ = ["IMAGE_SUFFIXES", "list_images", "names_in", "read_image"]


def list_images(folder: Union[str, Path]) -> list[Path]:
    """All pictures in a folder and the folders below it, sorted by path; hidden ones are no data.

    The log counts the files that are left out.

    Raises:
        FileNotFoundError: There is no such folder, or no picture in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}{hint(folder)}")
    found = pictures_below(folder)
    if not found:
        raise FileNotFoundError(f"there is no picture ({', '.join(IMAGE_SUFFIXES)}) in {folder}")
    return found


def names_in(folder: Union[str, Path], pictures: Sequence[Path]) -> list[str]:
    """What to call the pictures of a folder: their paths within it without suffix, with it where two would be called the same."""
    places = [picture.relative_to(folder) for picture in pictures]
    bare = [place.with_suffix("").as_posix() for place in places]
    counts = Counter(bare)
    return [name if counts[name] == 1 else place.as_posix() for name, place in zip(bare, places)]


def read_image(path: Union[str, Path]) -> np.ndarray:
    """A data-set picture as networks that restore pictures see it in prediction, in 8 bits.

    It is turned upright; colours under what is fully transparent are those around it (`fill_transparent`), and the transparency
    itself is left out; deeper pictures are reduced to 8 bits; CMYK and palettes become RGB.

    Returns:
        (H, W, 3) uint8 RGB, or (H, W) where the file is grey.

    Raises:
        FileNotFoundError: There is no such file.
        ImageError: The file is no picture or is damaged; the message names it.
    """
    picture = open_picture(path, metadata=False).eight_bits()
    return picture.color if picture.alpha is None else fill_transparent(picture.color, picture.alpha)
