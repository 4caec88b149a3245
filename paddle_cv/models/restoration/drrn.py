"""DRRN: Ying Tai, Jian Yang, Xiaoming Liu,
"Image Super-Resolution via Deep Recursive Residual Network", CVPR 2017.

One recursive block, as in the paper's results: residual units that share their two convolutions, each adding to the
output of the block's first convolution, and the enlarged input added at the end. It agrees with the authors' Caffe network:
normalisation and ReLU come before each convolution, and only the convolutions are shared, not the normalisations. The
paper's 297K parameters are the weights of the convolutions. `PlainDRRN` is the usual PyTorch port, which has nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from paddle import nn

from ..detection import detector
from ..layers import init_like_pytorch, store
from ..network import Network
from .base import register_model

__all__ = ["DRRN", "PlainDRRN"]

PAPER = "Tai, Yang, Liu: Image Super-Resolution via Deep Recursive Residual Network, CVPR 2017"


class DRRN(Network):
    """One recursive block of residual units on the enlarged input.

    Input and output are NCHW float32 in [0, 1] of the same size.

    Args:
        scale: By what the input was enlarged; the network is the same for all.
        num_units: Residual units (the paper's U).
        num_features: Channels between the convolutions.
        in_channels: Channels of the input and of the output.
    """

    def __init__(self, scale: int = 2, num_units: int = 25, num_features: int = 128, in_channels: int = 1):
        super().__init__()
        self.scale = scale
        store(self, scale=scale)
        self.bn_conv1 = nn.BatchNorm2D(in_channels)
        self.conv1 = nn.Conv2D(in_channels, num_features, 3, padding=1)
        self.RB1_a = nn.Conv2D(num_features, num_features, 3, padding=1)
        self.RB1_b = nn.Conv2D(num_features, num_features, 3, padding=1)
        self.bn_a = nn.LayerList([nn.BatchNorm2D(num_features) for _ in range(num_units)])
        self.bn_b = nn.LayerList([nn.BatchNorm2D(num_features) for _ in range(num_units)])
        self.bn_conv_end = nn.BatchNorm2D(num_features)
        self.conv_end = nn.Conv2D(num_features, in_channels, 3, padding=1)
        self.relu = nn.ReLU()

    def forward(self, x):
        first = features = self.conv1(self.relu(self.bn_conv1(x)))
        for bn_a, bn_b in zip(self.bn_a, self.bn_b):
            inner = self.RB1_a(self.relu(bn_a(features)))
            features = first + self.RB1_b(self.relu(bn_b(inner)))
        return x + self.conv_end(self.relu(self.bn_conv_end(features)))

    @property
    def receptive_radius(self) -> int:
        """How many pixels of the enlarged input around its own place an output pixel depends on."""
        return 2 * len(self.bn_a) + 2

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the DRRN that has a state dict of these shapes, at any scale; None if it is no DRRN."""
        needed = ("bn_conv1.weight", "conv1.weight", "RB1_a.weight", "RB1_b.weight", "bn_a.0.weight", "conv_end.weight")
        if not all(key in shapes for key in needed):
            return None
        num_features, in_channels = shapes["conv1.weight"][:2]
        return {
            "num_units": sum(key.startswith("bn_a.") and key.endswith(".weight") for key in shapes),
            "num_features": num_features,
            "in_channels": in_channels,
        }


class PlainDRRN(Network):
    """DRRN without batch normalisation and biases.

    Input and output are NCHW float32 in [0, 1] of the same size.

    Args:
        scale: By what the input was enlarged; the network is the same for all.
        num_units: Residual units (the paper's U).
        num_features: Channels between the convolutions.
        in_channels: Channels of the input and of the output.
    """

    def __init__(self, scale: int = 2, num_units: int = 25, num_features: int = 128, in_channels: int = 1):
        super().__init__()
        self.scale = scale
        store(self, scale=scale)
        self.num_units = num_units
        self.input = nn.Conv2D(in_channels, num_features, 3, padding=1, bias_attr=False)
        self.conv1 = nn.Conv2D(num_features, num_features, 3, padding=1, bias_attr=False)
        self.conv2 = nn.Conv2D(num_features, num_features, 3, padding=1, bias_attr=False)
        self.output = nn.Conv2D(num_features, in_channels, 3, padding=1, bias_attr=False)
        self.relu = nn.ReLU()
        # Without normalisation the many passes through the same two convolutions must not let the features grow.
        init_like_pytorch(self)

    def forward(self, x):
        first = features = self.input(self.relu(x))
        for _ in range(self.num_units):
            features = first + self.conv2(self.relu(self.conv1(self.relu(features))))
        return x + self.output(self.relu(features))

    @property
    def receptive_radius(self) -> int:
        """How many pixels of the enlarged input around its own place an output pixel depends on."""
        return 2 * self.num_units + 2

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the network that has a state dict of these shapes; None if it is another.

        The entries do not tell the number of units, as all share them: it is taken as the paper's 25.
        """
        if set(shapes) != {f"{layer}.weight" for layer in ("input", "conv1", "conv2", "output")}:
            return None
        num_features, in_channels = shapes["input.weight"][:2]
        return {"num_units": 25, "num_features": num_features, "in_channels": in_channels}


for _units in (9, 25):
    register_model(
        f"drrn_b1u{_units}",
        DRRN,
        scales=(2, 3, 4),
        alias="drrn" if _units == 25 else None,
        paper=PAPER,
        summary=f"One recursive block of {_units} residual units, on luminance.",
        hyperparameters={"num_units": _units},
        in_channels=1,
        enlarged_input=True,
        reference=f"drrn_b1u{_units}",
    )
register_model(
    "drrn_plain",
    PlainDRRN,
    scales=(2, 3, 4),
    paper=PAPER,
    summary="The form of the usual PyTorch port: 25 residual units, no batch normalisation and no biases, on luminance.",
    in_channels=1,
    enlarged_input=True,
    reference="drrn_pytorch",
)
