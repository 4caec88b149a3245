"""What is known about networks that colour black-and-white images."""

from __future__ import annotations

from dataclasses import dataclass

from ..spec import ModelSpec

__all__ = ["ColorizationSpec"]


@dataclass(frozen=True)
class ColorizationSpec(ModelSpec):
    """A network from the lightness L of CIELAB (N, 1, H, W), in 0...100, to the colours a and b (N, 2, H, W), in -110...110.

    Attributes:
        hints: `forward` also takes colours that somebody chose, `ab` (N, 2, H, W) in -110...110, and `mask` (N, 1, H, W), 1 where
            there are such and 0 elsewhere.
        working_size: Pixels of the sides of the squares that it was trained on.
        multiple: The sides of the input are multiples of this many pixels.
    """

    words = {"colorization": ("colouri", "上色")}
    titles = {"en": "Colour", "zh": "上色"}

    task: str = "colorization"
    in_channels: int = 1
    value_range: tuple = (0.0, 100.0)
    hints: bool = False
    working_size: int = 256
    multiple: int = 8
