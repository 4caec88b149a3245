"""What data sets of random patches share."""

from __future__ import annotations

from functools import cached_property

import numpy as np

__all__ = ["Patches", "flip_and_turn", "to_network"]


class Patches:
    """Random patches of pictures, by any number from 0 on; an epoch has as many as the pictures' area holds.

    A data set for `paddle.io.DataLoader`, which takes whatever has a length and items.

    Attributes:
        pictures: What patches are cut from: (H, W, C), or a pair whose second one has the size of the target.
        patch_size: Side of the network's input in pixels.
        ratio: Side of the target by that of the input.
    """

    pictures: list
    patch_size: int
    ratio: int = 1

    @cached_property
    def epoch_size(self) -> int:
        side = self.ratio * self.patch_size
        targets = (picture[-1] if isinstance(picture, tuple) else picture for picture in self.pictures)
        return sum(max(target.shape[0] * target.shape[1] // side**2, 1) for target in targets)

    def __len__(self) -> int:
        return self.epoch_size


def flip_and_turn(rng: np.random.Generator, *patches: np.ndarray) -> list[np.ndarray]:
    """One of the eight orientations of a square, the same for all patches (H, W, C)."""
    quarter_turns, mirrored = rng.integers(4), rng.integers(2)
    return [np.rot90(patch[:, ::-1] if mirrored else patch, quarter_turns) for patch in patches]


def to_network(patch: np.ndarray) -> np.ndarray:
    """(H, W, C) in 0-255 -> (C, H, W) float32 in [0, 1]."""
    return np.ascontiguousarray(patch.transpose(2, 0, 1), np.float32) / np.float32(255)
