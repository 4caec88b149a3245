"""LapSRN: Wei-Sheng Lai, Jia-Bin Huang, Narendra Ahuja, Ming-Hsuan Yang,
"Deep Laplacian Pyramid Networks for Fast and Accurate Super-Resolution", CVPR 2017 (arXiv:1704.03915).

Each level of the pyramid doubles the picture (paper, Figure 1): the feature branch finds the residual, the image branch
enlarges the picture by a transposed convolution that starts as bilinear interpolation and is learned. The network agrees
with the authors' MatConvNet model: the transposed convolution of the feature branch is 3x3, not 4x4, and one pixel is cropped at
its lower and right border.

The paper supervises every level; `LapSRN.all_outputs` gives all of them. For x3 the authors reduce the picture of the x4
network.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from paddle import nn

from ..detection import detector
from ..layers import init_like_pytorch
from ..network import Network
from .base import register_model

__all__ = ["LapSRN"]

PAPER = "Lai, Huang, Ahuja, Yang: Deep Laplacian Pyramid Networks for Fast and Accurate Super-Resolution, CVPR 2017"


class PyramidLevel(nn.Layer):
    """Twice the features and twice the picture: feature branch, residual and image branch (paper, section 3.1)."""

    def __init__(self, num_features: int, num_layers: int, in_channels: int):
        super().__init__()
        self.conv = nn.LayerList([nn.Conv2D(num_features, num_features, 3, padding=1) for _ in range(num_layers)])
        self.upconv = nn.Conv2DTranspose(num_features, num_features, 3, stride=2)
        self.residual = nn.Conv2D(num_features, in_channels, 3, padding=1)
        self.img_up = nn.Conv2DTranspose(
            in_channels,
            in_channels,
            4,
            stride=2,
            padding=1,
            groups=in_channels,
            weight_attr=nn.initializer.Bilinear(),
            bias_attr=False,
        )
        self.activation = nn.LeakyReLU(0.2)

    def forward(self, features, image):
        for conv in self.conv:
            features = self.activation(conv(features))
        # (2 H + 1) x (2 W + 1) pixels before the crop
        features = self.activation(self.upconv(features)[:, :, :-1, :-1])
        return features, self.img_up(image) + self.residual(features)


class LapSRN(Network):
    """Laplacian pyramid super-resolution network.

    Input and output are NCHW float32 in [0, 1], luminance: (N, 1, H, W) -> (N, 1, scale H, scale W).

    Args:
        scale: Enlargement factor, a power of two.
        num_layers: Convolutions of the feature branch in each level (the paper's d).
        num_features: Channels of the feature branch.
        in_channels: Channels of the input and of the output.

    Raises:
        ValueError: `scale` is no power of two, or 1.
    """

    def __init__(self, scale: int = 4, num_layers: int = 10, num_features: int = 64, in_channels: int = 1):
        super().__init__()
        num_levels = int(math.log2(scale)) if scale > 1 else 0
        if num_levels == 0 or 2**num_levels != scale:
            raise ValueError(f"LapSRN doubles the picture once a level: scale is 2, 4 or 8, not {scale!r}")
        self.scale = scale
        self.input_conv = nn.Conv2D(in_channels, num_features, 3, padding=1)
        self.activation = nn.LeakyReLU(0.2)
        self.levels = nn.LayerList([PyramidLevel(num_features, num_layers, in_channels) for _ in range(num_levels)])
        init_like_pytorch(self)

    def all_outputs(self, x) -> list:
        """The pictures of all levels, each twice as large as the one before: what the paper's loss compares."""
        features, image, images = self.activation(self.input_conv(x)), x, []
        for level in self.levels:
            features, image = level(features, image)
            images.append(image)
        return images

    def forward(self, x):
        return self.all_outputs(x)[-1]

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on (an upper bound)."""
        convolutions = len(self.levels[0].conv) + 2  # with the residual's and, as large at most, the transposed one
        return 2 + sum(math.ceil(convolutions / 2**number) for number in range(len(self.levels)))

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the LapSRN that has a state dict of these shapes; None if it is no LapSRN."""
        needed = ("input_conv.weight", "levels.0.upconv.weight", "levels.0.residual.weight", "levels.0.img_up.weight")
        if not all(key in shapes for key in needed):
            return None
        num_features, in_channels = shapes["input_conv.weight"][:2]
        num_levels = sum(key.endswith(".img_up.weight") for key in shapes)
        return {
            "scale": 2**num_levels,
            "num_layers": sum(key.startswith("levels.0.conv.") and key.endswith(".weight") for key in shapes),
            "num_features": num_features,
            "in_channels": in_channels,
        }


register_model(
    "lapsrn",
    LapSRN,
    scales=(2, 4, 8),
    paper=PAPER,
    summary="The paper's network: one level a doubling, 10 convolutions in each.",
    in_channels=1,
)
