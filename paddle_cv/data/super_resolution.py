"""Low- and high-resolution picture pairs."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Optional, Union

import numpy as np

from .color import rgb_to_y
from .degradation import Degradation
from .files import list_images, names_in, read_image
from .imresize import imresize
from .listing import list_pictures, named_pictures
from .patches import Patches, flip_and_turn, to_network

__all__ = ["SuperResolutionPatches", "crop_to_multiple", "super_resolution_pairs"]

logger = logging.getLogger(__name__)


def crop_to_multiple(image: np.ndarray, factor: int) -> np.ndarray:
    """Cuts rows at the bottom and columns at the right until both sides are multiples of `factor`."""
    height, width = (side - side % factor for side in image.shape[:2])
    return image[:height, :width]


class SuperResolutionPatches(Patches):
    """Random pairs of patches from folders of high-resolution pictures.

    The low-resolution pictures are made once, by MATLAB's bicubic reduction of the whole picture to uint8, and kept in
    memory with the originals. Item n, any number from 0 on, depends on `seed` and n alone: a run that is stopped and
    continued, or that reads through several worker processes, meets the same patches.

    Args:
        folders: One source or several, as `list_pictures` takes them: folders, searched with those below them, or files.
        scale: Enlargement factor.
        patch_size: Side of the network's input in pixels: those of the low-resolution picture, or of the enlarged one.
        seed: Seed of the random choices.
        rescale: Each picture is also offered reduced by these factors, which adds detail at other scales.
        luminance: For networks on luminance: Y of BT.601, not rounded; grey pictures are their own luminance.
        enlarged: For networks whose input has the size of their output: the whole low-resolution picture is enlarged by
            MATLAB's bicubic interpolation, once.
        degradation: What makes the low-resolution pictures, as `Degradation` reads it. Its reduction is done once, noise and
            compression for each patch.

    Items: (low, high), float32 in [0, 1] of shapes (C, patch_size, patch_size) and (C, scale patch_size, scale patch_size), or,
    if `enlarged`, both of the former; C is 1 with `luminance`, else 3 for RGB. Randomly flipped and rotated by multiples of 90
    degrees.

    Raises:
        FileNotFoundError: A folder is missing or has no picture in it.
        ValueError: No picture is large enough for a patch, one cannot be read, or there is no such degradation.
    """

    def __init__(
        self,
        folders: Union[str, Path, Sequence[Union[str, Path]]],
        scale: int,
        patch_size: int,
        seed: int = 0,
        rescale: Sequence[float] = (1.0,),
        luminance: bool = False,
        enlarged: bool = False,
        degradation: str = "bicubic",
    ):
        super().__init__()
        self.scale, self.patch_size, self.seed = scale, patch_size, seed
        self.luminance, self.enlarged = luminance, enlarged
        self.degradation = Degradation(degradation)
        self.ratio = 1 if enlarged else scale  # of the sides of the two patches
        side = self.ratio * patch_size
        self.pictures: list[tuple[np.ndarray, np.ndarray]] = []
        files = list_pictures(folders)
        for path in files:
            original = read_image(path)
            if original.ndim == 2 and not luminance:
                original = np.dstack([original] * 3)
            for factor in rescale:
                high = original if factor == 1 else imresize(original, factor)
                high = crop_to_multiple(high, scale)
                if min(high.shape[:2]) >= max(side, scale):
                    low = self.degradation.reduce(high, scale)
                    if not self.degradation.steps:
                        low = self._input(low)
                    self.pictures.append((low, _luminance(high) if luminance else high))
        if not self.pictures:
            raise ValueError(f"none of {len(files)} pictures is at least {side} pixels high and wide")
        logger.info("%d pictures of %d files, reduced by %s", len(self.pictures), len(files), list(rescale))

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng([self.seed, index])
        low, high = self.pictures[rng.integers(len(self.pictures))]
        if self.degradation.steps:
            return tuple(to_network(patch) for patch in flip_and_turn(rng, *self._harmed(low, high, rng)))
        size, ratio = self.patch_size, self.ratio
        top, left = (rng.integers(side - size + 1) for side in low.shape[:2])
        low = low[top : top + size, left : left + size]
        high = high[ratio * top : ratio * (top + size), ratio * left : ratio * (left + size)]
        return tuple(to_network(patch) for patch in flip_and_turn(rng, low, high))

    def _harmed(self, low: np.ndarray, high: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Patches of the network's input and of its target; they begin at a pixel of the low-resolution picture."""
        enlargement = self.scale if self.enlarged else 1
        size = -(-self.patch_size // enlargement)
        top, left = (int(rng.integers(side - size + 1)) for side in low.shape[:2])
        low, above, before = self.degradation.harmed_window(low, top, left, size, rng)
        return (
            _square(self._input(low), enlargement * above, enlargement * before, self.patch_size),
            _square(high, self.scale * top, self.scale * left, self.ratio * self.patch_size),
        )

    def _input(self, low: np.ndarray) -> np.ndarray:
        """What the network gets of a low-resolution picture."""
        if self.luminance:
            low = _luminance(low)
        return imresize(low, self.scale) if self.enlarged else low


def _square(image: np.ndarray, top: int, left: int, size: int) -> np.ndarray:
    return image[top : top + size, left : left + size]


def _luminance(image: np.ndarray) -> np.ndarray:
    """(H, W, 3) or (H, W) uint8 -> (H, W, 1) float32 in 0-255."""
    y = image if image.ndim == 2 else rgb_to_y(image)
    return y.astype(np.float32)[..., None]


def super_resolution_pairs(
    high: Union[str, Path, Sequence[Union[str, Path]]],
    scale: int,
    low: Optional[Union[str, Path]] = None,
    degradation: Optional[str] = None,
    seed: int = 0,
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """The pictures of a test set, one after the other.

    Args:
        high: High-resolution pictures, as `list_pictures` takes them; each is cropped to a multiple of `scale`.
        scale: Reduction factor.
        low: Folder of low-resolution pictures named `<name>x<scale>` or `<name>`, in the same folders below it; without it they
            are made.
        degradation: What makes them, as `Degradation` reads it; None: bicubic.
        seed: Seed of its random choices, which are the same each time.

    Yields:
        Name (`names_in`), low-resolution and high-resolution picture: (H, W, 3) uint8 RGB, both (H, W) where the latter has one
        channel.

    Raises:
        FileNotFoundError: A folder or the low-resolution partner of a picture is missing.
        ValueError: A picture cannot be read, or nothing is left of it inside a border of `scale` pixels, which is not measured; the
            sides of a pair do not differ by the factor `scale`; or `low` and `degradation` are both given.
    """
    if low and degradation:
        raise ValueError(f"the low-resolution pictures are those in {low}; a degradation does not go with them")
    maker = Degradation(degradation or "bicubic")
    partners = {}
    if low:
        lows = list_images(low)
        partners = dict(zip(names_in(low, lows), lows))
    for number, (name, path) in enumerate(named_pictures(high)):
        whole = read_image(path)
        target = crop_to_multiple(whole, scale)
        if min(target.shape[:2]) <= 2 * scale:
            raise ValueError(
                f"{path}: of {whole.shape[1]} x {whole.shape[0]} pixels nothing is left inside a border of {scale}, "
                "which is not measured"
            )
        if low is None:
            source = maker.harm(maker.reduce(target, scale), np.random.default_rng([seed, number]))
        else:
            place = path.relative_to(high).with_suffix("").as_posix()
            partner = partners.get(f"{place}x{scale}") or partners.get(place)
            if partner is None:
                raise FileNotFoundError(f"{low} has neither {place}x{scale} nor {place} for {path}")
            source = read_image(partner)
            if target.ndim == 2 and source.ndim == 3:
                source = source[..., 0]
            if tuple(scale * side for side in source.shape[:2]) != target.shape[:2]:
                raise ValueError(f"{partner} {source.shape[:2]} is not 1/{scale} of {path} {target.shape[:2]}")
        yield name, source, target
