"""NAFNet: Liangyu Chen, Xiaojie Chu, Xiangyu Zhang, Jian Sun,
"Simple Baselines for Image Restoration", ECCV 2022 (arXiv:2204.04676).

A U-Net of blocks without a nonlinear activation: half of the channels multiply the other half. Agrees with the authors'
PyTorch implementation, names of the sublayers included. That code continues pictures whose sides are no multiples of 16 by
zeros; here they are continued by their edge pixels, and the result is cropped. In windows of a picture the channel attention
sees the means of the window.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn
from paddle.nn import functional as F

from ..detection import detector
from ..layers import count_layers, init_like_pytorch
from ..network import Network
from .base import register_model

__all__ = ["NAFNet"]

PAPER = "Chen, Chu, Zhang, Sun: Simple Baselines for Image Restoration, ECCV 2022"


class LayerNorm2D(nn.Layer):
    """Normalises the channels of each pixel."""

    def __init__(self, channels: int):
        super().__init__()
        self.weight = self.create_parameter([channels], default_initializer=nn.initializer.Constant(1.0))
        self.bias = self.create_parameter([channels], is_bias=True)

    def forward(self, x):
        difference = x - x.mean(1, keepdim=True)
        x = difference / (difference.square().mean(1, keepdim=True) + 1e-6).sqrt()
        return x * self.weight.reshape([1, -1, 1, 1]) + self.bias.reshape([1, -1, 1, 1])


def gate(x: paddle.Tensor) -> paddle.Tensor:
    """The first half of the channels times the second (section 3.3)."""
    first, second = x.chunk(2, axis=1)
    return first * second


class NAFBlock(nn.Layer):
    """Two residual steps, each scaled by learned numbers that begin at zero (paper, figure 3c)."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm1 = LayerNorm2D(channels)
        self.conv1 = nn.Conv2D(channels, 2 * channels, 1)
        self.conv2 = nn.Conv2D(2 * channels, 2 * channels, 3, padding=1, groups=2 * channels)
        self.sca = nn.Sequential(nn.AdaptiveAvgPool2D(1), nn.Conv2D(channels, channels, 1))
        self.conv3 = nn.Conv2D(channels, channels, 1)
        self.norm2 = LayerNorm2D(channels)
        self.conv4 = nn.Conv2D(channels, 2 * channels, 1)
        self.conv5 = nn.Conv2D(channels, channels, 1)
        zero = nn.initializer.Constant(0.0)
        self.beta = self.create_parameter([1, channels, 1, 1], default_initializer=zero)
        self.gamma = self.create_parameter([1, channels, 1, 1], default_initializer=zero)

    def forward(self, x):
        y = gate(self.conv2(self.conv1(self.norm1(x))))
        x = x + self.conv3(y * self.sca(y)) * self.beta
        return x + self.conv5(gate(self.conv4(self.norm2(x)))) * self.gamma


def blocks(channels: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(NAFBlock(channels) for _ in range(count)))


class NAFNet(Network):
    """U-Net of activation-free blocks: NCHW float32 in [0, 1], RGB unless `in_channels` is 1, to the same size.

    Args:
        num_features: Channels at the full resolution; they double with each halving.
        encoder_blocks: Blocks at each resolution on the way down.
        middle_blocks: Blocks at the coarsest resolution.
        decoder_blocks: Blocks at each resolution on the way up, the coarsest first.
        in_channels: Channels of the picture and of the output.
    """

    def __init__(
        self,
        num_features: int = 32,
        encoder_blocks: Sequence[int] = (2, 2, 4, 8),
        middle_blocks: int = 12,
        decoder_blocks: Sequence[int] = (2, 2, 2, 2),
        in_channels: int = 3,
    ):
        super().__init__()
        self.counts = (tuple(encoder_blocks), middle_blocks, tuple(decoder_blocks))
        self.grid = 2 ** len(encoder_blocks)
        self.pad = nn.Pad2D([0, self.grid - 1, 0, self.grid - 1], mode="replicate")
        self.intro = nn.Conv2D(in_channels, num_features, 3, padding=1)
        self.encoders, self.downs = nn.LayerList(), nn.LayerList()
        channels = num_features
        for count in encoder_blocks:
            self.encoders.append(blocks(channels, count))
            self.downs.append(nn.Conv2D(channels, 2 * channels, 2, stride=2))
            channels *= 2
        self.middle_blks = blocks(channels, middle_blocks)
        self.ups, self.decoders = nn.LayerList(), nn.LayerList()
        for count in decoder_blocks:
            self.ups.append(nn.Sequential(nn.Conv2D(channels, 2 * channels, 1, bias_attr=False), nn.PixelShuffle(2)))
            channels //= 2
            self.decoders.append(blocks(channels, count))
        self.ending = nn.Conv2D(channels, in_channels, 3, padding=1)
        init_like_pytorch(self)

    def forward(self, x):
        return self._restore(self.pad(x), x.shape[2], x.shape[3])

    def reference_forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """The same with zeros at the right and below."""
        return self._restore(F.pad(x, [0, self.grid - 1, 0, self.grid - 1]), x.shape[2], x.shape[3])

    def _restore(self, padded, height, width):
        grid = self.grid
        image = padded[:, :, : (height + grid - 1) // grid * grid, : (width + grid - 1) // grid * grid]
        x, skips = self.intro(image), []
        for encoder, down in zip(self.encoders, self.downs):
            x = encoder(x)
            skips.append(x)
            x = down(x)
        x = self.middle_blks(x)
        for decoder, up in zip(self.decoders, self.ups):
            x = decoder(up(x) + skips.pop())
        return (self.ending(x) + image)[:, :, :height, :width]

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on, apart from the channel attention."""
        down, middle, up = self.counts
        # A block has one 3x3 convolution; each halving and each pixel shuffle reach one pixel further at their resolution.
        levels = [count * 2**level + 2 * 2**level for level, count in enumerate(map(sum, zip(down, reversed(up))))]
        return sum(levels) + middle * self.grid + 2 + self.grid - 1

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the NAFNet that has a state dict of these shapes; None if it is none."""
        intro = shapes.get("intro.weight")
        if not intro or "ending.weight" not in shapes or "middle_blks.0.sca.1.weight" not in shapes:
            return None
        levels = count_layers(shapes, "downs.{}.weight")

        def counted(part: str) -> tuple[int, ...]:
            return tuple(count_layers(shapes, f"{part}.{level}.{{}}.conv1.weight") for level in range(levels))

        return {
            "num_features": intro[0],
            "encoder_blocks": counted("encoders"),
            "middle_blocks": count_layers(shapes, "middle_blks.{}.conv1.weight"),
            "decoder_blocks": counted("decoders"),
            "in_channels": intro[1],
        }


register_model(
    "nafnet_width32",
    NAFNet,
    task="denoising",
    paper=PAPER,
    summary="For the noise of real cameras (SIDD), of any level, 32 channels.",
    reference="nafnet_sidd_width32",
)
