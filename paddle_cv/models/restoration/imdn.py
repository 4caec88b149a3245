"""IMDN: Zheng Hui, Xinbo Gao, Yunchu Yang, Xiumei Wang,
"Lightweight Image Super-Resolution with Information Multi-distillation Network", ACM Multimedia 2019 (arXiv:1909.11856).

Each block splits a quarter of the channels off after every convolution (distillation) and joins what it has split off.
Agrees with the authors' PyTorch implementation, names of the sublayers included.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from ..layers import ChannelAttention, Fusion, count_layers, init_like_pytorch
from ..network import Network
from .base import register_model

__all__ = ["IMDN"]

PAPER = "Hui, Gao, Yang, Wang: Lightweight Image SR with Information Multi-distillation Network, ACM Multimedia 2019"


class InformationMultiDistillationBlock(nn.Layer):
    """Progressive distillation, contrast-aware channel attention and fusion (paper, Figure 3)."""

    def __init__(self, num_features: int):
        super().__init__()
        distilled = num_features // 4
        remaining = num_features - distilled
        self.parts = [distilled, remaining]
        self.c1 = nn.Conv2D(num_features, num_features, 3, padding=1)
        self.c2 = nn.Conv2D(remaining, num_features, 3, padding=1)
        self.c3 = nn.Conv2D(remaining, num_features, 3, padding=1)
        self.c4 = nn.Conv2D(remaining, distilled, 3, padding=1)
        self.act = nn.LeakyReLU(0.05)
        self.c5 = nn.Conv2D(4 * distilled, num_features, 1)
        self.cca = ChannelAttention(4 * distilled, contrast=True)

    def forward(self, x):
        distilled, remaining = [], x
        for conv in (self.c1, self.c2, self.c3):
            part, remaining = self.act(conv(remaining)).split(self.parts, axis=1)
            distilled.append(part)
        distilled.append(self.c4(remaining))
        return self.c5(self.cca(paddle.concat(distilled, axis=1))) + x


class IMDN(Network):
    """Information multi-distillation network.

    Input and output are NCHW float32 in [0, 1], RGB unless `in_channels` is 1: (N, C, H, W) -> (N, C, scale H, scale W).

    Args:
        scale: Enlargement factor.
        num_features: Channels between the blocks.
        num_blocks: Information multi-distillation blocks.
        in_channels: Channels of the input and of the output.
    """

    def __init__(self, scale: int = 4, num_features: int = 64, num_blocks: int = 6, in_channels: int = 3):
        super().__init__()
        self.scale = scale
        self.fea_conv = nn.Conv2D(in_channels, num_features, 3, padding=1)
        self.num_blocks = num_blocks
        for number in range(1, num_blocks + 1):
            self.add_sublayer(f"IMDB{number}", InformationMultiDistillationBlock(num_features))
        self.c = Fusion("concat", nn.Conv2D(num_blocks * num_features, num_features, 1), nn.LeakyReLU(0.05))
        self.LR_conv = nn.Conv2D(num_features, num_features, 3, padding=1)
        self.upsampler = nn.Sequential(
            nn.Conv2D(num_features, in_channels * scale**2, 3, padding=1), nn.PixelShuffle(scale)
        )
        init_like_pytorch(self)

    def forward(self, x):
        shallow = features = self.fea_conv(x)
        outputs = []
        for number in range(1, self.num_blocks + 1):
            features = getattr(self, f"IMDB{number}")(features)
            outputs.append(features)
        return self.upsampler(self.LR_conv(self.c(outputs)) + shallow)

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on: all, by the channel attention."""
        return 10**6

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the IMDN that has a state dict of these shapes; None if it is no IMDN."""
        num_blocks = count_layers(shapes, "IMDB{}.cca.conv_du.2.weight", start=1)
        if not num_blocks or len(shapes) != 8 + 14 * num_blocks or "fea_conv.weight" not in shapes:
            return None
        num_features, in_channels = shapes["fea_conv.weight"][:2]
        return {
            "scale": math.isqrt(shapes["upsampler.0.weight"][0] // in_channels),
            "num_features": num_features,
            "num_blocks": num_blocks,
            "in_channels": in_channels,
        }


register_model(
    "imdn",
    IMDN,
    scales=(2, 3, 4),
    paper=PAPER,
    summary="The paper's network: 6 blocks of 64 features.",
)
