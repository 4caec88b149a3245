"""RDN: Yulun Zhang, Yapeng Tian, Yu Kong, Bineng Zhong, Yun Fu,
"Residual Dense Network for Image Super-Resolution", CVPR 2018 (arXiv:1802.08797).

The names of the sublayers are those of the paper's Figure 2: shallow feature extraction (SFENet), residual dense blocks
(RDBs) with local feature fusion (LFF), global feature fusion (GFF) and the up-sampling net (UPNet).

As in the PyTorch implementation that most published checkpoints come from, the up-sampling net is as wide as the growth
rate G, not as G0; the two differ in configuration A only. The light configuration is this project's: few and narrow
blocks, and an up-sampling net without any work at the high resolution. It is one convolution whose output is laid out by
a pixel shuffle and added to the enlarged input (nearest neighbour), so that the network learns the difference only.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from ..layers import Fusion, init_like_pytorch, repeat_channels
from ..network import Network
from .base import register_model

__all__ = ["RDN"]

PAPER = "Zhang, Tian, Kong, Zhong, Fu: Residual Dense Network for Image Super-Resolution, CVPR 2018"


class DenseLayer(nn.Layer):
    """Convolution + ReLU whose output is appended to its input: `in_channels` -> `in_channels + growth_rate`."""

    def __init__(self, in_channels: int, growth_rate: int):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2D(in_channels, growth_rate, 3, padding=1), nn.ReLU())

    def forward(self, x):
        return paddle.concat([x, self.conv(x)], axis=1)


class ResidualDenseBlock(nn.Layer):
    """Densely connected layers, local feature fusion and local residual learning (paper, section 3.2)."""

    def __init__(self, num_features: int, growth_rate: int, num_layers: int):
        super().__init__()
        self.convs = nn.Sequential(
            *(DenseLayer(num_features + i * growth_rate, growth_rate) for i in range(num_layers))
        )
        self.LFF = nn.Conv2D(num_features + num_layers * growth_rate, num_features, 1)

    def forward(self, x):
        return self.LFF(self.convs(x)) + x


def upsampling_net(scale: int, num_features: int, growth_rate: int, out_channels: int) -> nn.Sequential:
    """Sub-pixel convolutions (one for x2 and x3, two for x4) and the output convolution."""
    layers, channels = [], num_features
    for factor in (2, 2) if scale == 4 else (scale,):
        layers += [nn.Conv2D(channels, growth_rate * factor**2, 3, padding=1), nn.PixelShuffle(factor)]
        channels = growth_rate
    return nn.Sequential(*layers, nn.Conv2D(channels, out_channels, 3, padding=1))


class DirectUpsampling(nn.Layer):
    """Up-sampling net of the light configuration: the enlarged input plus what one sub-pixel convolution adds to it."""

    def __init__(self, scale: int, num_features: int, out_channels: int):
        super().__init__()
        self.repeats = scale**2
        self.conv = nn.Conv2D(num_features, out_channels * self.repeats, 3, padding=1)
        self.shuffle = nn.PixelShuffle(scale)

    def forward(self, features, x):
        return self.shuffle(self.conv(features) + repeat_channels(x, self.repeats))


class RDN(Network):
    """Residual dense network.

    Input and output are NCHW float32 in [0, 1], RGB unless `in_channels` is 1: (N, C, H, W) -> (N, C, scale H, scale W).

    Args:
        scale: Enlargement factor: 2, 3 or 4.
        num_blocks: Residual dense blocks (the paper's D).
        num_layers: Convolutions in each block (C).
        growth_rate: Channels that each of them adds (G).
        num_features: Channels between the blocks (G0).
        in_channels: Channels of the input and of the output.
        direct: Up-sample by one convolution and one pixel shuffle onto the enlarged input (see the module's docstring)
            instead of the paper's up-sampling net.

    Raises:
        ValueError: `scale` is none of 2, 3, 4.
    """

    def __init__(
        self,
        scale: int = 4,
        num_blocks: int = 16,
        num_layers: int = 8,
        growth_rate: int = 64,
        num_features: int = 64,
        in_channels: int = 3,
        direct: bool = False,
    ):
        super().__init__()
        if scale not in (2, 3, 4):
            raise ValueError(f"RDN enlarges by 2, 3 or 4, not by {scale!r}")
        self.scale = scale
        self.direct = direct
        self.SFENet1 = nn.Conv2D(in_channels, num_features, 3, padding=1)
        self.SFENet2 = nn.Conv2D(num_features, num_features, 3, padding=1)
        self.RDBs = nn.LayerList([ResidualDenseBlock(num_features, growth_rate, num_layers) for _ in range(num_blocks)])
        self.GFF = Fusion(
            "concat",
            nn.Conv2D(num_blocks * num_features, num_features, 1),
            nn.Conv2D(num_features, num_features, 3, padding=1),
        )
        if direct:
            self.UPNet = DirectUpsampling(scale, num_features, in_channels)
        else:
            self.UPNet = upsampling_net(scale, num_features, growth_rate, in_channels)
        init_like_pytorch(self)

    def forward(self, x):
        shallow = self.SFENet1(x)
        features = self.SFENet2(shallow)
        outputs = []
        for block in self.RDBs:
            features = block(features)
            outputs.append(features)
        features = self.GFF(outputs) + shallow
        return self.UPNet(features, x) if self.direct else self.UPNet(features)

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on."""
        return sum(isinstance(m, nn.Conv2D) and m.weight.shape[2] == 3 for m in self.sublayers())

    @staticmethod
    def official_state(state: Mapping[str, Any]) -> Mapping[str, Any]:
        """The entries of a widespread port, in MMEditing too (`sfe1`, `rdbs` ...), under our names; other state dicts stay."""
        if "sfe1.weight" not in state:
            return state
        last = 2 * sum(key.startswith("upscale.") and key.endswith(".weight") for key in state)
        patterns = {
            r"^sfe(\d)\.": r"SFENet\1.",
            r"^rdbs\.(\d+)\.layers\.(\d+)\.conv\.": r"RDBs.\1.convs.\2.conv.0.",
            r"^rdbs\.(\d+)\.lff\.": r"RDBs.\1.LFF.",
            r"^gff\.": "GFF.",
            r"^upscale\.": "UPNet.",
            r"^output\.": f"UPNet.{last}.",
        }
        renamed = {}
        for key, value in state.items():
            for theirs, ours in patterns.items():
                key = re.sub(theirs, ours, key)
            renamed[key] = value
        return renamed

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the RDN that has a state dict of these shapes; None if it is no RDN."""
        needed = ("SFENet1.weight", "RDBs.0.convs.0.conv.0.weight", "RDBs.0.LFF.weight", "GFF.0.weight")
        direct = "UPNet.conv.weight" in shapes
        if not all(key in shapes for key in needed) or not (direct or "UPNet.0.weight" in shapes):
            return None
        num_features, in_channels = shapes["SFENet1.weight"][:2]
        growth_rate = shapes["RDBs.0.convs.0.conv.0.weight"][0]
        if "UPNet.4.weight" in shapes:
            scale = 4
        elif direct:
            scale = math.isqrt(shapes["UPNet.conv.weight"][0] // in_channels)
        else:
            scale = math.isqrt(shapes["UPNet.0.weight"][0] // growth_rate)
        return {
            "scale": scale,
            "num_blocks": shapes["GFF.0.weight"][1] // num_features,
            "num_layers": (shapes["RDBs.0.LFF.weight"][1] - num_features) // growth_rate,
            "growth_rate": growth_rate,
            "num_features": num_features,
            "in_channels": in_channels,
            "direct": direct,
        }


register_model(
    "rdn_a",
    RDN,
    scales=(2, 3, 4),
    paper=PAPER,
    summary="The paper's smaller network: 20 blocks of 6 layers, growth rate 32.",
    hyperparameters={"num_blocks": 20, "num_layers": 6, "growth_rate": 32},
)
register_model(
    "rdn_b",
    RDN,
    scales=(2, 3, 4),
    paper=PAPER,
    summary="The network of the paper's result tables: 16 blocks of 8 layers, growth rate 64.",
    hyperparameters={"num_blocks": 16, "num_layers": 8, "growth_rate": 64},
)
register_model(
    "rdn_lite",
    RDN,
    scales=(2, 3, 4),
    alias="rdn",
    paper=PAPER,
    summary="Light configuration for CPUs, this project's: 6 blocks of 3 layers, growth rate 32, direct up-sampling.",
    hyperparameters={"num_blocks": 6, "num_layers": 3, "growth_rate": 32, "num_features": 48, "direct": True},
    hub_modules={2: "rdn_x2", 3: "rdn_x3", 4: "rdn_x4"},
    reference=None,
)
