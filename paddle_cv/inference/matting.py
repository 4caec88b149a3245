"""What was cut out of an image, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Union

import numpy as np
from PIL import Image, ImageColor

from ..pictures import Picture, full_scale, open_picture, save_picture
from ..pictures.compositing import blend, cast_shadow, converted
from ..pictures.display import ALONE, IN_A_ROW, picture_html, picture_png
from ..pictures.foreground import estimate_foreground
from ..pictures.planes import blurred, resized_planes

__all__ = ["ID_PHOTOS", "Matte", "is_color"]

#: Pixels (height, width) at 300 dots per inch of the usual identity photographs: 25 x 35 mm and 35 x 49 mm.
ID_PHOTOS = {"1 inch": (413, 295), "2 inch": (579, 413)}
_DPI = 300
#: Of the height of an identity photograph, what is above the head.
_ABOVE = 0.1

#: A path, the bytes of a file, a PIL image or an RGB array.
Source = Any


def is_color(text: Any) -> bool:
    """Whether this names a colour, as `#438edb` and `white` do."""
    if not isinstance(text, str):
        return False
    try:
        ImageColor.getrgb(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, eq=False)
class Matte:
    """A foreground and its opacity. Results have the depth of the image; PIL has no 16-bit colour, there they are arrays.

    Attributes:
        picture: The image, in colour.
        alpha: (H, W), of the image's dtype: opacity of the foreground, up to full scale (255, 65535 or 1).
    """

    picture: Picture
    alpha: np.ndarray

    @cached_property
    def foreground(self) -> np.ndarray:
        """(H, W, 3) of the image's dtype: the colours of the foreground, without the old background in its soft edges."""
        return estimate_foreground(self.picture.color, self.alpha)

    @property
    def coverage(self) -> float:
        """The foreground's share of the image's area, in [0, 1]."""
        return float(self.alpha.mean(dtype=np.float64)) / full_scale(self.alpha.dtype)

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Top, left, bottom and right edge of the foreground in pixels; all zero where there is none."""
        there = self.alpha > full_scale(self.alpha.dtype) / 2
        rows, columns = (np.flatnonzero(there.any(axis)) for axis in (1, 0))
        if not rows.size:
            return 0, 0, 0, 0
        return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1

    def cutout(self) -> Union[Image.Image, np.ndarray]:
        """The foreground on nothing: RGBA, whose colours are the estimated ones."""
        return self.cutout_picture().result()

    def composite(
        self,
        background: Source,
        position: Sequence[float] = (0.5, 1.0),
        scale: float = 1.0,
        shadow: bool = False,
        linear: bool = False,
    ) -> Union[Image.Image, np.ndarray]:
        """The foreground before another image, in whose size the result is; its shape is kept.

        Args:
            background: A path, a PIL image, an array; or a colour such as `#438edb`, on which everything stays in its place.
            position: Where in the room that is left: 0 is the left, or upper, edge and 1 the right, or lower, one.
            scale: 1 is the largest size in which the whole figure fits.
            shadow: Let it cast a soft shadow.
            linear: Mix light and not values, see `blend`.

        Raises:
            ValueError: `scale` is not positive.
            FileNotFoundError, ImageError: The background cannot be read.
        """
        return self.composite_picture(background, position, scale, shadow, linear).result()

    def on_color(
        self, color: str = "#438edb", size: Union[str, tuple[int, int], None] = None
    ) -> Union[Image.Image, np.ndarray]:
        """The foreground on one colour.

        Args:
            color: `#438edb` is the blue of identity photographs; `white`, `red` and other names of CSS.
            size: "1 inch" (295 x 413 pixels) or "2 inch" (413 x 579): an identity photograph of head and shoulders, at 300 dots
                per inch; or (height, width) in pixels. None: the image's.

        Raises:
            ValueError: No such colour or size, or nothing was found in the image to make a photograph of.
        """
        return self.on_color_picture(color, size).result()

    def blur_background(self, radius: float = 12.0) -> Union[Image.Image, np.ndarray]:
        """The image with its background out of focus; the foreground does not glow into it.

        Args:
            radius: Standard deviation in pixels.
        """
        return self.blurred_picture(radius).result()

    def cutout_picture(self) -> Picture:
        """As `cutout`, as a `Picture`."""
        return replace(self.picture, color=self.foreground, alpha=self.alpha)

    def composite_picture(
        self,
        background: Source,
        position: Sequence[float] = (0.5, 1.0),
        scale: float = 1.0,
        shadow: bool = False,
        linear: bool = False,
    ) -> Picture:
        """As `composite`, as a `Picture`."""
        if is_color(background):
            back = np.empty_like(self.picture.color)
            back[:] = self._color(background)
            front, alpha, kept = self.foreground, self.alpha, self.picture
        else:
            if not scale > 0:
                raise ValueError(f"scale must be positive, not {scale}")
            kept = background if isinstance(background, Picture) else open_picture(background)
            back = _in_color(kept.on_white().color)
            back = converted(back, self.alpha.dtype)
            front, alpha = self._placed(back.shape[:2], position, scale)
        if shadow:
            back = cast_shadow(back, alpha)
        return replace(kept, color=blend(front, back, alpha, linear), alpha=None, mode="", kind=self.picture.kind)

    def on_color_picture(self, color: str = "#438edb", size: Union[str, tuple[int, int], None] = None) -> Picture:
        """As `on_color`, as a `Picture`."""
        if not is_color(color):
            raise ValueError(f"there is no colour {color!r}; #438edb, white and red are some")
        if size is None:
            return self.composite_picture(color)
        if isinstance(size, str):
            if size not in ID_PHOTOS:
                raise ValueError(f"there is no size {size!r}, only {', '.join(ID_PHOTOS)} and (height, width)")
            size = ID_PHOTOS[size]
        box = self._portrait(size[1] / size[0])
        front, alpha = (self._cut(planes, box, size) for planes in (self.foreground, self.alpha))
        back = np.empty_like(front)
        back[:] = self._color(color)
        info = {key: value for key, value in self.picture.info.items() if key == "icc_profile"}
        made = replace(
            self.picture, color=blend(front, back, alpha), alpha=None, mode="", info={**info, "dpi": (_DPI, _DPI)}
        )
        return made

    def blurred_picture(self, radius: float = 12.0) -> Picture:
        """As `blur_background`, as a `Picture`."""
        top = full_scale(self.alpha.dtype)
        share = 1 - self.alpha.astype(np.float32) / np.float32(top)
        # Only the background is blurred: what the foreground covers has no weight.
        weight = blurred(share, radius)[..., None] + 1e-4
        back = (blurred(self.picture.color * share[..., None], radius) + 1e-4 * self.picture.color) / weight
        back = (back if top == 1 else np.rint(back)).astype(self.alpha.dtype)
        return replace(self.picture, color=blend(self.foreground, back, self.alpha), mode="")

    def save(self, path: Union[str, Path]) -> Path:
        """Writes the cut-out; the format must have transparency: PNG, WebP or TIFF."""
        return save_picture(self.cutout_picture(), path)

    def as_dict(self) -> dict[str, Any]:
        """What can be said in numbers."""
        return {"coverage": round(self.coverage, 4), "box": list(self.box)}

    def preview(self) -> Image.Image:
        """The cut-out in 8 bits."""
        return self.cutout_picture().eight_bits().image()

    def _repr_png_(self) -> bytes:
        return picture_png(self.cutout_picture().array(), ALONE)

    def _repr_html_(self) -> str:
        return picture_html(self.cutout_picture().array(), IN_A_ROW)

    def _color(self, color: str) -> np.ndarray:
        return converted(np.array(ImageColor.getrgb(color)[:3], np.uint8), self.alpha.dtype)

    def _placed(self, size: tuple[int, int], position: Sequence[float], scale: float) -> tuple[np.ndarray, np.ndarray]:
        """Foreground and opacity on a canvas."""
        front, alpha = np.zeros((*size, 3), self.alpha.dtype), np.zeros(size, self.alpha.dtype)
        top, left, bottom, right = self.box
        if bottom == top:
            return front, alpha
        factor = scale * min(size[0] / (bottom - top), size[1] / (right - left))
        figure = max(1, round((bottom - top) * factor)), max(1, round((right - left) * factor))
        starts = [round((room - length) * share) for room, length, share in zip(size, figure, position[::-1])]
        spans = [(max(start, 0), min(start + length, room)) for start, length, room in zip(starts, figure, size)]
        # Only what is on the canvas is enlarged.
        box = tuple(
            edge + (span[side] - start) / factor
            for side in (0, 1)
            for edge, span, start in zip((top, left), spans, starts)
        )
        target = np.s_[spans[0][0] : spans[0][1], spans[1][0] : spans[1][1]]
        shape = spans[0][1] - spans[0][0], spans[1][1] - spans[1][0]
        if min(shape) > 0:
            front[target] = self._cut(self.foreground, box, shape)
            alpha[target] = self._cut(self.alpha, box, shape)
        return front, alpha

    def _cut(self, planes: np.ndarray, box: Sequence[float], size: tuple[int, int]) -> np.ndarray:
        """A part (top, left, bottom, right) of planes, in another size; beyond the image there is nothing."""
        top, left, bottom, right = box
        height, width = planes.shape[:2]
        first, last = (int(np.floor(top)), int(np.floor(left))), (int(np.ceil(bottom)), int(np.ceil(right)))
        inner = planes[max(first[0], 0) : last[0], max(first[1], 0) : last[1]]
        before = [max(-start, 0) for start in first]
        after = [max(end - length, 0) for end, length in zip(last, (height, width))]
        if any(before) or any(after):
            edges = list(zip(before, after)) + [(0, 0)] * (planes.ndim - 2)
            inner = np.pad(inner, edges)
        place = left - first[1], top - first[0], right - first[1], bottom - first[0]
        values = resized_planes(inner, size, tuple(np.clip(place, 0, [*inner.shape[1::-1]] * 2)))
        return (values if full_scale(planes.dtype) == 1 else np.rint(values)).astype(planes.dtype)

    def _portrait(self, aspect: float) -> tuple[float, float, float, float]:
        """The part of an identity photograph: as wide as the figure, from above the head down, as far as there is a figure.

        Raises:
            ValueError: There is none.
        """
        top, left, bottom, right = self.box
        if bottom == top:
            raise ValueError("nothing was found in the image that could be put on a photograph")
        height = min((right - left) / aspect, (bottom - top) / (1 - _ABOVE))
        head = self.alpha[top : top + max(1, round(height / 4))].sum(0, dtype=np.float64)
        middle = float((head * np.arange(len(head))).sum() / head.sum()) + 0.5
        width = height * aspect
        first = top - _ABOVE * height
        return first, middle - width / 2, first + height, middle + width / 2


def _in_color(color: np.ndarray) -> np.ndarray:
    return np.dstack([color] * 3) if color.ndim == 2 else color


def in_color(picture: Picture) -> Picture:
    """A picture with three channels and without transparency, of the same depth."""
    picture = picture.on_white()
    return replace(picture, color=_in_color(picture.color), mode="" if picture.grey else picture.mode)


def made_of(picture: Picture, alpha: np.ndarray) -> Matte:
    """A matte of a picture and an opacity in [0, 1], float32; what the picture itself has of transparency stays."""
    top = full_scale(picture.color.dtype)
    if picture.alpha is not None:
        alpha = alpha * (picture.alpha.astype(np.float32) / np.float32(top))
    alpha = (alpha if top == 1 else np.rint(alpha * np.float32(top))).astype(picture.color.dtype)
    return Matte(in_color(picture), alpha)
