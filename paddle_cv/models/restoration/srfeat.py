"""SRFeat: Seong-Jin Park, Hyeongseok Son, Sunghyun Cho, Ki-Sang Hong, Seungyong Lee,
"SRFeat: Single Image Super-Resolution with Feature Discrimination", ECCV 2018.

The generator (paper, Figure 2): residual blocks whose outputs all reach the upsampling through 1x1 convolutions, the long-range
skip connections. It agrees with the authors' TensorFlow code, which leaves out the 1x1 convolution after the last block
and works on images in [-1, 1]; the conversion from and to [0, 1] is part of the network here. TensorFlow's
`depth_to_space` is a pixel shuffle with the channels in another order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from paddle import nn

from ..detection import detector
from ..layers import init_like_pytorch
from ..network import Network
from .base import register_model

__all__ = ["SRFeat"]

PAPER = "Park, Son, Cho, Hong, Lee: SRFeat: Single Image Super-Resolution with Feature Discrimination, ECCV 2018"


class ResidualBlock(nn.Layer):
    """Convolution, batch norm, LeakyReLU, convolution, batch norm, and the sum with the input."""

    def __init__(self, num_features: int):
        super().__init__()
        self.c1 = nn.Conv2D(num_features, num_features, 3, padding=1, bias_attr=False)
        self.b1 = nn.BatchNorm2D(num_features)
        self.activation = nn.LeakyReLU(0.2)
        self.c2 = nn.Conv2D(num_features, num_features, 3, padding=1, bias_attr=False)
        self.b2 = nn.BatchNorm2D(num_features)

    def forward(self, x):
        return x + self.b2(self.c2(self.activation(self.b1(self.c1(x)))))


class SRFeat(Network):
    """The generator of SRFeat.

    Input and output are NCHW float32 in [0, 1], RGB unless `in_channels` is 1: (N, C, H, W) -> (N, C, 4 H, 4 W).

    Args:
        scale: Enlargement factor; 4.
        num_features: Channels of all blocks.
        num_blocks: Residual blocks.
        in_channels: Channels of the input and of the output.

    Raises:
        ValueError: `scale` is not 4.
    """

    def __init__(self, scale: int = 4, num_features: int = 128, num_blocks: int = 16, in_channels: int = 3):
        super().__init__()
        if scale != 4:
            raise ValueError(f"SRFeat enlarges by 4, not by {scale!r}")
        self.scale = scale
        self.conv_in = nn.Conv2D(in_channels, num_features, 9, padding=4)
        self.blocks = nn.LayerList([ResidualBlock(num_features) for _ in range(num_blocks)])
        self.skips = nn.LayerList(
            [nn.Conv2D(num_features, num_features, 1, bias_attr=False) for _ in range(num_blocks - 1)]
        )
        self.up1 = nn.Conv2D(num_features, 4 * num_features, 3, padding=1)
        self.up2 = nn.Conv2D(num_features, 4 * num_features, 3, padding=1)
        self.shuffle = nn.PixelShuffle(2)
        self.activation = nn.LeakyReLU(0.2)
        self.out = nn.Conv2D(num_features, in_channels, 3, padding=1)
        init_like_pytorch(self)

    def reference_forward(self, x):
        """The authors' generator: images in [-1, 1]."""
        features = self.conv_in(x)
        skipped = []
        for number, block in enumerate(self.blocks):
            features = block(features)
            if number < len(self.skips):
                skipped.append(self.skips[number](features))
        features = sum(skipped, features)
        for up in (self.up1, self.up2):
            features = self.activation(self.shuffle(up(features)))
        return self.out(features)

    def forward(self, x):
        return (self.reference_forward(2 * x - 1) + 1) / 2

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on (an upper bound)."""
        return 4 + 2 * len(self.blocks) + 3

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the SRFeat that has a state dict of these shapes; None if it is no SRFeat."""
        needed = ("conv_in.weight", "blocks.0.c1.weight", "blocks.0.b2.weight", "skips.0.weight", "up2.weight")
        if not all(key in shapes for key in needed):
            return None
        num_features, in_channels = shapes["conv_in.weight"][:2]
        return {
            "scale": 4,
            "num_features": num_features,
            "num_blocks": sum(key.startswith("blocks.") and key.endswith(".c1.weight") for key in shapes),
            "in_channels": in_channels,
        }


register_model(
    "srfeat",
    SRFeat,
    scales=(4,),
    paper=PAPER,
    summary="The paper's generator: 16 blocks of 128 features.",
)
