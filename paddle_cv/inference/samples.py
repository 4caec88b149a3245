"""Pictures that networks are tried on with fewer digits; what they get of them, and how results are compared, tasks declare."""

from __future__ import annotations

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Optional

import numpy as np

from ..engines.openvino_graphs import Loss
from ..engines.runtime import Run
from ..models import ModelSpec
from ..pictures.images import Picture, full_scale, open_picture
from .registry import predictor

__all__ = [
    "Agreement",
    "Samples",
    "cut_windows",
    "photograph_files",
    "rounding_loss",
    "sample_pictures",
    "softmax",
    "task_samples",
]

#: Photographs in scikit-image.
_PHOTOGRAPHS = ("astronaut.png", "coffee.png", "rocket.jpg", "chelsea.png")


def photograph_files() -> list[Path]:
    """Photographs in the installed scikit-image, by path; none where it is not installed."""
    found = importlib.util.find_spec("skimage")
    files = [Path(found.origin).parent / "data" / name for name in _PHOTOGRAPHS] if found else []
    return [file for file in files if file.is_file()]


def sample_pictures() -> list[Picture]:
    """Photographs of scikit-image or, without it, made pictures that are like photographs in what networks look at."""
    return [open_picture(file) for file in photograph_files()] or [open_picture(dead_leaves(seed)) for seed in range(4)]


def dead_leaves(seed: int, side: int = 384) -> np.ndarray:
    """Discs of all sizes, each before those that were there: edges and flat parts as often as in photographs, at any scale.

    The model of Lee, Mumford and Huang, "Occlusion models for natural images" (IJCV 2001): radii r fall by r^-3.

    Returns:
        (side, side, 3) uint8.
    """
    random = np.random.default_rng(seed)
    picture = np.full((side, side, 3), 0.5, np.float32)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    least, most = 2.0, side / 3
    for _ in range(1500):
        radius = (least**-2 - random.random() * (least**-2 - most**-2)) ** -0.5
        row, column = random.uniform(-radius, side + radius, 2)
        color = (random.beta(1.2, 1.2) + random.normal(0, 0.12, 3)).clip(0, 1)
        slope = random.normal(0, 0.15 / radius, 2)  # light falls from one side
        disc = (y - row) ** 2 + (x - column) ** 2 < radius**2
        picture[disc] = color + (slope[0] * (y - row) + slope[1] * (x - column))[disc, None]
    picture += random.normal(0, 0.01, picture.shape).astype(np.float32)
    return np.rint(picture.clip(0, 1) * 255).astype(np.uint8)


def cut_windows(picture: Picture, size: tuple[int, int], scale: int, count: int) -> np.ndarray:
    """Parts of a picture, (count, scale H, scale W, 3) float32 in [0, 1], for a network that sees (H, W) of them.

    Raises:
        ValueError: The picture is too small.
    """
    color = picture.color if picture.color.ndim == 3 else np.dstack([picture.color] * 3)
    color = color / np.float32(full_scale(color.dtype))
    height, width = (side * scale for side in size)
    if color.shape[0] < height or color.shape[1] < width:
        raise ValueError(f"{picture.name}: {width} x {height} pixels are needed at least")
    random = np.random.default_rng(0)
    places = [
        (random.integers(color.shape[0] - height + 1), random.integers(color.shape[1] - width + 1))
        for _ in range(count)
    ]
    return np.stack([color[y : y + height, x : x + width] for y, x in places]).astype(np.float32)


def softmax(scores: np.ndarray) -> np.ndarray:
    """Probabilities of (n, classes) scores."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


class Agreement(NamedTuple):
    """How the results of a network with fewer digits agree with those of float32.

    Attributes:
        value: PSNR in dB of 8-bit pictures; or the largest difference of a probability.
        unit: "dB", or "of a probability".
        scores: What both score, where there is something to measure.
    """

    value: float
    unit: str
    scores: tuple[float, float] | None = None


class Samples(ABC):
    """What the networks of a task get of sample pictures, and how their results there are compared; a predictor declares it."""

    @abstractmethod
    def inputs(self, spec: ModelSpec, picture: Picture, size: tuple[int, int] | None = None) -> list[list[np.ndarray]]:
        """What a network gets of a picture, call by call: its arguments (n, C, H, W) float32.

        Args:
            spec: What the network is.
            picture: A photograph.
            size: Height and width of the input, for a graph that takes no others.
        """

    @abstractmethod
    def loss(self, spec: ModelSpec, exact: Run, rounded: Run, pictures: Sequence[Picture]) -> Loss:
        """What a network loses when it computes with fewer digits."""

    @abstractmethod
    def agreement(
        self, spec: ModelSpec, exact: Run, rounded: Run, picture: Picture, size: tuple[int, int] | None = None
    ) -> Agreement:
        """How far the results of a picture agree; the arguments are those of `inputs` and `loss`."""


def rounding_loss(spec: ModelSpec, exact: Run, rounded: Run, pictures: Optional[Sequence[Picture]] = None) -> Loss:
    """What a network loses when it computes with fewer digits, as its predictor's `Samples.loss` has it.

    Args:
        spec: What it is.
        exact: The network in float32.
        rounded: The other.
        pictures: What they are compared on; None: `sample_pictures`.

    Raises:
        ValueError: A network for a task that has no samples.
    """
    return task_samples(spec).loss(spec, exact, rounded, sample_pictures() if pictures is None else pictures)


def task_samples(spec: ModelSpec) -> Samples:
    """The samples of a network's task.

    Raises:
        ValueError: It has none.
    """
    kind = predictor.get(spec.task)
    if kind is None or kind.samples is None:
        raise ValueError(f"{spec.name} is a network for {spec.task}: there is nothing to calibrate it with")
    return kind.samples
