"""How training images of segmentation are varied: cropping, colour, and people pasted onto other photographs."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageFilter

__all__ = ["Variation", "crop", "degrade", "paste_scene", "vary_colors"]

#: An image (H, W, 3) and its mask (H, W), both uint8.
Pair = tuple[np.ndarray, np.ndarray]
#: Share of the grey, noisy, blurred and JPEG-compressed images among those that are varied.
_RARE = 0.15


@dataclass
class Variation:
    """What is varied in training, and by how much.

    Attributes:
        scale: Shorter side of the whole image over the side of the crop: [smallest, largest].
        color: Brightness, contrast and saturation change by up to this factor's difference from 1, each; 0: nothing does.
        degrade: Some are compressed, blurred, noisy or grey.
        composite: Share of the items that are scenes: foregrounds before other backgrounds.
        people: Of the foregrounds of a scene, the largest number.
    """

    scale: list[float] = field(default_factory=lambda: [0.7, 1.6])
    color: float = 0.3
    degrade: bool = True
    composite: float = 0.0
    people: int = 3


def crop(pair: Pair, size: int, scale: Sequence[float], rng: np.random.Generator, smooth: bool) -> Pair:
    """A square part of a randomly enlarged or reduced image, half of them mirrored; where it ends too early it is reflected.

    Args:
        pair: Image and mask.
        size: Side of the square.
        scale: As in `Variation`.
        rng: What is drawn from.
        smooth: The mask has values between its levels (opacity); else they are class numbers.
    """
    height, width = pair[1].shape
    factor = size * _drawn_scale(scale, rng) / min(height, width)
    image, mask = _resized(pair, factor, smooth)
    height, width = mask.shape
    missing = [(0, max(size - height, 0)), (0, max(size - width, 0))]
    if any(after for _, after in missing):
        image, mask = np.pad(image, [*missing, (0, 0)], "symmetric"), np.pad(mask, missing, "symmetric")
    top, left = (int(rng.integers(length - size + 1)) for length in mask.shape)
    part = np.s_[top : top + size, left : left + size]
    return _mirrored((image[part], mask[part]), rng)


def _drawn_scale(scale: Sequence[float], rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(*np.log(scale))))


def _resized(pair: Pair, factor: float, smooth: bool) -> Pair:
    height, width = pair[1].shape
    size = max(round(width * factor), 1), max(round(height * factor), 1)
    image = Image.fromarray(pair[0]).resize(size, Image.Resampling.BILINEAR)
    kind = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
    return np.asarray(image), np.asarray(Image.fromarray(pair[1]).resize(size, kind))


def _mirrored(pair: Pair, rng: np.random.Generator) -> Pair:
    return (pair[0][:, ::-1], pair[1][:, ::-1]) if rng.random() < 0.5 else pair


def paste_scene(
    draw: Callable[[], Pair],
    background: np.ndarray,
    size: int,
    variation: Variation,
    rng: np.random.Generator,
) -> Pair:
    """Foregrounds, each with its opacity, before a background that they were not taken before.

    What a photograph cuts off stays at the edge of the scene: nobody stands in it without legs.

    Args:
        draw: Gives an image and the opacity of its foreground.
        background: (H, W, 3) uint8, without foreground.
        size: Side of the scene.
        variation: How much is varied.
        rng: What is drawn from.
    """
    empty = np.zeros(background.shape[:2], np.uint8)
    scene, _ = crop((background, empty), size, [1.0, 2.0], rng, smooth=True)
    scene = vary_colors(scene, variation.color, rng).astype(np.float32)
    opacity = np.zeros((size, size), np.float32)
    count = 1 if rng.random() < 0.6 else int(rng.integers(1, variation.people + 1))
    for _ in range(count):
        image, mask = _mirrored(draw(), rng)
        low, high = variation.scale
        # Several stand further away than one.
        factor = size * _drawn_scale([low * 0.6, high if count == 1 else low * 1.2], rng) / min(mask.shape)
        image, mask = _resized((image, mask), factor, smooth=True)
        image, alpha = vary_colors(image, variation.color, rng), _softened(mask, rng)
        rows, columns = (_place(alpha, axis, size, rng) for axis in (0, 1))
        ours, theirs = np.s_[rows[0], columns[0]], np.s_[rows[1], columns[1]]
        alpha = alpha[theirs]
        scene[ours] += (image[theirs] - scene[ours]) * alpha[..., None]
        opacity[ours] += (1 - opacity[ours]) * alpha
    return np.rint(scene).astype(np.uint8), np.rint(opacity * 255).astype(np.uint8)


def _softened(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Opacity in [0, 1] with a softer and slightly smaller edge, which has less of the old background in it."""
    blurred = Image.fromarray(mask).filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.2)))
    return np.clip((np.asarray(blurred, np.float32) / 255 - 0.2) / 0.8, 0, 1)


def _place(alpha: np.ndarray, axis: int, size: int, rng: np.random.Generator) -> tuple[slice, slice]:
    """Where along an axis a foreground comes to lie in a scene, and which part of it that is."""
    length = alpha.shape[axis]
    ends = np.take(alpha, [0, length - 1], axis).max(axis=1 - axis) > 0.5
    if ends[0] == ends[1]:  # not cut off, or at both sides
        start = int(rng.integers(min(size - length, 0) - size // 6, max(size - length, 0) + size // 6 + 1))
        start = start if not ends[0] else (size - length) // 2
    else:
        start = min(0, size - length) if ends[0] and length < size else (0 if ends[0] else size - length)
    first, last = max(start, 0), min(start + length, size)
    return slice(first, last), slice(first - start, last - start)


def vary_colors(image: np.ndarray, amount: float, rng: np.random.Generator) -> np.ndarray:
    """Other brightness, contrast, saturation and colour of the light; (H, W, 3) uint8 in and out."""
    if not amount:
        return image
    brightness, contrast, saturation = rng.uniform(1 - amount, 1 + amount, 3)
    values = image.astype(np.float32)
    grey = values @ np.array([0.299, 0.587, 0.114], np.float32)
    mean = float(grey.mean())
    light = rng.uniform(1 - amount / 4, 1 + amount / 4, 3)
    # One linear map: saturation mixes with the grey value, contrast with the mean, brightness and light multiply.
    values = (values * saturation + grey[..., None] * (1 - saturation)) * contrast + mean * (1 - contrast)
    return np.clip(values * (brightness * light).astype(np.float32), 0, 255).astype(np.uint8)


def degrade(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Some images grey, blurred, noisy or compressed; (H, W, 3) uint8 in and out."""
    chosen = rng.random(4) < _RARE
    if chosen[0]:
        image = np.dstack([np.asarray(Image.fromarray(image).convert("L"))] * 3)
    if chosen[1]:
        image = np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.5))))
    if chosen[2]:
        noise = rng.normal(0, rng.uniform(2, 12), image.shape)
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    if chosen[3]:
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=int(rng.integers(30, 95)))
        image = np.asarray(Image.open(file))
    return image
