"""DRCN: Jiwon Kim, Jung Kwon Lee, Kyoung Mu Lee,
"Deeply-Recursive Convolutional Network for Image Super-Resolution", CVPR 2016 (arXiv:1511.04491).

Figure 3: an embedding net, an inference net that is one convolution applied again and again, and a reconstruction net that
makes a picture of each recursion; the pictures' weighted sum is the result. The authors' code is not public; this is what
the paper's equations say, and parameters (1,775,121) and operations agree with the published tables. The ReLU that the
equations have behind the last convolution is left out, as in every known implementation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from ..layers import store
from ..network import Network
from .base import register_model

__all__ = ["DRCN"]

PAPER = "Kim, Lee, Lee: Deeply-Recursive Convolutional Network for Image Super-Resolution, CVPR 2016"


class DRCN(Network):
    """Recursive convolution on the enlarged input, with a prediction from each recursion.

    Input and output are NCHW float32 in [0, 1] of the same size.

    Args:
        scale: By what the input was enlarged; the network is the same for all.
        num_recursions: How often the shared convolution is applied (the paper's D).
        num_features: Channels of all hidden layers.
        in_channels: Channels of the input and of the output.
    """

    def __init__(self, scale: int = 2, num_recursions: int = 16, num_features: int = 256, in_channels: int = 1):
        super().__init__()
        self.scale = scale
        store(self, scale=scale)
        self.num_recursions = num_recursions
        self.weights = self.create_parameter(
            [num_recursions], default_initializer=nn.initializer.Constant(1 / num_recursions)
        )
        self.embed1 = nn.Conv2D(in_channels, num_features, 3, padding=1)
        self.embed2 = nn.Conv2D(num_features, num_features, 3, padding=1)
        # As in the paper, the recursion starts as the identity.
        self.infer = nn.Conv2D(num_features, num_features, 3, padding=1, weight_attr=nn.initializer.Dirac())
        self.recon1 = nn.Conv2D(num_features, num_features, 3, padding=1)
        self.recon2 = nn.Conv2D(num_features, in_channels, 3, padding=1)
        self.relu = nn.ReLU()

    def all_outputs(self, x) -> list[paddle.Tensor]:
        """The result, and the prediction from each recursion; in training the paper supervises all of them."""
        features = self.relu(self.embed2(self.relu(self.embed1(x))))
        predictions = []
        for _ in range(self.num_recursions):
            features = self.relu(self.infer(features))
            predictions.append(x + self.recon2(self.relu(self.recon1(features))))
        result = paddle.add_n([self.weights[d] * predictions[d] for d in range(self.num_recursions)])
        return [result, *predictions]

    def forward(self, x):
        return self.all_outputs(x)[0]

    @property
    def receptive_radius(self) -> int:
        """How many pixels of the enlarged input around its own place an output pixel depends on."""
        return self.num_recursions + 4

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the DRCN that has a state dict of these shapes, at any scale; None if it is no DRCN."""
        layers = ("embed1", "embed2", "infer", "recon1", "recon2")
        if set(shapes) != {"weights", *(f"{layer}.{kind}" for layer in layers for kind in ("weight", "bias"))}:
            return None
        num_features, in_channels = shapes["embed1.weight"][:2]
        return {
            "num_recursions": shapes["weights"][0],
            "num_features": num_features,
            "in_channels": in_channels,
        }


register_model(
    "drcn",
    DRCN,
    scales=(2, 3, 4),
    paper=PAPER,
    summary="16 recursions of 256 channels, on luminance.",
    in_channels=1,
    enlarged_input=True,
    reference="drcn",
)
