"""RCAN: Yulun Zhang, Kunpeng Li, Kai Li, Lichen Wang, Bineng Zhong, Yun Fu,
"Image Super-Resolution Using Very Deep Residual Channel Attention Networks", ECCV 2018 (arXiv:1807.02758).

Residual groups of residual channel attention blocks (RCABs): residual in residual. Agrees with the authors' PyTorch
implementation, names of the sublayers included. Theirs works on values in 0...255: their published weights are converted to
0...1 when they are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from paddle import nn

from ..detection import detector
from ..layers import (
    ChannelAttention,
    MeanShift,
    count_layers,
    from_trunk,
    init_like_pytorch,
    mean_shift_entries,
    upsampler,
)
from ..network import Network
from .base import register_model

__all__ = ["RCAN"]

PAPER = (
    "Zhang, Li, Li, Wang, Zhong, Fu: Super-Resolution Using Very Deep Residual Channel Attention Networks, ECCV 2018"
)


class ResidualChannelAttentionBlock(nn.Layer):
    """Two convolutions and channel attention, added to the input (paper, section 3.3)."""

    def __init__(self, num_features: int, reduction: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2D(num_features, num_features, 3, padding=1),
            nn.ReLU(),
            nn.Conv2D(num_features, num_features, 3, padding=1),
            ChannelAttention(num_features, reduction),
        )

    def forward(self, x):
        return self.body(x) + x


class ResidualGroup(nn.Layer):
    """RCABs and a convolution, added to the input (paper, section 3.2)."""

    def __init__(self, num_features: int, reduction: int, num_blocks: int):
        super().__init__()
        self.body = nn.Sequential(
            *(ResidualChannelAttentionBlock(num_features, reduction) for _ in range(num_blocks)),
            nn.Conv2D(num_features, num_features, 3, padding=1),
        )

    def forward(self, x):
        return self.body(x) + x


class RCAN(Network):
    """Residual channel attention network.

    Input and output are NCHW float32 RGB in [0, 1]: (N, 3, H, W) -> (N, 3, scale H, scale W).

    Args:
        scale: Enlargement factor: 2, 3, 4 or 8.
        num_groups: Residual groups (the paper's G).
        num_blocks: Blocks in each group (B).
        num_features: Channels (C).
        reduction: Ratio of the channels to those inside the channel attention (r).
        rgb_range: Range of values inside the network.

    Raises:
        ValueError: `scale` is none of 2, 3, 4, 8.
    """

    def __init__(
        self,
        scale: int = 4,
        num_groups: int = 10,
        num_blocks: int = 20,
        num_features: int = 64,
        reduction: int = 16,
        rgb_range: float = 1.0,
    ):
        super().__init__()
        if scale not in (2, 3, 4, 8):
            raise ValueError(f"RCAN enlarges by 2, 3, 4 or 8, not by {scale!r}")
        self.scale = scale
        self.sub_mean = MeanShift(-1, rgb_range)
        self.add_mean = MeanShift(1, rgb_range)
        self.head = nn.Sequential(nn.Conv2D(3, num_features, 3, padding=1))
        self.body = nn.Sequential(
            *(ResidualGroup(num_features, reduction, num_blocks) for _ in range(num_groups)),
            nn.Conv2D(num_features, num_features, 3, padding=1),
        )
        self.tail = nn.Sequential(upsampler(scale, num_features), nn.Conv2D(num_features, 3, 3, padding=1))
        init_like_pytorch(self)

    def forward(self, x):
        x = self.head(self.sub_mean(x))
        return self.add_mean(self.tail(self.body(x) + x))

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on: all, by the channel attention."""
        return 10**6

    @staticmethod
    def official_state(state: Mapping[str, Any]) -> Mapping[str, Any]:
        """The entries that BasicSR and a port name otherwise under the authors' names; other state dicts stay as they are.

        BasicSR's do not have the mean colour, and its published weights work on 0...255 like the authors'. The port (`trunk`)
        has it once for both shifts, for 0...1.
        """
        state = from_trunk(state)
        num_groups = count_layers(state, "body.{}.residual_group.0.rcab.0.weight")
        num_blocks = count_layers(state, "body.0.residual_group.{}.rcab.0.weight")
        if not num_groups:
            return state
        patterns = {
            r"^conv_first\.": "head.0.",
            r"^conv_after_body\.": f"body.{num_groups}.",
            r"^conv_last\.": "tail.1.",
            r"^upsample\.": "tail.0.",
            r"^(body\.\d+)\.conv\.": rf"\1.body.{num_blocks}.",
            r"\.residual_group\.(\d+)\.rcab\.": r".body.\1.body.",
            r"\.attention\.1\.": ".conv_du.0.",
            r"\.attention\.3\.": ".conv_du.2.",
        }
        renamed = mean_shift_entries(1 if "mean" in state else 255)
        for key, value in state.items():
            if key in ("mean", "std"):
                continue
            for theirs, ours in patterns.items():
                key = re.sub(theirs, ours, key)
            renamed[key] = value
        return renamed

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the RCAN that has a state dict of these shapes; None if it is no RCAN."""
        num_groups = count_layers(shapes, "body.{}.body.0.body.3.conv_du.0.weight")
        num_blocks = count_layers(shapes, "body.0.body.{}.body.3.conv_du.0.weight")
        steps = sum(f"tail.0.{place}.weight" in shapes for place in (0, 2, 4))
        if not num_blocks or not steps or len(shapes) != num_groups * (num_blocks * 8 + 2) + 2 * steps + 10:
            return None
        num_features = shapes["head.0.weight"][0]
        return {
            "scale": 3 if shapes["tail.0.0.weight"][0] == 9 * num_features else 2**steps,
            "num_groups": num_groups,
            "num_blocks": num_blocks,
            "num_features": num_features,
            "reduction": num_features // shapes["body.0.body.0.body.3.conv_du.0.weight"][0],
        }


register_model(
    "rcan",
    RCAN,
    scales=(2, 3, 4),
    paper=PAPER,
    summary="The paper's network: 10 groups of 20 blocks, 64 features.",
)
register_model(
    "rcan",
    RCAN,
    scales=(8,),
    paper=PAPER,
    summary="The paper's network: 10 groups of 20 blocks, 64 features.",
    reference=None,
)
