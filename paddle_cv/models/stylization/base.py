"""What is known about networks that paint an image in a style."""

from __future__ import annotations

from dataclasses import dataclass

import paddle
from paddle import nn

from ..spec import ModelSpec

__all__ = ["ReflectedConv", "StylizationSpec", "UpsampledConv"]


@dataclass(frozen=True)
class StylizationSpec(ModelSpec):
    """A network from images (N, 3, H, W) to images as large, RGB in [0, 1].

    Attributes:
        any_style: `forward` also takes an image of the style, (N, 3, h, w) of any size; otherwise the style is in the weights.
        multiple: The sides of the input are multiples of this many pixels.
        bgr: The network takes and gives the channels in the order blue, green, red.
    """

    words = {"stylization": ("style", "cartoon", "风格")}
    titles = {"en": "Paint in a style", "zh": "风格迁移"}

    task: str = "stylization"
    any_style: bool = False
    multiple: int = 4
    bgr: bool = False


class ReflectedConv(nn.Layer):
    """A convolution of the image continued by its reflection, where other paddings would make a frame."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1):
        super().__init__()
        # The name tells that it is none of the state dict's entries.
        self.reflection_pad = nn.Pad2D(kernel_size // 2, mode="reflect") if kernel_size > 1 else None
        self.conv2d = nn.Conv2D(in_channels, out_channels, kernel_size, stride)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.conv2d(x if self.reflection_pad is None else self.reflection_pad(x))


class UpsampledConv(ReflectedConv):
    """The same of the image enlarged twice, by repeated pixels: a transposed convolution would leave a chequered pattern."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int):
        super().__init__(in_channels, out_channels, kernel_size)
        self.upsample = nn.Upsample(scale_factor=2, mode="nearest")

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return super().forward(self.upsample(x))
