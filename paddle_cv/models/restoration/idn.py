"""IDN: Zheng Hui, Xiumei Wang, Xinbo Gao, "Fast and Accurate Single Image Super-Resolution via Information Distillation
Network", CVPR 2018 (arXiv:1803.09454).

The network computes what is to be added to the bicubic enlargement, and here adds it too (the authors' test code does it).

Two forms, both agree with the authors' implementations: the paper's on luminance with a 17x17 transposed convolution at the end
(Caffe), and their later one on RGB with two convolutions and a pixel shuffle (TensorFlow). The authors' transposed
convolution leaves out the first scale - 1 rows and columns of the picture; ours computes them as well.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from ..layers import count_layers, init_like_pytorch, kernel_radius, store
from ..network import Network
from .base import register_model
from .interpolation import Interpolation

__all__ = ["IDN"]

PAPER = "Hui, Wang, Gao: Fast and Accurate Single Image SR via Information Distillation Network, CVPR 2018"


class DistillationBlock(nn.Layer):
    """Enhancement unit (six convolutions) and compression unit (a 1x1 convolution); paper, Figures 2 and 3."""

    def __init__(self, num_features: int = 64, narrow: int = 48, narrowest: int = 32, distilled: int = 16):
        super().__init__()
        wide = num_features + distilled
        self.parts = [distilled, num_features - distilled]
        self.conv1 = nn.Conv2D(num_features, narrow, 3, padding=1)
        self.conv2 = nn.Conv2D(narrow, narrowest, 3, padding=1, groups=4)
        self.conv3 = nn.Conv2D(narrowest, num_features, 3, padding=1)
        self.conv4 = nn.Conv2D(num_features - distilled, num_features, 3, padding=1)
        self.conv5 = nn.Conv2D(num_features, narrow, 3, padding=1, groups=4)
        self.conv6 = nn.Conv2D(narrow, wide, 3, padding=1)
        self.conv7 = nn.Conv2D(wide, num_features, 1)
        self.lrelu = nn.LeakyReLU(0.05)

    def forward(self, x):
        act = self.lrelu
        kept, passed = act(self.conv3(act(self.conv2(act(self.conv1(x)))))).split(self.parts, axis=1)
        passed = act(self.conv6(act(self.conv5(act(self.conv4(passed))))))
        return act(self.conv7(paddle.concat([x, kept], axis=1) + passed))


class IDN(Network):
    """Information distillation network.

    Input and output are NCHW float32 in [0, 1], luminance or, with 3 `in_channels`, RGB: (N, C, H, W) -> (N, C, scale H, scale W).

    Args:
        scale: Enlargement factor: 2, 3 or 4.
        num_blocks: Distillation blocks.
        in_channels: Channels of the input and of the output.
        shuffle: End with two convolutions and a pixel shuffle instead of the paper's transposed convolution.

    Raises:
        ValueError: `scale` is none of 2, 3, 4.
    """

    def __init__(self, scale: int = 4, num_blocks: int = 4, in_channels: int = 1, shuffle: bool = False):
        super().__init__()
        if scale not in (2, 3, 4):
            raise ValueError(f"IDN enlarges by 2, 3 or 4, not by {scale!r}")
        self.scale = scale
        # A pixel shuffle shows the scale, a transposed convolution does not.
        store(self, scale=None if shuffle else scale)
        self.conv1 = nn.Conv2D(in_channels, 64, 3, padding=1)
        self.conv2 = nn.Conv2D(64, 64, 3, padding=1)
        self.lrelu = nn.LeakyReLU(0.05)
        self.blocks = nn.Sequential(*(DistillationBlock() for _ in range(num_blocks)))
        if shuffle:
            self.upsample = nn.Sequential(
                nn.Conv2D(64, 64, 3, padding=1),
                nn.Conv2D(64, in_channels * scale**2, 3, padding=1),
                nn.PixelShuffle(scale),
            )
            self.first = 0
        else:
            # The authors' padding is 8 all round; theirs begins with our row and column number scale - 1.
            self.first = scale - 1
            before, after = 8 - self.first, 8
            self.upsample = nn.Conv2DTranspose(64, in_channels, 17, scale, padding=[before, after, before, after])
        self.bicubic = Interpolation(scale)
        init_like_pytorch(self)

    def forward(self, x):
        return self.residual(x) + self.bicubic(x)

    def residual(self, x):
        """What is added to the bicubic enlargement."""
        return self.upsample(self.blocks(self.lrelu(self.conv2(self.lrelu(self.conv1(x))))))

    def reference_forward(self, x):
        """What the reference implementations give: the residual, of the transposed convolution without its first pixels."""
        return self.residual(x)[:, :, self.first :, self.first :]

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on (an upper bound)."""
        return kernel_radius(self) + (8 if self.first else 0)

    @staticmethod
    def official_key(key: str) -> str:
        """Our name of an entry of the authors' state dicts."""
        key = re.sub(r"^conv([3-6])_(\d)\.", lambda m: f"blocks.{int(m[1]) - 3}.conv{m[2]}.", key)
        key = re.sub(r"^down(\d)\.", lambda m: f"blocks.{int(m[1]) - 1}.conv7.", key)
        key = re.sub(r"^up([12])\.", lambda m: f"upsample.{int(m[1]) - 1}.", key)
        return key.replace("distill.", "blocks.")

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the IDN that has a state dict of these shapes; None if it is no IDN.

        A transposed convolution does not tell the scale.
        """
        num_blocks = count_layers(shapes, "blocks.{}.conv7.weight")
        shuffle = "upsample.1.weight" in shapes
        if len(shapes) != 4 + 14 * num_blocks + (4 if shuffle else 2) or not num_blocks:
            return None
        if not shuffle and list(shapes.get("upsample.weight", ()))[2:] != [17, 17]:
            return None
        in_channels = shapes["conv1.weight"][1]
        found = {"num_blocks": num_blocks, "in_channels": in_channels, "shuffle": shuffle}
        return {**found, "scale": math.isqrt(shapes["upsample.1.weight"][0] // in_channels)} if shuffle else found


register_model(
    "idn",
    IDN,
    scales=(2, 3, 4),
    in_channels=1,
    paper=PAPER,
    summary="The paper's network: 4 distillation blocks on luminance, and a transposed convolution.",
)
register_model(
    "idn_tf",
    IDN,
    scales=(2, 3, 4),
    paper=PAPER,
    summary="The authors' later network on RGB, with a pixel shuffle.",
    hyperparameters={"in_channels": 3, "shuffle": True},
)
