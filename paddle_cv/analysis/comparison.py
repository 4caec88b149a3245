"""Pictures that show results side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Optional

from PIL import Image, ImageDraw, ImageFont

__all__ = ["side_by_side"]

_GAP = 8


def side_by_side(
    images: Mapping[str, Image.Image], box: Optional[tuple[int, int, int, int]] = None, zoom: int = 1
) -> Image.Image:
    """One picture with all given ones next to each other, each under its title.

    Args:
        images: Title and picture, all of one size.
        box: (left, top, right, bottom) in pixels: show this part only.
        zoom: Whole factor by which the parts are repeated pixel by pixel, so that one sees single pixels.

    Raises:
        ValueError: No pictures, or of different sizes.
    """
    sizes = {image.size for image in images.values()}
    if len(sizes) != 1:
        raise ValueError(f"pictures of one size are needed, not {sorted(sizes)}")
    parts = [image.convert("RGB").crop(box) if box else image.convert("RGB") for image in images.values()]
    width, height = (side * zoom for side in parts[0].size)
    try:
        font = ImageFont.load_default(size=20)
    except TypeError:  # before Pillow 10.1 the default font has one size
        font = ImageFont.load_default()
    title = 32
    sheet = Image.new("RGB", ((width + _GAP) * len(parts) - _GAP, height + title), "white")
    draw = ImageDraw.Draw(sheet)
    for number, (name, part) in enumerate(zip(images, parts)):
        left = number * (width + _GAP)
        draw.text((left + 4, 5), name, fill="black", font=font)
        sheet.paste(part.resize((width, height), Image.Resampling.NEAREST), (left, title))
    return sheet
