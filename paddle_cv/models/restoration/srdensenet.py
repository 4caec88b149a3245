"""SRDenseNet: Tong Tong, Gen Li, Xiejie Liu, Qinquan Gao, "Image Super-Resolution Using Dense Skip Connections", ICCV 2017.

The form that the paper calls SRDenseNet_All (Figure 3 c): dense blocks, skip connections that bring the outputs of all
of them to a 1x1 bottleneck, transposed convolutions, and one convolution for the reconstruction.

It agrees with the PyTorch implementation that most published checkpoints come from. There the first layer of a block reads
all that came before it, and the others only what has grown inside the block. The authors published no code. Later papers
quote 2,015 K parameters for the network; no public implementation reproduces that, and this one has 2,660 K.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from ..layers import init_like_pytorch
from ..network import Network
from .base import register_model

__all__ = ["SRDenseNet"]

PAPER = "Tong, Li, Liu, Gao: Image Super-Resolution Using Dense Skip Connections, ICCV 2017"


class ConvReLU(nn.Layer):
    """3x3 convolution + ReLU; with `dense` its output is appended to its input."""

    def __init__(self, in_channels: int, out_channels: int, dense: bool = False):
        super().__init__()
        self.dense = dense
        self.conv = nn.Conv2D(in_channels, out_channels, 3, padding=1)
        self.relu = nn.ReLU()

    def forward(self, x):
        y = self.relu(self.conv(x))
        return paddle.concat([x, y], axis=1) if self.dense else y


class DenseBlock(nn.Layer):
    """Appends `num_layers` * `growth_rate` channels to its input (paper, section 3.1)."""

    def __init__(self, in_channels: int, growth_rate: int, num_layers: int):
        super().__init__()
        self.block = nn.Sequential(
            ConvReLU(in_channels, growth_rate),
            *(ConvReLU(i * growth_rate, growth_rate, dense=True) for i in range(1, num_layers)),
        )

    def forward(self, x):
        return paddle.concat([x, self.block(x)], axis=1)


class SRDenseNet(Network):
    """Densely connected super-resolution network.

    Input and output are NCHW float32 in [0, 1], luminance: (N, 1, H, W) -> (N, 1, scale H, scale W).

    Args:
        scale: Enlargement factor, a power of two; the paper has 4.
        num_blocks: Dense blocks.
        num_layers: Convolutions in each block.
        growth_rate: Channels that each of them adds.
        num_features: Channels of the bottleneck and after it.
        in_channels: Channels of the input and of the output.

    Raises:
        ValueError: `scale` is none of 2, 4, 8.
    """

    def __init__(
        self,
        scale: int = 4,
        num_blocks: int = 8,
        num_layers: int = 8,
        growth_rate: int = 16,
        num_features: int = 256,
        in_channels: int = 1,
    ):
        super().__init__()
        if scale not in (2, 4, 8):
            raise ValueError(f"SRDenseNet enlarges by 2, 4 or 8, not by {scale!r}")
        self.scale = scale
        grown = num_layers * growth_rate
        self.conv = ConvReLU(in_channels, grown)
        self.dense_blocks = nn.Sequential(
            *(DenseBlock((i + 1) * grown, growth_rate, num_layers) for i in range(num_blocks))
        )
        self.bottleneck = nn.Sequential(nn.Conv2D((num_blocks + 1) * grown, num_features, 1), nn.ReLU())
        doublings = []
        for _ in range(scale.bit_length() - 1):
            doublings.append(nn.Conv2DTranspose(num_features, num_features, 3, stride=2, padding=1, output_padding=1))
            doublings.append(nn.ReLU())
        self.deconv = nn.Sequential(*doublings)
        self.reconstruction = nn.Conv2D(num_features, in_channels, 3, padding=1)
        init_like_pytorch(self)

    def forward(self, x):
        return self.reconstruction(self.deconv(self.bottleneck(self.dense_blocks(self.conv(x)))))

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on (an upper bound)."""
        return sum(
            isinstance(layer, (nn.Conv2D, nn.Conv2DTranspose)) and layer.weight.shape[2] == 3
            for layer in self.sublayers()
        )

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the SRDenseNet that has a state dict of these shapes; None if it is no SRDenseNet."""
        needed = ("conv.conv.weight", "dense_blocks.0.block.0.conv.weight", "bottleneck.0.weight", "deconv.0.weight")
        if not all(key in shapes for key in needed):
            return None
        grown, in_channels = shapes["conv.conv.weight"][:2]
        growth_rate = shapes["dense_blocks.0.block.0.conv.weight"][0]
        num_features, concatenated = shapes["bottleneck.0.weight"][:2]
        return {
            "scale": 2 ** sum(key.startswith("deconv.") and key.endswith(".weight") for key in shapes),
            "num_blocks": concatenated // grown - 1,
            "num_layers": grown // growth_rate,
            "growth_rate": growth_rate,
            "num_features": num_features,
            "in_channels": in_channels,
        }


register_model(
    "srdensenet",
    SRDenseNet,
    scales=(4,),
    paper=PAPER,
    summary="SRDenseNet_All: 8 dense blocks of 8 layers, growth rate 16.",
    in_channels=1,
)
