"""Pictures made for printing: to RGB, which networks see, and back."""

from __future__ import annotations

import io
from typing import Optional

from PIL import Image, ImageCms

__all__ = ["cmyk_to_rgb", "rgb_to_cmyk"]


def cmyk_to_rgb(image: Image.Image) -> tuple[Image.Image, Optional[bytes]]:
    """To sRGB by the picture's ICC profile; by Pillow's formula where it has none, or none that can be used.

    Returns:
        The RGB image, and the profile where it was used.
    """
    profile = image.info.get("icc_profile")
    if profile:
        try:
            inks = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            return ImageCms.profileToProfile(image, inks, ImageCms.createProfile("sRGB"), outputMode="RGB"), profile
        except (ImageCms.PyCMSError, OSError):  # damaged, or not a profile for four inks
            pass
    return image.convert("RGB"), None


def rgb_to_cmyk(image: Image.Image, profile: Optional[bytes]) -> Image.Image:
    """The way back; `profile` is what `cmyk_to_rgb` returned.

    A profile that only serves to show pictures, without tables for printing, is left to Pillow's formula, too.
    """
    if profile:
        try:
            inks = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            return ImageCms.profileToProfile(image, ImageCms.createProfile("sRGB"), inks, outputMode="CMYK")
        except ImageCms.PyCMSError:
            pass
    return image.convert("CMYK")
