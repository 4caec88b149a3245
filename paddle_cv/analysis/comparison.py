"""Pictures that show results side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Optional

import numpy as np
from PIL import Image, ImageDraw, ImageFont

__all__ = ["busiest_box", "paper_figure", "side_by_side", "title_font"]

_GAP = 8

Box = tuple[int, int, int, int]


def side_by_side(images: Mapping[str, Image.Image], box: Optional[Box] = None, zoom: int = 1) -> Image.Image:
    """One picture with all given ones next to each other, each under its title.

    Args:
        images: Title and picture, all of one size.
        box: (left, top, right, bottom) in pixels: show this part only.
        zoom: Whole factor by which the parts are repeated pixel by pixel, so that one sees single pixels.

    Raises:
        ValueError: No pictures, or of different sizes.
    """
    _check_sizes(images)
    parts = [image.convert("RGB").crop(box) if box else image.convert("RGB") for image in images.values()]
    width, height = (side * zoom for side in parts[0].size)
    title = 32
    sheet = Image.new("RGB", ((width + _GAP) * len(parts) - _GAP, height + title), "white")
    draw = ImageDraw.Draw(sheet)
    for number, (name, part) in enumerate(zip(images, parts)):
        left = number * (width + _GAP)
        draw.text((left + 4, 5), name, fill="black", font=title_font(20))
        sheet.paste(part.resize((width, height), Image.Resampling.NEAREST), (left, title))
    return sheet


def paper_figure(
    picture: Image.Image, images: Mapping[str, Image.Image], box: Box, notes: Mapping[str, str], height: int = 480
) -> Image.Image:
    """The figure of papers: the picture with a marked part, and beside it this part of each image with title and note below.

    Args:
        picture: What is shown as a whole; it is scaled to the height of the figure.
        images: Title and image, all of the size of `picture`.
        box: (left, top, right, bottom) in pixels: the part.
        notes: Second line below an image, by title; where it is missing the line stays empty.
        height: Of the figure in pixels, about.

    Raises:
        ValueError: No images, of different sizes, or a box that is not inside them.
    """
    _check_sizes({"": picture, **images})
    left, top, right, bottom = box
    if not (0 <= left < right <= picture.width and 0 <= top < bottom <= picture.height):
        raise ValueError(f"the box {box} is not inside {picture.width} x {picture.height} pixels")
    if not images:
        raise ValueError("there are no images to compare")
    rows = 1 if len(images) <= 2 else 2
    columns = math.ceil(len(images) / rows)
    font, line = title_font(15), 20
    side = (height - (rows - 1) * _GAP) // rows - 2 * line
    width = max(150, round(side * (right - left) / (bottom - top)))  # wide enough for the notes
    side = round(width * (bottom - top) / (right - left))
    cell = side + 2 * line
    height = rows * cell + (rows - 1) * _GAP
    whole = picture.convert("RGB").resize(
        (round(picture.width * height / picture.height), height), Image.Resampling.LANCZOS
    )
    factor = height / picture.height
    marked = [round(edge * factor) for edge in box]
    ImageDraw.Draw(whole).rectangle(marked, outline="red", width=3)
    sheet = Image.new("RGB", (whole.width + columns * (_GAP + width), height), "white")
    sheet.paste(whole, (0, 0))
    draw = ImageDraw.Draw(sheet)
    for number, (title, image) in enumerate(images.items()):
        row, column = divmod(number, columns)
        x, y = whole.width + _GAP + column * (_GAP + width), row * (cell + _GAP)
        part = image.convert("RGB").crop(box)
        # Pixels stay what they are: any smoothing would hide what is compared.
        sheet.paste(part.resize((width, side), Image.Resampling.NEAREST), (x, y))
        for number, text in enumerate((title, notes.get(title, ""))):
            draw.text((x + width / 2, y + side + number * line + 2), text, fill="black", font=font, anchor="ma")
    return sheet


def busiest_box(difference: np.ndarray, height: int, width: int) -> Box:
    """The part of a picture with the largest sum of `difference` (H, W), as (left, top, right, bottom)."""
    height, width = min(height, difference.shape[0]), min(width, difference.shape[1])
    sums = np.pad(difference.astype(np.float64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    inside = sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
    top, left = (int(place) for place in np.unravel_index(inside.argmax(), inside.shape))
    return left, top, left + width, top + height


def _check_sizes(images: Mapping[str, Image.Image]) -> None:
    sizes = {image.size for image in images.values()}
    if len(sizes) != 1:
        raise ValueError(f"pictures of one size are needed, not {sorted(sizes)}")


def title_font(size: int) -> Any:
    """The font that Pillow brings, in pixels."""
    try:
        return ImageFont.load_default(size=size)
    except TypeError:  # before Pillow 10.1 the default font has one size
        return ImageFont.load_default()
