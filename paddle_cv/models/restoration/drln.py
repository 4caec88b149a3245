"""DRLN: Saeed Anwar, Nick Barnes, "Densely Residual Laplacian Super-Resolution", IEEE Transactions on Pattern Analysis and
Machine Intelligence 2020 (arXiv:1906.12021).

Dense residual Laplacian modules (DRLMs) in six cascading blocks. Agrees with the authors' PyTorch implementation, names of the
sublayers included. Where that differs from the paper, it is followed: the second module of the second block gets the
block's input, not the output of the fusion before it; the fusions are 3x3 convolutions; and the three dilated convolutions of
the Laplacian attention see one pooled pixel, so that only the middle of their kernels has an effect.

The authors' programs, which are those of RCAN, feed values in 0...255, though the mean colour that the network subtracts is
one in [0, 1]. So their weights do not tell their range: `tools/convert.py drln_x2 DRLN_BIX2.pt --for-255 -o ...` puts them
right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from ..layers import MeanShift, ReLUUpsampling, init_like_pytorch
from ..network import Network
from .base import register_model

__all__ = ["DRLN"]

PAPER = "Anwar, Barnes: Densely Residual Laplacian Super-Resolution, TPAMI 2020"

# Modules in each cascading block.
BLOCKS = (3, 3, 3, 3, 4, 4)


class ConvUnit(nn.Layer):
    """Convolution and an activation."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, dilation: int = 1, sigmoid: bool = False):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2D(in_channels, out_channels, kernel_size, padding=kernel_size // 2 * dilation, dilation=dilation),
            nn.Sigmoid() if sigmoid else nn.ReLU(),
        )

    def forward(self, x):
        return self.body(x)


class ResidualUnit(nn.Layer):
    """Convolution, ReLU, convolution, the sum with the input, ReLU."""

    def __init__(self, num_features: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2D(num_features, num_features, 3, padding=1),
            nn.ReLU(),
            nn.Conv2D(num_features, num_features, 3, padding=1),
        )
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.body(x) + x)


class LaplacianAttention(nn.Layer):
    """Weights each channel by what three dilated convolutions make of the channels' means (paper, Figure 4)."""

    def __init__(self, num_features: int, reduction: int):
        super().__init__()
        narrow = num_features // reduction
        self.c1 = ConvUnit(num_features, narrow, 3, dilation=3)
        self.c2 = ConvUnit(num_features, narrow, 3, dilation=5)
        self.c3 = ConvUnit(num_features, narrow, 3, dilation=7)
        self.c4 = ConvUnit(3 * narrow, num_features, 3, sigmoid=True)

    def forward(self, x):
        mean = x.mean([2, 3], keepdim=True)
        return x * self.c4(paddle.concat([self.c1(mean), self.c2(mean), self.c3(mean)], axis=1))


class DenseResidualLaplacianModule(nn.Layer):
    """Densely connected residual units, a 1x1 convolution and Laplacian attention (paper, Figure 3)."""

    def __init__(self, num_features: int, reduction: int):
        super().__init__()
        self.r1 = ResidualUnit(num_features)
        self.r2 = ResidualUnit(2 * num_features)
        self.r3 = ResidualUnit(4 * num_features)
        self.g = ConvUnit(8 * num_features, num_features, 1)
        self.ca = LaplacianAttention(num_features, reduction)

    def forward(self, x):
        for unit in (self.r1, self.r2, self.r3):
            x = paddle.concat([x, unit(x)], axis=1)
        return self.ca(self.g(x))


class DRLN(Network):
    """Densely residual Laplacian network.

    Input and output are NCHW float32 RGB in [0, 1]: (N, 3, H, W) -> (N, 3, scale H, scale W).

    Args:
        scale: Enlargement factor: 2, 3, 4 or 8.
        num_features: Channels.
        reduction: Ratio of the channels to those inside the attention.

    Raises:
        ValueError: `scale` is none of 2, 3, 4, 8.
    """

    #: The authors' files do not tell it (see the module's docstring).
    published_for_255 = True

    def __init__(self, scale: int = 4, num_features: int = 64, reduction: int = 16):
        super().__init__()
        if scale not in (2, 3, 4, 8):
            raise ValueError(f"DRLN enlarges by 2, 3, 4 or 8, not by {scale!r}")
        self.scale = scale
        self.sub_mean = MeanShift(-1)
        self.add_mean = MeanShift(1)
        self.head = nn.Conv2D(3, num_features, 3, padding=1)
        number = 0
        for modules in BLOCKS:
            for place in range(modules):
                number += 1
                self.add_sublayer(f"b{number}", DenseResidualLaplacianModule(num_features, reduction))
                self.add_sublayer(f"c{number}", ConvUnit((place + 2) * num_features, num_features, 3))
        self.upsample = nn.LayerDict({"up": ReLUUpsampling(scale, num_features)})
        self.tail = nn.Conv2D(num_features, 3, 3, padding=1)
        init_like_pytorch(self)

    def forward(self, x):
        head = self.head(self.sub_mean(x))
        total = fused = head  # sum of the blocks' outputs so far, and the last fusion's output
        number = 0
        for modules in BLOCKS:
            collected, x = fused, total
            for _ in range(modules):
                number += 1
                # The authors' b5 takes the block's input.
                x = getattr(self, f"b{number}")(total if number == 5 else x)
                collected = paddle.concat([collected, x], axis=1)
                x = fused = getattr(self, f"c{number}")(collected)
            total = fused + total
        return self.add_mean(self.tail(self.upsample["up"](total + head)))

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on: all, by the attention."""
        return 10**6

    @staticmethod
    def official_key(key: str) -> str:
        """Our name of an entry of the authors' state dict."""
        return key.replace("_mean.shifter.", "_mean.")

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the DRLN that has a state dict of these shapes; None if it is no DRLN."""
        steps = sum(f"upsample.up.body.{place}.weight" in shapes for place in (0, 3, 6))
        if not steps or len(shapes) != 488 + 2 * steps or "b20.ca.c4.body.0.weight" not in shapes:
            return None
        num_features = shapes["head.weight"][0]
        return {
            "scale": 3 if shapes["upsample.up.body.0.weight"][0] == 9 * num_features else 2**steps,
            "num_features": num_features,
            "reduction": num_features // shapes["b1.ca.c1.body.0.weight"][0],
        }


register_model(
    "drln",
    DRLN,
    scales=(2, 3, 4),
    paper=PAPER,
    summary="The paper's network: 20 dense residual Laplacian modules of 64 features.",
)
register_model(
    "drln",
    DRLN,
    scales=(8,),
    paper=PAPER,
    summary="The paper's network: 20 dense residual Laplacian modules of 64 features.",
    reference=None,
)
