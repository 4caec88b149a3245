"""Pictures that networks are tried on, and what rounding costs there."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

import numpy as np

from ..data import imresize
from ..engines.openvino_graphs import Loss
from ..engines.runtime import Run
from ..metrics import psnr
from ..models import ModelSpec
from ..pictures.images import Picture, full_scale, open_picture
from .windows import compute_windows, condition_inputs

__all__ = [
    "classifier_input",
    "cut_windows",
    "degraded",
    "photograph_files",
    "rounding_loss",
    "sample_conditions",
    "sample_pictures",
    "softmax",
]

#: Photographs in scikit-image.
_PHOTOGRAPHS = ("astronaut.png", "coffee.png", "rocket.jpg", "chelsea.png")
_NOISE_LEVEL = 25  # of 255, for denoisers and for networks that are told one
# What a network sees of each picture, to find out what rounding costs: windows, and their side in pixels.
_WINDOWS, _WINDOW = 4, 48
# What rounding may cost: less than anybody could see, or than training the network again would change.
_MOST_DECIBEL = 0.01
_MOST_PROBABILITY = 0.02


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


def degraded(spec: ModelSpec, clean: np.ndarray) -> np.ndarray:
    """What a network gets of clean windows: reduced or noisy ones."""
    if spec.task == "super_resolution":
        return np.stack([imresize(window, 1 / spec.scale) for window in clean]).astype(np.float32)
    noise = np.random.default_rng(0).normal(0, _NOISE_LEVEL / 255, clean.shape)
    return (clean + noise).clip(0, 1).astype(np.float32)


def sample_conditions(spec: ModelSpec) -> list[np.ndarray]:
    """What a network is told beside the picture."""
    return condition_inputs(spec, noise_level=_NOISE_LEVEL if "sigma" in spec.extra_inputs else None)


def classifier_input(spec: ModelSpec, picture: Picture) -> np.ndarray:
    """(1, C, H, W) float32."""
    from .classification import prepare

    return prepare(picture, spec)[None]


def softmax(scores: np.ndarray) -> np.ndarray:
    """Probabilities of (n, classes) scores."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def rounding_loss(spec: ModelSpec, exact: Run, rounded: Run, pictures: Optional[Sequence[Picture]] = None) -> Loss:
    """What a network loses when it computes with fewer digits.

    Args:
        spec: What it is: super-resolution, denoising or classification.
        exact: The network in float32.
        rounded: The other.
        pictures: What they are compared on; None: `sample_pictures`.

    Returns:
        The PSNR in dB that is lost against the picture that was reduced or made noisy; of classifiers the largest change of a
        probability, 1 where another class becomes the most probable one.
    """
    pictures = sample_pictures() if pictures is None else pictures
    if spec.task == "classification":
        changes = []
        for picture in pictures:
            before, after = (softmax(run(classifier_input(spec, picture))) for run in (exact, rounded))
            changes.append(1.0 if before.argmax() != after.argmax() else float(np.abs(before - after).max()))
        return Loss(max(changes), _MOST_PROBABILITY, "of a probability")
    side = min(_WINDOW, *(min(picture.size) // (spec.scale or 1) // 8 * 8 for picture in pictures))
    clean = np.concatenate([cut_windows(picture, (side, side), spec.scale or 1, _WINDOWS) for picture in pictures])
    inputs, conditions = degraded(spec, clean), sample_conditions(spec)
    before, after = (
        psnr(compute_windows(inputs, spec, run, conditions).clip(0, 1), clean, 1.0) for run in (exact, rounded)
    )
    return Loss(before - after, _MOST_DECIBEL, "dB")
