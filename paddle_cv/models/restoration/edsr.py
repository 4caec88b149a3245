"""EDSR: Bee Lim, Sanghyun Son, Heewon Kim, Seungjun Nah, Kyoung Mu Lee,
"Enhanced Deep Residual Networks for Single Image Super-Resolution", CVPR Workshops 2017 (arXiv:1707.02921).

A residual network without batch normalisation. Agrees with the authors' PyTorch implementation, names of the sublayers
included. Theirs works on values in 0...255: their published weights are converted to 0...1 when they are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from paddle import nn

from ..detection import detector
from ..layers import (
    MeanShift,
    ResidualBlock,
    count_layers,
    from_trunk,
    init_like_pytorch,
    kernel_radius,
    mean_shift_entries,
    upsampler,
)
from ..network import Network
from .base import register_model

__all__ = ["EDSR"]

PAPER = "Lim, Son, Kim, Nah, Lee: Enhanced Deep Residual Networks for Single Image Super-Resolution, CVPRW 2017"


class EDSR(Network):
    """Enhanced deep residual network.

    Input and output are NCHW float32 RGB in [0, 1]: (N, 3, H, W) -> (N, 3, scale H, scale W).

    Args:
        scale: Enlargement factor: 2, 3 or 4.
        num_blocks: Residual blocks (the paper's B).
        num_features: Channels (F).
        res_scale: Factor on the residual branch of each block.
        rgb_range: Range of values inside the network.

    Raises:
        ValueError: `scale` is none of 2, 3, 4.
    """

    def __init__(
        self,
        scale: int = 4,
        num_blocks: int = 32,
        num_features: int = 256,
        res_scale: float = 0.1,
        rgb_range: float = 1.0,
    ):
        super().__init__()
        if scale not in (2, 3, 4):
            raise ValueError(f"EDSR enlarges by 2, 3 or 4, not by {scale!r}")
        self.scale = scale
        self.sub_mean = MeanShift(-1, rgb_range)
        self.add_mean = MeanShift(1, rgb_range)
        self.head = nn.Sequential(nn.Conv2D(3, num_features, 3, padding=1))
        self.body = nn.Sequential(
            *(ResidualBlock(num_features, res_scale=res_scale) for _ in range(num_blocks)),
            nn.Conv2D(num_features, num_features, 3, padding=1),
        )
        self.tail = nn.Sequential(upsampler(scale, num_features), nn.Conv2D(num_features, 3, 3, padding=1))
        init_like_pytorch(self)

    def forward(self, x):
        x = self.head(self.sub_mean(x))
        return self.add_mean(self.tail(self.body(x) + x))

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on (an upper bound)."""
        return kernel_radius(self)

    @staticmethod
    def official_state(state: Mapping[str, Any]) -> Mapping[str, Any]:
        """The entries that BasicSR, MMEditing and a port name otherwise under the authors' names; other state dicts stay.

        BasicSR and MMEditing do not have the mean colour in their state dicts. BasicSR's published weights work on 0...255 like
        the authors', those of MMEditing (`upsample_conv`) on 0...1. The port (`trunk`) has it once for both shifts.
        """
        state = from_trunk(state)
        num_blocks = count_layers(state, "body.{}.conv1.weight")
        if not num_blocks or "conv_after_body.weight" not in state:
            return state
        renamed = mean_shift_entries(1 if {"upsample.0.upsample_conv.weight", "mean"} & state.keys() else 255)
        for key, value in state.items():
            if key in ("mean", "std"):
                continue
            key = re.sub(r"^body\.(\d+)\.conv([12])\.", lambda m: f"body.{m[1]}.body.{2 * int(m[2]) - 2}.", key)
            key = re.sub(r"^upsample\.(\d)\.upsample_conv\.", lambda m: f"upsample.{2 * int(m[1])}.", key)
            for theirs, ours in (
                ("conv_first.", "head.0."),
                ("conv_after_body.", f"body.{num_blocks}."),
                ("upsample.", "tail.0."),
                ("conv_last.", "tail.1."),
            ):
                key = ours + key[len(theirs) :] if key.startswith(theirs) else key
            renamed[key] = value
        return renamed

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the EDSR that has a state dict of these shapes; None if it is no EDSR."""
        num_blocks = count_layers(shapes, "body.{}.body.2.weight")
        entries = 4 * num_blocks + (14 if "tail.0.2.weight" in shapes else 12)
        needed = ("sub_mean.weight", "head.0.weight", f"body.{num_blocks}.weight", "tail.0.0.weight", "tail.1.weight")
        if len(shapes) != entries or not all(key in shapes for key in needed):
            return None
        num_features = shapes["head.0.weight"][0]
        return {
            "scale": {4: 4 if "tail.0.2.weight" in shapes else 2, 9: 3}[shapes["tail.0.0.weight"][0] // num_features],
            "num_blocks": num_blocks,
            "num_features": num_features,
            # The entries do not tell it; the authors scale residuals only in their wide networks.
            "res_scale": 0.1 if num_features >= 256 else 1.0,
        }


register_model(
    "edsr",
    EDSR,
    scales=(2, 3, 4),
    paper=PAPER,
    summary="The paper's network: 32 blocks of 256 features, residuals scaled by 0.1.",
)
register_model(
    "edsr_baseline",
    EDSR,
    scales=(2, 3, 4),
    paper=PAPER,
    summary="The paper's baseline: 16 blocks of 64 features.",
    hyperparameters={"num_blocks": 16, "num_features": 64, "res_scale": 1.0},
)
