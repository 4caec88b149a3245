"""From a picture to the input of a classifier, as torchvision's presets do it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageOps

from ..models import ModelSpec
from ..pictures import Picture

__all__ = ["middle_square", "standardise", "visible_image"]

# Of a picture that is longer than this many times its width nothing beyond can be in the middle square.
_LONGEST = 4


def visible_image(picture: Picture, spec: ModelSpec) -> Image.Image:
    """What a classifier looks at, in training, validation, evaluation and prediction alike.

    Deeper pictures are reduced to 8 bits; what is transparent becomes white. Networks for the digits of MNIST, which are white on
    black, see a picture inverted where its border is brighter than the middle between its darkest and its brightest pixel: dark
    ink on paper. This is a fact of the weights (`spec.labels`): others, whatever the names of their classes, see it as it is.

    Args:
        picture: The picture.
        spec: What the network is.

    Returns:
        An image of mode L where the network has one channel, else RGB.
    """
    image = Image.fromarray(picture.on_white().eight_bits().color).convert("L" if spec.in_channels == 1 else "RGB")
    return ImageOps.invert(image) if spec.labels == "mnist" and _bright_border(image) else image


def _bright_border(image: Image.Image) -> bool:
    pixels = np.asarray(image.convert("L"), np.float32)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return bool(np.median(border) > (pixels.min() + pixels.max()) / 2)


def middle_square(image: Image.Image, resize: int, size: int) -> Image.Image:
    """Resizes the shorter side to `resize` pixels, antialiased bilinear, and cuts out the middle `size` x `size`.

    Where the picture ends before the square does, there is black.
    """
    # The ends of a picture of 1 x 10,000 pixels would be enlarged for nothing.
    longest = _LONGEST * min(image.size)
    image = _cut(image, [min(length, longest) for length in image.size])
    shorter = min(image.size)
    if shorter != resize:
        image = image.resize([int(resize * length / shorter) for length in image.size], Image.Resampling.BILINEAR)
    return _cut(image, [size, size])


def _cut(image: Image.Image, size: Sequence[int]) -> Image.Image:
    """The middle. Halves are rounded as torchvision does it."""
    if image.size == tuple(size):
        return image
    left, top = (
        round((length - side) / 2) if length > side else -((side - length) // 2)
        for length, side in zip(image.size, size)
    )
    return image.crop((left, top, left + size[0], top + size[1]))


def standardise(picture: np.ndarray, spec: ModelSpec) -> np.ndarray:
    """(H, W) or (H, W, C) uint8 -> (C, H, W) float32 as the network wants it: each channel minus mean, by standard deviation."""
    values = np.atleast_3d(picture).astype(np.float32) / np.float32(255)
    values = (values - np.asarray(spec.mean, np.float32)) / np.asarray(spec.std, np.float32)
    return np.ascontiguousarray(values.transpose(2, 0, 1))
