"""A decoded picture, and what it looks like to those who cannot take all of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
from PIL import Image

from .alpha import over_white
from .cmyk import rgb_to_cmyk
from .metadata import resized_info

__all__ = ["ImageError", "Picture", "as_bits", "full_scale"]

# What `info` has for our own writers only.
_OWN_INFO = ("cmyk_profile",)


class ImageError(ValueError):
    """A picture that cannot be used; the message names it and says why."""


@dataclass
class Picture:
    """A decoded picture.

    Attributes:
        color: (H, W, 3) RGB, or (H, W) for a grey picture; uint8, uint16 or float32 in [0, 1].
        alpha: (H, W) of the same dtype, or None.
        name: What to call the picture in messages.
        kind: "array" or "image": what the result has to be.
        info: What is kept with the result: icc_profile, exif, dpi, png_chunks (see `metadata`); for CMYK pictures also
            cmyk_profile.
        mode: "CMYK" or "F" (grey, floating-point) where Pillow's mode does not follow from the arrays.
    """

    color: np.ndarray
    alpha: Optional[np.ndarray]
    name: str
    kind: str
    info: dict[str, Any] = field(default_factory=dict)
    mode: str = ""

    @property
    def grey(self) -> bool:
        return self.color.ndim == 2

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.color.shape[:2]

    def with_pixels(self, color: np.ndarray, alpha: Optional[np.ndarray]) -> Picture:
        """The same picture in other pixels: of another size, it has another resolution, too."""
        height, width = (new / old for new, old in zip(color.shape, self.size))
        return replace(self, color=color, alpha=alpha, info=resized_info(self.info, height, width))

    def eight_bits(self) -> Picture:
        """The picture in uint8."""
        if self.color.dtype == np.uint8:
            return self
        mode = "" if self.mode == "F" else self.mode
        return replace(self, color=as_bits(self.color, 8), alpha=as_bits(self.alpha, 8), mode=mode)

    def on_white(self) -> Picture:
        """What one sees of it on white paper, of the same depth and without alpha."""
        if self.alpha is None:
            return self
        white = full_scale(self.color.dtype)
        color = over_white(self.color, self.alpha, white)
        return replace(self, color=(color if white == 1 else np.rint(color)).astype(self.color.dtype), alpha=None)

    def array(self) -> np.ndarray:
        """Colour and alpha in one array: (H, W), (H, W, 2), (H, W, 3) or (H, W, 4)."""
        if self.alpha is None:
            return self.color
        return np.dstack([self.color, self.alpha])

    def save(self, target: Union[str, Path]) -> Path:
        """Writes it to a file (`save_picture`)."""
        from .writing import save_picture

        return save_picture(self, target)

    def as_dict(self) -> dict[str, Any]:
        """{"width", "height"} in pixels."""
        return {"width": self.size[1], "height": self.size[0]}

    def preview(self) -> Image.Image:
        """What one sees of it, in 8 bits."""
        return Image.fromarray(self.on_white().eight_bits().color)

    def _repr_html_(self) -> str:
        from .display import picture_html

        return picture_html(self.array())

    def result(self) -> Union[np.ndarray, Image.Image]:
        """An array for an array, else a PIL image, or an array where Pillow has no mode of this depth (16-bit colour)."""
        flat = self.grey and self.alpha is None
        fits = self.color.dtype == np.uint8 or (flat and (self.color.dtype == np.uint16 or self.mode == "F"))
        return self.image(keep_mode=True) if self.kind == "image" and fits else self.array()

    def image(self, keep_mode: bool = False) -> Image.Image:
        """As a PIL image with ICC profile, EXIF data and resolution.

        Args:
            keep_mode: Modes CMYK and F come back; else these become RGB and L.

        Returns:
            An image of mode L, LA, RGB, RGBA or I;16, or of `mode`. Floating-point values are rounded to 8 bits otherwise.

        Raises:
            ImageError: 16-bit colour, for which Pillow has no mode.
        """
        array = self.array()
        if array.dtype == np.uint16 and array.ndim == 3:
            raise ImageError(f"{self.name}: Pillow has no 16-bit colour; give and take arrays, or write a file instead")
        if array.dtype.kind == "f" and not (keep_mode and self.mode == "F"):
            array = as_bits(array, 8)
        image = Image.fromarray(array)
        if keep_mode and self.mode == "CMYK":
            image = rgb_to_cmyk(image, self.info.get("cmyk_profile"))
        image.info.update({key: value for key, value in self.info.items() if key not in _OWN_INFO})
        if image.mode == "CMYK" and "cmyk_profile" in self.info:
            image.info["icc_profile"] = self.info["cmyk_profile"]
        return image


def full_scale(dtype: np.dtype) -> int:
    """The value of white."""
    return 1 if np.issubdtype(dtype, np.floating) else np.iinfo(dtype).max


def as_bits(array: Optional[np.ndarray], bits: int) -> Optional[np.ndarray]:
    """Values of any depth in 8 or 16 bits, rounded; None stays None."""
    dtype = np.dtype(f"uint{bits}")
    if array is None or array.dtype == dtype:
        return array
    return np.rint(array * np.float32(full_scale(dtype) / full_scale(array.dtype))).astype(dtype)
