"""Noisy or compressed pictures, and clean ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Optional, Union

import numpy as np
from PIL import Image

from .degradation import Degradation
from .files import read_image
from .imresize import imresize
from .listing import list_pictures, named_pictures
from .patches import Patches, flip_and_turn, to_network

__all__ = ["DenoisingPatches", "denoising_pairs"]


class DenoisingPatches(Patches):
    """Random patches of clean pictures and what Gaussian noise, or another degradation, makes of them.

    Item n, any number from 0 on, depends on `seed` and n alone: a run that is stopped and continued, or that reads through
    several worker processes, meets the same patches and the same noise.

    Args:
        folders: One source of clean pictures or several, as `list_pictures` takes them.
        noise_level: Standard deviation of the noise, of 255; two numbers: each item has a level between them.
        patch_size: Side of the patch in pixels.
        seed: Seed of the random choices.
        rescale: Each picture is also offered reduced by these factors.
        grey: Grey pictures (Pillow's L) in place of RGB.
        degradation: Takes the place of `noise_level`, which is None then: `jpeg:10-40`, for instance, as `Degradation` reads it.

    Items: (noisy, level, clean), float32: pictures (C, patch_size, patch_size), the clean one in [0, 1], the noisy one not
    clipped; the level of this item's noise, of 1, as (1, 1, 1). C is 1 with `grey`, else 3 for RGB. Randomly flipped and rotated
    by multiples of 90 degrees. With `degradation`: (degraded, clean), both in [0, 1].

    Raises:
        FileNotFoundError: A folder is missing or has no picture in it.
        ValueError: No picture is large enough for a patch, one cannot be read, `noise_level` has neither one nor two numbers, or
            there is no such degradation of a picture that keeps its size.
    """

    def __init__(
        self,
        folders: Union[str, Path, Sequence[Union[str, Path]]],
        noise_level: Optional[Union[float, Sequence[float]]],
        patch_size: int,
        seed: int = 0,
        rescale: Sequence[float] = (1.0,),
        grey: bool = False,
        degradation: Optional[str] = None,
    ):
        super().__init__()
        self.degradation = None if degradation is None else _without_reduction(degradation)
        levels = np.atleast_1d(np.asarray(0 if degradation else noise_level, float))
        if levels.shape not in ((1,), (2,)):
            raise ValueError(f"noise_level is a number or [lowest, highest], not {noise_level}")
        self.lowest, self.highest = levels[0], levels[-1]
        self.patch_size, self.seed = patch_size, seed
        files = list_pictures(folders)
        self.pictures: list[np.ndarray] = []
        for path in files:
            original = _with_channels(read_image(path), grey)
            for factor in rescale:
                picture = original if factor == 1 else imresize(original, factor)
                if min(picture.shape[:2]) >= patch_size:
                    self.pictures.append(picture)
        if not self.pictures:
            raise ValueError(f"none of {len(files)} pictures is at least {patch_size} pixels high and wide")

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        rng = np.random.default_rng([self.seed, index])
        picture = self.pictures[rng.integers(len(self.pictures))]
        top, left = (int(rng.integers(side - self.patch_size + 1)) for side in picture.shape[:2])
        if self.degradation:
            return self._degraded(picture, top, left, rng)
        picture = picture[top : top + self.patch_size, left : left + self.patch_size]
        clean = to_network(flip_and_turn(rng, picture)[0])
        level = np.float32(rng.uniform(self.lowest, self.highest) / 255)
        noisy = clean + level * rng.standard_normal(clean.shape, np.float32)
        return noisy, np.full((1, 1, 1), level, np.float32), clean

    def _degraded(self, picture: np.ndarray, top: int, left: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        size = self.patch_size
        window, above, before = self.degradation.harmed_window(picture, top, left, size, rng)
        patches = window[above : above + size, before : before + size], picture[top : top + size, left : left + size]
        return tuple(to_network(patch) for patch in flip_and_turn(rng, *patches))


def denoising_pairs(
    folder: Union[str, Path, Sequence[Union[str, Path]]],
    noise_level: Optional[float],
    grey: bool = False,
    seed: int = 0,
    degradation: Optional[str] = None,
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """The pictures of a test set, one after the other, with the same noise each time.

    Args:
        folder: Clean pictures, as `list_pictures` takes them.
        noise_level: Standard deviation of the Gaussian noise, of 255.
        grey: Grey pictures (Pillow's L) in place of RGB.
        seed: Seed of the noise.
        degradation: Takes the place of `noise_level`, which is None then, as in `DenoisingPatches`.

    Yields:
        Name (`names_in`), noisy picture (H, W, C) float32, 1 standing for 255, neither rounded nor clipped unless it is made by
        `degradation`, clean picture (H, W, C) uint8.

    Raises:
        FileNotFoundError: The folder is missing or has no picture in it.
        ValueError: A picture cannot be read, or there is no such degradation of a picture that keeps its size.
    """
    maker = None if degradation is None else _without_reduction(degradation)
    for number, (name, path) in enumerate(named_pictures(folder)):
        clean = _with_channels(read_image(path), grey)
        rng = np.random.default_rng([seed, number])
        if maker:
            yield name, maker.harm(clean, rng).astype(np.float32) / 255, clean
            continue
        noise = rng.standard_normal(clean.shape, np.float32)
        yield name, clean.astype(np.float32) / 255 + np.float32(noise_level / 255) * noise, clean


def _without_reduction(text: str) -> Degradation:
    degradation = Degradation(text)
    if degradation.reduction:
        raise ValueError(f"the degradation {text!r} changes the size of the picture, which a denoiser leaves as it is")
    return degradation


def _with_channels(image: np.ndarray, grey: bool) -> np.ndarray:
    """(H, W) or (H, W, 3) uint8 -> (H, W, 1) if `grey`, else (H, W, 3)."""
    if not grey:
        return image if image.ndim == 3 else np.dstack([image] * 3)
    return np.asarray(Image.fromarray(image).convert("L"))[..., None]
