"""ESPCN: Wenzhe Shi, Jose Caballero, Ferenc Huszár, Johannes Totz, Andrew P. Aitken, Rob Bishop, Daniel Rueckert, Zehan Wang,
"Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network",
CVPR 2016 (arXiv:1609.05158).

Figure 1: two hidden layers, and the sub-pixel convolution that every later network up-samples with. The activation is tanh,
which the paper found better than ReLU.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from paddle import nn

from ..detection import detector
from ..network import Network
from .base import register_model

__all__ = ["ESPCN"]

PAPER = (
    "Shi, Caballero, Huszár, Totz, Aitken, Bishop, Rueckert, Wang: Real-Time Single Image and Video Super-Resolution "
    "Using an Efficient Sub-Pixel Convolutional Neural Network, CVPR 2016"
)


class ESPCN(Network):
    """Two hidden convolutions and a sub-pixel convolution.

    Input and output are NCHW float32 in [0, 1]: (N, C, H, W) -> (N, C, scale H, scale W).

    Args:
        scale: Enlargement factor.
        num_features: Channels of the two hidden layers (the paper's n1, n2).
        in_channels: Channels of the input and of the output.
    """

    def __init__(self, scale: int = 3, num_features: Sequence[int] = (64, 32), in_channels: int = 1):
        super().__init__()
        self.scale = scale
        n1, n2 = num_features
        self.first_part = nn.Sequential(
            nn.Conv2D(in_channels, n1, 5, padding=2), nn.Tanh(), nn.Conv2D(n1, n2, 3, padding=1), nn.Tanh()
        )
        self.last_part = nn.Sequential(
            nn.Conv2D(n2, in_channels * scale**2, 3, padding=1),
            nn.PixelShuffle(scale),
        )

    def forward(self, x):
        return self.last_part(self.first_part(x))

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on."""
        return 4

    @staticmethod
    def official_state(state: Mapping[str, Any]) -> Mapping[str, Any]:
        """The entries of a port whose layers are called `conv_1`, `conv_2` and `conv_3`; others stay as they are."""
        names = {"conv_1": "first_part.0", "conv_2": "first_part.2", "conv_3": "last_part.0"}
        if {key.rpartition(".")[0] for key in state} != names.keys():
            return state
        return {f"{names[key.rpartition('.')[0]]}.{key.rpartition('.')[2]}": value for key, value in state.items()}

    @staticmethod
    def official_key(key: str) -> str:
        """Our name of an entry of a port whose layers are called `feature_maps` and `sub_pixel`."""
        return re.sub("^sub_pixel\\.", "last_part.", re.sub("^feature_maps\\.", "first_part.", key))

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the ESPCN that has a state dict of these shapes; None if it is no ESPCN."""
        layers = ("first_part.0", "first_part.2", "last_part.0")
        if set(shapes) != {f"{layer}.{kind}" for layer in layers for kind in ("weight", "bias")}:
            return None
        first, second, last = (shapes[f"{layer}.weight"] for layer in layers)
        return {
            "scale": math.isqrt(last[0] // first[1]),
            "num_features": (first[0], second[0]),
            "in_channels": first[1],
        }


register_model(
    "espcn",
    ESPCN,
    scales=(2, 3, 4),
    paper=PAPER,
    summary="Layers of 64 and 32 channels, on luminance.",
    in_channels=1,
    hub_modules={3: "espcn_x3"},
)
