"""MDSR: Bee Lim, Sanghyun Son, Heewon Kim, Seungjun Nah, Kyoung Mu Lee,
"Enhanced Deep Residual Networks for Single Image Super-Resolution", CVPR Workshops 2017 (arXiv:1707.02921).

One network for x2, x3 and x4: two residual blocks with large kernels and the up-sampling belong to a scale, all else is
shared. `scale` chooses the branch that `forward` takes, and may be set on a network at any time; weights are for all scales.
Agrees with the authors' PyTorch implementation, where, unlike in the paper's text, one output convolution is shared as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from paddle import nn

from ..detection import detector
from ..layers import MeanShift, ResidualBlock, count_layers, init_like_pytorch, kernel_radius, store, upsampler
from ..network import Network
from .base import register_model
from .edsr import PAPER

__all__ = ["MDSR"]

SCALES = (2, 3, 4)


class MDSR(Network):
    """Multi-scale residual network.

    Input and output are NCHW float32 RGB in [0, 1]: (N, 3, H, W) -> (N, 3, scale H, scale W).

    Args:
        scale: Enlargement factor of the branch to take: 2, 3 or 4.
        num_blocks: Shared residual blocks.
        num_features: Channels.
        rgb_range: Range of values inside the network; 255 for the authors' published weights.

    Raises:
        ValueError: `scale` is none of 2, 3, 4.
    """

    def __init__(self, scale: int = 4, num_blocks: int = 80, num_features: int = 64, rgb_range: float = 1.0):
        super().__init__()
        if scale not in SCALES:
            raise ValueError(f"MDSR enlarges by 2, 3 or 4, not by {scale!r}")
        self.scale = scale
        store(self, scale=scale)
        self.sub_mean = MeanShift(-1, rgb_range)
        self.add_mean = MeanShift(1, rgb_range)
        self.pre_process = nn.LayerList(
            nn.Sequential(ResidualBlock(num_features, 5), ResidualBlock(num_features, 5)) for _ in SCALES
        )
        self.upsample = nn.LayerList(upsampler(branch, num_features) for branch in SCALES)
        self.head = nn.Sequential(nn.Conv2D(3, num_features, 3, padding=1))
        self.body = nn.Sequential(
            *(ResidualBlock(num_features) for _ in range(num_blocks)),
            nn.Conv2D(num_features, num_features, 3, padding=1),
        )
        self.tail = nn.Sequential(nn.Conv2D(num_features, 3, 3, padding=1))
        init_like_pytorch(self)

    def forward(self, x):
        branch = SCALES.index(self.scale)
        x = self.pre_process[branch](self.head(self.sub_mean(x)))
        return self.add_mean(self.tail(self.upsample[branch](self.body(x) + x)))

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on (an upper bound)."""
        used = (self.pre_process[0], self.body)
        return sum(map(kernel_radius, used)) + 3  # head, up-sampling and tail: one each, or less

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the MDSR that has a state dict of these shapes (they tell no scale); None if it is none."""
        num_blocks = count_layers(shapes, "body.{}.body.2.weight")
        needed = ("head.0.weight", "pre_process.2.1.body.2.weight", "upsample.2.2.weight", "tail.0.weight")
        if len(shapes) != 42 + 4 * num_blocks or not all(key in shapes for key in needed):
            return None
        return {"num_blocks": num_blocks, "num_features": shapes["head.0.weight"][0]}


register_model(
    "mdsr",
    MDSR,
    scales=SCALES,
    paper=PAPER,
    summary="The paper's multi-scale network: 80 shared blocks of 64 features.",
    reference="mdsr",
)
register_model(
    "mdsr_baseline",
    MDSR,
    scales=SCALES,
    paper=PAPER,
    summary="The paper's multi-scale baseline: 16 shared blocks of 64 features.",
    hyperparameters={"num_blocks": 16},
    reference="mdsr_baseline",
)
