"""SRVGGNetCompact: Xintao Wang, Liangbin Xie, Chao Dong, Ying Shan, "Real-ESRGAN: Training Real-World Blind Super-Resolution with
Pure Synthetic Data", ICCV Workshops 2021 (arXiv:2107.10833); the small network of the authors' program, which is not in the paper.

Convolutions with PReLU between them, all at the low resolution, and a pixel shuffle; the result is added to the enlarged
input. Agrees with the authors' PyTorch implementation, names of the sublayers included.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from paddle import nn

from ..detection import detector
from ..layers import init_like_pytorch, repeat_channels
from ..network import Network
from .base import register_model

__all__ = ["SRVGG"]

PAPER = "Wang, Xie, Dong, Shan: Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure Synthetic Data, ICCVW 2021"


class SRVGG(Network):
    """Compact network for super-resolution.

    Input and output are NCHW float32 in [0, 1], RGB unless `in_channels` is 1: (N, C, H, W) -> (N, C, scale H, scale W).

    Args:
        scale: Enlargement factor.
        num_features: Channels between the convolutions.
        num_layers: Convolutions between the first and the last one.
        in_channels: Channels of the input and of the output.
    """

    def __init__(self, scale: int = 4, num_features: int = 64, num_layers: int = 16, in_channels: int = 3):
        super().__init__()
        self.scale = scale
        layers: list[nn.Layer] = []
        channels = in_channels
        for _ in range(num_layers + 1):
            layers += [nn.Conv2D(channels, num_features, 3, padding=1), nn.PReLU(num_features)]
            channels = num_features
        self.body = nn.Sequential(*layers, nn.Conv2D(channels, in_channels * scale**2, 3, padding=1))
        self.upsampler = nn.PixelShuffle(scale)
        init_like_pytorch(self)

    def forward(self, x):
        return self.upsampler(self.body(x) + repeat_channels(x, self.scale**2))

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on."""
        return len(self.body) // 2 + 1

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the SRVGG that has a state dict of these shapes; None if it is none."""
        convs = sum(key.startswith("body.") and len(shape) == 4 for key, shape in shapes.items())
        first, last = shapes.get("body.0.weight"), shapes.get(f"body.{2 * convs - 2}.weight")
        if convs < 2 or len(shapes) != 3 * convs - 1 or not first or not last or "body.1._weight" not in shapes:
            return None
        return {
            "scale": math.isqrt(last[0] // first[1]),
            "num_features": first[0],
            "num_layers": convs - 2,
            "in_channels": first[1],
        }


for _name, _num_layers, _scales, _reference, _summary in (
    ("srvgg_anime", 16, (4,), "srvgg_animevideov3_x4", "For animated films: 18 convolutions (realesr-animevideov3)."),
    ("srvgg_anime", 16, (2, 3), None, "For animated films: 18 convolutions (realesr-animevideov3)."),
    ("srvgg_general", 32, (4,), "srvgg_general_x4v3", "For photographs: 34 convolutions (realesr-general-x4v3)."),
):
    register_model(
        _name,
        SRVGG,
        scales=_scales,
        hyperparameters={"num_layers": _num_layers},
        paper=PAPER,
        summary=_summary,
        reference=_reference,
    )
