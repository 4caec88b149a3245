"""MSRResNet: the SRResNet without batch normalisation that Xintao Wang, Ke Yu, Shixiang Wu, Jinjin Gu, Yihao Liu, Chao Dong,
Yu Qiao, Chen Change Loy modified for "ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks", ECCV Workshops 2018
(arXiv:1809.00219).

No long skip around the blocks; the network adds to the bilinearly enlarged input. Agrees with BasicSR's implementation, names
of the sublayers included.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from paddle import nn

from ..detection import detector
from ..layers import count_layers, init_like_pytorch, kernel_radius
from ..network import Network
from .base import register_model
from .interpolation import Interpolation

__all__ = ["MSRResNet"]

PAPER = "Wang, Yu, Wu et al.: ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks, ECCVW 2018"


class ResidualBlock(nn.Layer):
    """Convolution, ReLU, convolution, and the sum with the input, with the reference implementation's names."""

    def __init__(self, num_features: int):
        super().__init__()
        self.conv1 = nn.Conv2D(num_features, num_features, 3, padding=1)
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2D(num_features, num_features, 3, padding=1)

    def forward(self, x):
        return x + self.conv2(self.relu(self.conv1(x)))


class MSRResNet(Network):
    """SRResNet without batch normalisation.

    Input and output are NCHW float32 in [0, 1], RGB unless `in_channels` is 1: (N, C, H, W) -> (N, C, scale H, scale W).

    Args:
        scale: Enlargement factor: 2, 3 or 4.
        num_blocks: Residual blocks.
        num_features: Channels.
        in_channels: Channels of the input and of the output.

    Raises:
        ValueError: `scale` is none of 2, 3, 4.
    """

    def __init__(self, scale: int = 4, num_blocks: int = 16, num_features: int = 64, in_channels: int = 3):
        super().__init__()
        if scale not in (2, 3, 4):
            raise ValueError(f"MSRResNet enlarges by 2, 3 or 4, not by {scale!r}")
        self.scale = scale
        self.conv_first = nn.Conv2D(in_channels, num_features, 3, padding=1)
        self.body = nn.Sequential(*(ResidualBlock(num_features) for _ in range(num_blocks)))
        factor = 3 if scale == 3 else 2
        self.upconv1 = nn.Conv2D(num_features, num_features * factor**2, 3, padding=1)
        if scale == 4:
            self.upconv2 = nn.Conv2D(num_features, num_features * 4, 3, padding=1)
        self.shuffle = nn.PixelShuffle(factor)
        self.conv_hr = nn.Conv2D(num_features, num_features, 3, padding=1)
        self.conv_last = nn.Conv2D(num_features, in_channels, 3, padding=1)
        self.lrelu = nn.LeakyReLU(0.1)
        self.enlarge = Interpolation(scale, "bilinear")
        init_like_pytorch(self)

    def forward(self, x):
        features = self.body(self.lrelu(self.conv_first(x)))
        features = self.lrelu(self.shuffle(self.upconv1(features)))
        if self.scale == 4:
            features = self.lrelu(self.shuffle(self.upconv2(features)))
        return self.conv_last(self.lrelu(self.conv_hr(features))) + self.enlarge(x)

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on (an upper bound)."""
        return kernel_radius(self)

    @staticmethod
    def official_key(key: str) -> str:
        """Our name of an entry of the first implementation, which KAIR has too, or of MMEditing's."""
        key = re.sub(r"^(?:recon_trunk|trunk_net)\.", "body.", key)
        key = re.sub(r"^upsample(\d)\.upsample_conv\.", r"upconv\1.", key)
        return key.replace("HRconv.", "conv_hr.")

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the MSRResNet that has a state dict of these shapes; None if it is no MSRResNet."""
        num_blocks = count_layers(shapes, "body.{}.conv2.weight")
        twice = "upconv2.weight" in shapes
        needed = ("conv_first.weight", "upconv1.weight", "conv_hr.weight", "conv_last.weight")
        if len(shapes) != 4 * num_blocks + (10 if twice else 8) or not all(key in shapes for key in needed):
            return None
        num_features, in_channels = shapes["conv_first.weight"][:2]
        return {
            "scale": 4 if twice else 3 if shapes["upconv1.weight"][0] == 9 * num_features else 2,
            "num_blocks": num_blocks,
            "num_features": num_features,
            "in_channels": in_channels,
        }


register_model(
    "msrresnet",
    MSRResNet,
    scales=(2, 3, 4),
    paper=PAPER,
    summary="SRResNet without batch normalisation: 16 blocks of 64 features.",
)
