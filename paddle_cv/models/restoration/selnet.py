"""SelNet: Jae-Seok Choi, Munchurl Kim, "A Deep Convolutional Neural Network with Selection Units for Super-Resolution",
CVPR Workshops 2017.

In place of a ReLU, a selection unit multiplies its input by a learned switch. No code is public; this is what the published
numbers of weights (974K, 1,159K and 1,417K for x2, x3 and x4, biases not counted) and of multiply-adds for an output of
1280x720 (225.7, 120.0 and 83.1 G) say, and all six are met: 21 convolutions with a selection unit each, one convolution and
pixel shuffle for all of the enlargement, and an output convolution. The numbers do not tell the order inside the residual
units; it is taken to be that of identity mappings in residual networks, activation first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from paddle import nn

from ..detection import detector
from ..layers import count_layers, init_like_pytorch, kernel_radius
from ..network import Network
from .base import register_model

__all__ = ["SelNet"]

PAPER = "Choi, Kim: A Deep Convolutional Neural Network with Selection Units for Super-Resolution, CVPRW 2017"


class SelectionUnit(nn.Layer):
    """The input times a switch in (0, 1): ReLU, 1x1 convolution and sigmoid of the input."""

    def __init__(self, num_features: int):
        super().__init__()
        self.relu = nn.ReLU()
        self.conv = nn.Conv2D(num_features, num_features, 1)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x):
        return x * self.sigmoid(self.conv(self.relu(x)))


class ResidualUnit(nn.Layer):
    """Twice a selection unit and a convolution, and the sum with the input."""

    def __init__(self, num_features: int):
        super().__init__()
        self.body = nn.Sequential(
            SelectionUnit(num_features),
            nn.Conv2D(num_features, num_features, 3, padding=1),
            SelectionUnit(num_features),
            nn.Conv2D(num_features, num_features, 3, padding=1),
        )

    def forward(self, x):
        return x + self.body(x)


class SelNet(Network):
    """Network with selection units.

    Input and output are NCHW float32 in [0, 1], RGB unless `in_channels` is 1: (N, C, H, W) -> (N, C, scale H, scale W).

    Args:
        scale: Enlargement factor.
        num_blocks: Residual units, of two convolutions each.
        num_features: Channels.
        in_channels: Channels of the input and of the output.
    """

    def __init__(self, scale: int = 4, num_blocks: int = 10, num_features: int = 64, in_channels: int = 3):
        super().__init__()
        self.scale = scale
        self.head = nn.Conv2D(in_channels, num_features, 3, padding=1)
        self.units = nn.Sequential(*(ResidualUnit(num_features) for _ in range(num_blocks)))
        self.selection = SelectionUnit(num_features)
        self.upsample = nn.Sequential(
            nn.Conv2D(num_features, num_features * scale**2, 3, padding=1), nn.PixelShuffle(scale)
        )
        self.tail = nn.Conv2D(num_features, in_channels, 3, padding=1)
        init_like_pytorch(self)

    def forward(self, x):
        return self.tail(self.upsample(self.selection(self.units(self.head(x)))))

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on (an upper bound)."""
        return kernel_radius(self)

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the SelNet that has a state dict of these shapes; None if it is no SelNet."""
        num_blocks = count_layers(shapes, "units.{}.body.2.conv.weight")
        if not num_blocks or len(shapes) != 8 + 8 * num_blocks or "selection.conv.weight" not in shapes:
            return None
        num_features, in_channels = shapes["head.weight"][:2]
        return {
            "scale": math.isqrt(shapes["upsample.0.weight"][0] // num_features),
            "num_blocks": num_blocks,
            "num_features": num_features,
            "in_channels": in_channels,
        }


register_model(
    "selnet",
    SelNet,
    scales=(2, 3, 4),
    paper=PAPER,
    summary="The paper's network: 10 residual units of 64 features with selection units.",
    reference=None,
)
