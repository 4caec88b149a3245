"""BTSRN: Yuchen Fan, Honghui Shi, Jiahui Yu, Ding Liu, Wei Han, Haichao Yu, Zhangyang Wang, Xinchao Wang, Thomas S. Huang,
"Balanced Two-Stage Residual Networks for Image Super-Resolution", CVPR Workshops 2017.

Residual blocks at the low resolution, up-sampling, and residual blocks at the high resolution. Agrees with the latest code of
the authors (TensorFlow), whose 3x3 convolutions have no padding: the picture is padded once instead, and the result is added to
the bicubic enlargement. We continue the outermost pixels where the authors mirror.

That code has twice as many weights as the paper's tables. The ten blocks of the `narrow` form here have the 409,600 weights
of those tables (410K, which leave out biases, up-sampling, first and last layer).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from paddle import nn
from paddle.nn import functional as F

from ..detection import detector
from ..layers import count_layers, init_like_pytorch
from ..network import Network
from .base import register_model
from .interpolation import Interpolation

__all__ = ["BTSRN"]

PAPER = "Fan, Shi, Yu et al.: Balanced Two-Stage Residual Networks for Image Super-Resolution, CVPRW 2017"


class ProjectedBlock(nn.Layer):
    """1x1 convolution to few channels, 3x3 convolution back, and the sum with the input.

    The 3x3 convolution is not padded, so that the output is one pixel smaller on each side.
    """

    def __init__(self, num_features: int, bottleneck: int):
        super().__init__()
        self.proj = nn.Conv2D(num_features, bottleneck, 1)
        self.filt = nn.Conv2D(bottleneck, num_features, 3)
        self.lrelu = nn.LeakyReLU(0.2)

    def forward(self, x):
        residual = self.filt(self.lrelu(self.proj(self.lrelu(x))))
        return x[:, :, 1:-1, 1:-1] + residual


class ResidualUpsampling(nn.Layer):
    """Nearest-neighbour enlargement plus a transposed convolution."""

    def __init__(self, factor: int, num_features: int):
        super().__init__()
        self.deconv = nn.Conv2DTranspose(num_features, num_features, factor, factor)
        self.nearest = nn.Upsample(scale_factor=factor, mode="nearest")
        self.lrelu = nn.LeakyReLU(0.2)

    def forward(self, x):
        return self.nearest(x) + self.deconv(self.lrelu(x))


class BTSRN(Network):
    """Balanced two-stage residual network.

    Input and output are NCHW float32 in [0, 1], RGB unless `in_channels` is 1: (N, C, H, W) -> (N, C, scale H, scale W).

    Args:
        scale: Enlargement factor: 2, 3 or 4.
        num_low: Residual blocks at the low resolution.
        num_high: Residual blocks at the high resolution.
        num_features: Channels between the blocks.
        bottleneck: Channels inside the blocks.
        in_channels: Channels of the input and of the output.

    Raises:
        ValueError: `scale` is none of 2, 3, 4.
    """

    def __init__(
        self,
        scale: int = 4,
        num_low: int = 6,
        num_high: int = 4,
        num_features: int = 128,
        bottleneck: int = 64,
        in_channels: int = 3,
    ):
        super().__init__()
        if scale not in (2, 3, 4):
            raise ValueError(f"BTSRN enlarges by 2, 3 or 4, not by {scale!r}")
        self.scale = scale
        self.inp = nn.Conv2D(in_channels, num_features, 1)
        self.lr_conv = nn.Sequential(*(ProjectedBlock(num_features, bottleneck) for _ in range(num_low)))
        if scale == 4:
            self.up = nn.Sequential(
                ResidualUpsampling(2, num_features),
                ProjectedBlock(num_features, bottleneck),
                ResidualUpsampling(2, num_features),
            )
        else:
            self.up = nn.Sequential(ResidualUpsampling(scale, num_features))
        self.hr_conv = nn.Sequential(*(ProjectedBlock(num_features, bottleneck) for _ in range(num_high)))
        self.lrelu = nn.LeakyReLU(0.2)
        self.out = nn.Conv2D(num_features, in_channels, 1)
        self.bicubic = Interpolation(scale)
        # Pixels that the convolutions take off each side, in pixels of the output; the padding, in pixels of the input, is
        # the least that makes up for them, at the authors' sizes less than their 15.
        self.lost = scale * num_low + num_high + (2 if scale == 4 else 0)
        self.padding = -(-self.lost // scale)
        init_like_pytorch(self)

    def forward(self, x):
        padding, border = self.padding, self.padding * self.scale - self.lost
        residual = self.reference_forward(F.pad(x, [padding] * 4, mode="replicate") - 0.5)
        if border:
            residual = residual[:, :, border:-border, border:-border]
        return residual + self.bicubic(x)

    def reference_forward(self, x):
        """What the reference implementation computes: the residual, of a padded picture less 0.5."""
        return self.out(self.lrelu(self.hr_conv(self.up(self.lr_conv(self.inp(x))))))

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on (an upper bound)."""
        return self.padding + 1

    @staticmethod
    def official_key(key: str) -> str:
        """Our name of an entry of the reference implementation's state dict."""
        first, _, rest = key.partition(".")
        if rest in ("weight", "bias"):
            first = {"up": "up.0.deconv", "up1": "up.0.deconv", "up2": "up.2.deconv"}.get(first, first)
        return f"{'up.1' if first == 'up_conv' else first}.{rest}"

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the BTSRN that has a state dict of these shapes; None if it is no BTSRN."""
        num_low = count_layers(shapes, "lr_conv.{}.proj.weight")
        num_high = count_layers(shapes, "hr_conv.{}.proj.weight")
        twice = "up.2.deconv.weight" in shapes
        entries = 4 + 4 * (num_low + num_high) + (8 if twice else 2)
        if not num_low or len(shapes) != entries or "up.0.deconv.weight" not in shapes:
            return None
        num_features, in_channels = shapes["inp.weight"][:2]
        return {
            "scale": 4 if twice else shapes["up.0.deconv.weight"][2],
            "num_low": num_low,
            "num_high": num_high,
            "num_features": num_features,
            "bottleneck": shapes["lr_conv.0.proj.weight"][0],
            "in_channels": in_channels,
        }


register_model(
    "btsrn",
    BTSRN,
    scales=(2, 3, 4),
    paper=PAPER,
    summary="The authors' latest network: 6 + 4 blocks of 128 features, 64 inside the blocks.",
)
register_model(
    "btsrn_narrow",
    BTSRN,
    scales=(2, 3, 4),
    paper=PAPER,
    summary="The size of the paper's tables: 6 + 4 blocks of 128 features, 32 inside the blocks.",
    hyperparameters={"bottleneck": 32},
    reference=None,
)
