"""Images with masks: which parts of them belong to what."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Optional, Union

import numpy as np
from PIL import Image

from ..pictures import ImageError, open_picture
from .files import list_images, names_in
from .listing import split

__all__ = ["IGNORED", "FolderMasks", "MaskedSet", "VOCMasks", "read_class_map", "read_opacity"]

#: The class number of pixels that nobody knows the class of.
IGNORED = 255


class MaskedSet(ABC):
    """Images, each with a mask of its size."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def name(self, number: int) -> str:
        """What to call an image."""

    @abstractmethod
    def read(self, number: int, classes: bool) -> tuple[np.ndarray, np.ndarray]:
        """An image (H, W, 3) uint8 and its mask (H, W) uint8: class numbers, 255 where it is unknown; or opacity in 0...255.

        Raises:
            ImageError: A file is damaged, or the mask is of another size.
        """


class FolderMasks(MaskedSet):
    """The folders `images` and `masks`, whose files are matched by name, whatever their suffixes.

    Args:
        folders: Each has both.

    Raises:
        FileNotFoundError: One is missing or empty.
        ValueError: An image has no mask, or a mask no image.
    """

    def __init__(self, folders: Sequence[Union[str, Path]]):
        self.pairs = [pair for folder in folders for pair in _pairs(Path(folder))]

    def __len__(self) -> int:
        return len(self.pairs)

    def part(self, numbers: Sequence[int]) -> FolderMasks:
        """Some of them."""
        chosen = FolderMasks([])
        chosen.pairs = [self.pairs[number] for number in numbers]
        return chosen

    def parts(self, share: float) -> tuple[FolderMasks, FolderMasks]:
        """Those to train on and those to measure on, which are `share` of all; always the same."""
        first, second = split(range(len(self)), share)
        return self.part(first), self.part(second)

    def name(self, number: int) -> str:
        return self.pairs[number][0].stem

    def read(self, number: int, classes: bool) -> tuple[np.ndarray, np.ndarray]:
        path, mask_path = self.pairs[number]
        picture = open_picture(path, metadata=False).on_white().eight_bits()
        image = np.asarray(Image.fromarray(picture.color).convert("RGB"))
        mask = (read_class_map if classes else read_opacity)(mask_path)
        if mask.shape != image.shape[:2]:
            sizes = " and ".join(f"{width} x {height}" for height, width in (mask.shape, image.shape[:2]))
            raise ImageError(f"{mask_path}: the mask and its image have different sizes, {sizes}")
        return image, mask


def _pairs(folder: Path) -> list[tuple[Path, Path]]:
    images, masks = (
        dict(zip(names_in(part, files), files))
        for part, files in ((part, list_images(part)) for part in (folder / "images", folder / "masks"))
    )
    for found, others, what in ((images, masks, "mask"), (masks, images, "image")):
        alone = sorted(found.keys() - others.keys())
        if alone:
            more = f" and {len(alone) - 3} more" if len(alone) > 3 else ""
            raise ValueError(f"{folder}: there is no {what} for {', '.join(alone[:3])}{more}")
    return [(path, masks[name]) for name, path in images.items()]


class VOCMasks(MaskedSet):
    """PASCAL VOC 2012 as Paddle reads it: 21 classes.

    Args:
        archive: `VOCtrainval_11-May-2012.tar`; None: Paddle downloads it, once.
        part: "train" or "valid".
    """

    def __init__(self, archive: Optional[Union[str, Path]], part: str):
        from paddle.vision.datasets import VOC2012

        self.data = VOC2012(archive and str(archive), mode=part, backend="pil")

    def __len__(self) -> int:
        return len(self.data)

    def name(self, number: int) -> str:
        return str(number)

    def read(self, number: int, classes: bool) -> tuple[np.ndarray, np.ndarray]:
        image, mask = self.data[number]
        return np.asarray(image.convert("RGB")), np.asarray(mask)


def read_class_map(path: Union[str, Path]) -> np.ndarray:
    """The class numbers (H, W) uint8 of a mask: a picture with a palette, or a grey one whose values are the numbers.

    Raises:
        ImageError: It is neither, or is damaged.
    """
    with _opened(path) as mask:
        if mask.mode not in ("1", "L", "P"):
            raise ImageError(f"{path}: a map of classes is grey or has a palette; this one is {mask.mode}")
        return np.asarray(mask, np.uint8)


def read_opacity(path: Union[str, Path]) -> np.ndarray:
    """The opacity (H, W) uint8 that a mask gives its foreground.

    Transparency counts where there is some. Else it is the grey value; masks of the values 0 and 1, and those with a palette,
    whose first colour is the background, are taken as what they mean.

    Raises:
        ImageError: The file is no picture or is damaged.
    """
    with _opened(path) as mask:
        if "A" in mask.getbands():
            return np.asarray(mask.getchannel("A"))
        if mask.mode in ("1", "P"):
            return np.where(np.asarray(mask), 255, 0).astype(np.uint8)
        if mask.mode == "L":
            values = np.asarray(mask)
            return values * np.uint8(255) if values.max(initial=0) == 1 else values
    return np.asarray(Image.fromarray(open_picture(path, metadata=False).eight_bits().color).convert("L"))


def _opened(path: Union[str, Path]) -> Image.Image:
    try:
        mask = Image.open(path)
        mask.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise ImageError(f"{path} is no picture, or a damaged one: {error}") from error
    return mask
