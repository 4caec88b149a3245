"""What data sets of random patches share."""

from __future__ import annotations

import numpy as np
from paddle.io import Dataset

__all__ = ["Patches", "flip_and_turn", "to_network"]


class Patches(Dataset):
    """Random patches of `pictures`, by any number from 0 on; an epoch has as many as there are pictures."""

    pictures: list

    @property
    def epoch_size(self) -> int:
        return len(self.pictures)

    def __len__(self) -> int:
        return self.epoch_size


def flip_and_turn(rng: np.random.Generator, *patches: np.ndarray) -> list[np.ndarray]:
    """One of the eight orientations of a square, the same for all patches (H, W, C)."""
    quarter_turns, mirrored = rng.integers(4), rng.integers(2)
    return [np.rot90(patch[:, ::-1] if mirrored else patch, quarter_turns) for patch in patches]


def to_network(patch: np.ndarray) -> np.ndarray:
    """(H, W, C) in 0-255 -> (C, H, W) float32 in [0, 1]."""
    return np.ascontiguousarray(patch.transpose(2, 0, 1), np.float32) / np.float32(255)
