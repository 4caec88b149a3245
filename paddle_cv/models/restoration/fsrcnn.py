"""FSRCNN: Chao Dong, Chen Change Loy, Xiaoou Tang,
"Accelerating the Super-Resolution Convolutional Neural Network", ECCV 2016 (arXiv:1608.00367).

Five parts (paper, section 3.2): feature extraction, shrinking, mapping, expanding, deconvolution. The authors' Caffe network
gives (n - 1) s + 1 pixels for n, and their MATLAB code crops; here the deconvolution is padded so that s n come out, as in
the usual PyTorch implementations. The paper's count of 12,464 parameters is without biases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from paddle import nn

from ..detection import detector
from ..layers import store
from ..network import Network
from .base import register_model

__all__ = ["FSRCNN"]

PAPER = "Dong, Loy, Tang: Accelerating the Super-Resolution Convolutional Neural Network, ECCV 2016"


def conv_prelu(in_channels: int, out_channels: int, kernel_size: int) -> list[nn.Layer]:
    return [nn.Conv2D(in_channels, out_channels, kernel_size, padding=kernel_size // 2), nn.PReLU(out_channels)]


class FSRCNN(Network):
    """Hourglass of convolutions at low resolution, and one deconvolution.

    Input and output are NCHW float32 in [0, 1]: (N, C, H, W) -> (N, C, scale H, scale W).

    Args:
        scale: Enlargement factor.
        num_features: Channels of the low-resolution features (the paper's d).
        num_shrunk: Channels of the mapping layers (s).
        num_layers: Mapping layers (m).
        in_channels: Channels of the input and of the output.
    """

    def __init__(
        self,
        scale: int = 2,
        num_features: int = 56,
        num_shrunk: int = 12,
        num_layers: int = 4,
        in_channels: int = 1,
    ):
        super().__init__()
        self.scale = scale
        store(self, scale=scale)
        self.first_part = nn.Sequential(*conv_prelu(in_channels, num_features, 5))
        layers = conv_prelu(num_features, num_shrunk, 1)
        for _ in range(num_layers):
            layers += conv_prelu(num_shrunk, num_shrunk, 3)
        self.mid_part = nn.Sequential(*layers, *conv_prelu(num_shrunk, num_features, 1))
        self.last_part = nn.Conv2DTranspose(
            num_features,
            in_channels,
            9,
            stride=scale,
            padding=4,
            output_padding=scale - 1,
            # As in the paper: the deconvolution starts at a picture that is nearly black.
            weight_attr=nn.initializer.Normal(std=0.001),
        )

    def forward(self, x):
        return self.last_part(self.mid_part(self.first_part(x)))

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on."""
        convs = [layer for layer in [*self.first_part, *self.mid_part] if isinstance(layer, nn.Conv2D)]
        return sum(conv.weight.shape[2] // 2 for conv in convs) + 4 // self.scale + 1

    @staticmethod
    def official_state(state: Mapping[str, Any]) -> Mapping[str, Any]:
        """The entries of a port that has `shrink`, `map` and `expand` for `mid_part`; other state dicts stay as they are."""
        if "feature_extraction.0.weight" not in state:
            return state
        mapping = sum(key.startswith("map.") and key.endswith(".bias") for key in state)
        first = {"shrink": 0, "map": 2, "expand": 2 + 2 * mapping}
        renamed = {}
        for key, value in state.items():
            part, _, rest = key.partition(".")
            if part in first:
                number, _, kind = rest.partition(".")
                key = f"mid_part.{first[part] + int(number)}.{kind}"
            key = key.replace("feature_extraction.", "first_part.").replace("deconv.", "last_part.")
            renamed[key] = value
        return renamed

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the FSRCNN that has a state dict of these shapes, at any scale; None if it is no FSRCNN."""
        needed = ("first_part.0.weight", "mid_part.0.weight", "last_part.weight", "last_part.bias")
        if not all(key in shapes for key in needed) or (len(shapes) - 5) % 3:
            return None
        num_features, in_channels = shapes["first_part.0.weight"][:2]
        return {
            "num_features": num_features,
            "num_shrunk": shapes["mid_part.0.weight"][0],
            "num_layers": sum(key.startswith("mid_part.") for key in shapes) // 3 - 2,
            "in_channels": in_channels,
        }


register_model(
    "fsrcnn",
    FSRCNN,
    scales=(2, 3, 4),
    paper=PAPER,
    summary="FSRCNN(56, 12, 4), on luminance.",
    in_channels=1,
    hub_modules={2: "fsrcnn_x2", 3: "fsrcnn_x3", 4: "fsrcnn_x4"},
)
