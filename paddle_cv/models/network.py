"""What the rest of the library relies on in a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from paddle import nn

__all__ = ["Network"]


class Network(nn.Layer):
    """A network that is registered, by all that predictors, training, loaders and detection ask of it.

    `forward` takes an image batch (N, C, H, W), and the spec's `extra_inputs` after it where there are such. All that follows has
    a default, which is right for most networks; a network says what is different.

    Attributes:
        receptive_radius: How many pixels of the input around its own place an output pixel depends on. Networks whose images are
            worked on in windows (super-resolution, denoising) have it.
        grid: The network works on squares of so many pixels a side: windows begin at multiples of it.
        auxiliary: Names of heads that only training uses, and without which weights may come.
        all_outputs: In place of `forward` in training: all outputs that are compared with the target. None: there is one.
        official_part: Which of the state dicts in the authors' file is this network's. None: the file has one only.
        published_for_255: The authors' weights are for values in 0...255, and nothing in their file tells it.
        paddle_key: Our name of an entry of `paddle.vision.models` or of PaddlePaddle's static graphs. None: there is none there.
    """

    receptive_radius: int
    grid: int = 1
    auxiliary: tuple[str, ...] = ()
    all_outputs: Callable[..., Sequence[Any]] | None = None
    official_part: str | None = None
    published_for_255: bool = False
    paddle_key: Callable[[str], str] | None = None

    @staticmethod
    def paddle_value(key: str, value: np.ndarray) -> np.ndarray:
        """Our form of a value of `paddle.vision.models`; `key` is our name of it."""
        return value

    @staticmethod
    def official_state(state: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """The authors' entries with what takes more than one of them to tell changed to ours; before `official_key`."""
        return state

    @staticmethod
    def official_key(key: str) -> str:
        """Our name of an entry that the authors call `key`."""
        return key

    @staticmethod
    def detect(shapes: Mapping[str, Sequence[int]]) -> dict[str, Any] | None:
        """The hyperparameters of the network whose state dict has these shapes, under our names; None where it is another's."""
        return None
