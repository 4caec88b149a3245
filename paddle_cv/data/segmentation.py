"""From images and masks to what networks for segmentation learn from, and from images to what they look at."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Union

import numpy as np
from paddle.io import Dataset
from PIL import Image

from ..models.segmentation.base import WholeImageSpec
from .files import read_image
from .listing import list_pictures
from .masks import MaskedSet
from .preprocessing import standardise
from .scenes import Variation, crop, degrade, paste_scene, vary_colors

__all__ = ["MaskedImages", "network_input", "working_shape"]


def working_shape(height: int, width: int, spec: WholeImageSpec) -> tuple[int, int]:
    """Height and width at which a network looks at an image: its shorter side that of the network's training, the shape kept.

    Very long images keep less of their shape: the longer side is at most four times the shorter one.
    """
    if spec.square:
        return spec.working_size, spec.working_size
    factor = spec.working_size / min(height, width)
    longest = 4 * spec.working_size
    unit = spec.multiple
    height, width = (max(round(min(side * factor, longest) / unit), 1) * unit for side in (height, width))
    return height, width


def network_input(image: np.ndarray, spec: WholeImageSpec) -> np.ndarray:
    """(H, W, 3) uint8 RGB -> (3, H, W) float32, standardised and in the order of channels that the network takes."""
    values = standardise(image, spec)
    return np.ascontiguousarray(values[::-1]) if spec.bgr else values


def seen_image(image: np.ndarray, spec: WholeImageSpec) -> np.ndarray:
    """An image (H, W, 3) uint8 at the size at which the network looks at it; reduced by averaging, enlarged bilinearly."""
    height, width = working_shape(*image.shape[:2], spec)
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))


def background_files(sources: Sequence[Union[str, Path]]) -> list[Path]:
    """The pictures that folders, files and patterns such as `photographs/wall_*` stand for.

    Raises:
        FileNotFoundError: One stands for none.
    """
    found: list[Path] = []
    for source in map(str, sources):
        files = [Path(name) for name in sorted(glob.glob(source))] if glob.has_magic(source) else list_pictures(source)
        if not files:
            raise FileNotFoundError(f"there is no picture {source}")
        found += files
    return found


class MaskedImages(Dataset):
    """Training items of segmentation, in an order that is shuffled anew in each epoch.

    Item n, any number from 0 on, is of epoch n // epoch_size. It depends on `seed` and n alone. Images are kept in memory once
    they are decoded, reduced to twice the size that is cut out of them.

    Args:
        data: Images and masks.
        spec: The network's specification.
        size: Side of the square items.
        classes: The masks hold class numbers; else the opacity of the foreground.
        variation: How items are varied.
        backgrounds: Files of photographs for scenes.
        seed: Of order and variation.

    Items: (3, size, size) float32, standardised; the mask, (size, size) uint8.
    """

    def __init__(
        self,
        data: MaskedSet,
        spec: WholeImageSpec,
        size: int,
        classes: bool,
        variation: Variation,
        backgrounds: Sequence[Path] = (),
        seed: int = 0,
    ):
        super().__init__()
        if variation.composite and (classes or not backgrounds):
            raise ValueError("scenes are made of the opacity of a foreground, and of backgrounds (data.backgrounds)")
        self.data, self.spec, self.size, self.classes = data, spec, size, classes
        self.variation, self.background_files, self.seed = variation, list(backgrounds), seed
        self.cache: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self.order = (-1, np.empty(0, int))

    @property
    def epoch_size(self) -> int:
        return len(self.data)

    def __len__(self) -> int:
        return self.epoch_size

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        image, mask = self.varied(index)
        return network_input(image, self.spec), mask

    def varied(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """An item as a picture: (size, size, 3) and (size, size), uint8."""
        epoch, position = divmod(index, self.epoch_size)
        if self.order[0] != epoch:
            self.order = epoch, np.random.default_rng([self.seed, epoch]).permutation(self.epoch_size)
        number, rng = int(self.order[1][position]), np.random.default_rng([self.seed, index])
        if rng.random() < self.variation.composite:
            # The item's own image comes first, so that an epoch shows every one.
            drawn = iter([number])
            image, mask = paste_scene(
                lambda: self._pair(next(drawn, int(rng.integers(self.epoch_size)))),
                self._backgrounds[int(rng.integers(len(self._backgrounds)))],
                self.size,
                self.variation,
                rng,
            )
        else:
            image, mask = crop(self._pair(number), self.size, self.variation.scale, rng, smooth=not self.classes)
            image = vary_colors(image, self.variation.color, rng)
        if self.variation.degrade:
            image = degrade(image, rng)
        return image, np.ascontiguousarray(mask)

    def _pair(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        if number not in self.cache:
            image, mask = self.data.read(number, self.classes)
            factor = 2 * self.size / min(mask.shape)
            if factor < 1:
                shape = [round(side * factor) for side in mask.shape[::-1]]
                kind = Image.Resampling.NEAREST if self.classes else Image.Resampling.BILINEAR
                image = np.asarray(Image.fromarray(image).resize(shape, Image.Resampling.BILINEAR))
                mask = np.asarray(Image.fromarray(mask).resize(shape, kind))
            self.cache[number] = image, mask
        return self.cache[number]

    @cached_property
    def _backgrounds(self) -> list[np.ndarray]:
        found = []
        for path in self.background_files:
            image = Image.fromarray(read_image(path)).convert("RGB")
            factor = 2 * self.size / min(image.size)
            if factor < 1:
                image = image.resize([round(side * factor) for side in image.size], Image.Resampling.BILINEAR)
            found.append(np.asarray(image))
        return found
