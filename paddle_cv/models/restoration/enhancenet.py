"""EnhanceNet: Mehdi S. M. Sajjadi, Bernhard Schölkopf, Michael Hirsch,
"EnhanceNet: Single Image Super-Resolution Through Automated Texture Synthesis", ICCV 2017 (arXiv:1612.07919).

The generator (paper, Table 1): residual blocks at the low resolution, twice a nearest-neighbour enlargement and a convolution, and
the sum with the picture enlarged by bicubic interpolation. What the network adds to that picture agrees with the authors'
TensorFlow code, which subtracts a mean colour from its input. Their bicubic interpolation places pixels by their corners, as old
TensorFlow does; here pixels are placed by their centres, as in the low-resolution pictures made for training and evaluation.
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

__all__ = ["EnhanceNet"]

PAPER = "Sajjadi, Schölkopf, Hirsch: EnhanceNet: Single Image Super-Resolution Through Automated Texture Synthesis, ICCV 2017"
MEAN = (0.47614917, 0.45001204, 0.40904046)


class NearestUpsampling(nn.Layer):
    """Nearest-neighbour enlargement, as the pixel shuffle of repeated channels.

    Paddle Inference 3.3.1 cannot run `nn.Upsample(mode="nearest")` with oneDNN on CPUs, and paddle2onnx 2.1 does not convert
    `repeat_interleave` rightly.
    """

    def __init__(self, scale: int):
        super().__init__()
        self.repeats = scale**2
        self.shuffle = nn.PixelShuffle(scale)

    def forward(self, x):
        return self.shuffle(paddle.concat([x.unsqueeze(2)] * self.repeats, axis=2).flatten(1, 2))


class EnhanceNet(Network):
    """The generator of EnhanceNet.

    Input and output are NCHW float32 in [0, 1], RGB: (N, 3, H, W) -> (N, 3, 4 H, 4 W).

    Args:
        scale: Enlargement factor; 4.
        num_features: Channels of all convolutions but the last.
        num_blocks: Residual blocks.

    Raises:
        ValueError: `scale` is not 4.
    """

    def __init__(self, scale: int = 4, num_features: int = 64, num_blocks: int = 10):
        super().__init__()
        if scale != 4:
            raise ValueError(f"EnhanceNet enlarges by 4, not by {scale!r}")
        self.scale = scale

        def conv(in_channels: int, out_channels: int) -> nn.Conv2D:
            return nn.Conv2D(in_channels, out_channels, 3, padding=1)

        self.conv_in = conv(3, num_features)
        self.blocks = nn.LayerList(
            [
                nn.Sequential(conv(num_features, num_features), nn.ReLU(), conv(num_features, num_features))
                for _ in range(num_blocks)
            ]
        )
        self.up1 = conv(num_features, num_features)
        self.up2 = conv(num_features, num_features)
        self.conv = conv(num_features, num_features)
        self.conv_out = conv(num_features, 3)
        self.relu = nn.ReLU()
        self.nearest = NearestUpsampling(2)
        self.bicubic = nn.Upsample(scale_factor=scale, mode="bicubic")
        self.register_buffer("mean", paddle.to_tensor(MEAN).reshape([1, 3, 1, 1]), persistable=False)
        init_like_pytorch(self)

    def reference_forward(self, x):
        """What is added to the enlarged picture, from a picture without its mean colour."""
        features = self.relu(self.conv_in(x))
        for block in self.blocks:
            features = features + block(features)
        for up in (self.up1, self.up2):
            features = self.relu(up(self.nearest(features)))
        return self.conv_out(self.relu(self.conv(features)))

    def forward(self, x):
        return self.bicubic(x) + self.reference_forward(x - self.mean)

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on (an upper bound)."""
        return 1 + 2 * len(self.blocks) + 3  # after the blocks, one pixel at x2 and three at x4

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the EnhanceNet that has a state dict of these shapes; None if it is no EnhanceNet."""
        needed = ("conv_in.weight", "blocks.0.2.weight", "up1.weight", "up2.weight", "conv.weight", "conv_out.weight")
        if not all(key in shapes for key in needed):
            return None
        return {
            "scale": 4,
            "num_features": shapes["conv_in.weight"][0],
            "num_blocks": sum(key.startswith("blocks.") and key.endswith(".0.weight") for key in shapes),
        }


register_model(
    "enhancenet",
    EnhanceNet,
    scales=(4,),
    paper=PAPER,
    summary="The paper's generator: 10 residual blocks of 64 features.",
    reference="enhancenet",
)
