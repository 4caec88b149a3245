"""CNF: Haoyu Ren, Mostafa El-Khamy, Jungwon Lee,
"Image Super Resolution Based on Fusing Multiple Convolution Neural Networks", CVPR Workshops 2017.

Context-wise network fusion: several networks enlarge the same picture, and a 3x3 convolution of each of their outputs is
added up to the result. The networks are deep SRCNNs: the 9x9, 5x5 and 5x5 convolutions of SRCNN with 3x3 convolutions of
32 channels before the last one. They are trained one by one first, then all together with the fusion.

There is no public code; the paper's parameter count is the check. It gives 448,059 for networks of 11, 13 and 15 layers, which
is the number of weights here, biases left out. The 337 K that later papers quote are those of 7, 9 and 11 layers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from ..layers import init_like_pytorch, store
from ..network import Network
from .base import register_model

__all__ = ["CNF"]

PAPER = "Ren, El-Khamy, Lee: Image Super Resolution Based on Fusing Multiple Convolution Neural Networks, CVPR Workshops 2017"


def deep_srcnn(num_layers: int, in_channels: int) -> nn.Sequential:
    """SRCNN 9-5-5 with `num_layers` - 3 convolutions of 3x3 between its last two."""
    layers = [nn.Conv2D(in_channels, 64, 9, padding=4), nn.ReLU(), nn.Conv2D(64, 32, 5, padding=2), nn.ReLU()]
    for _ in range(num_layers - 3):
        layers += [nn.Conv2D(32, 32, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2D(32, in_channels, 5, padding=2))


class CNF(Network):
    """Context-wise fusion of deep SRCNNs.

    Input and output are NCHW float32 in [0, 1], luminance, the input enlarged by bicubic interpolation:
    (N, 1, H, W) -> (N, 1, H, W).

    Args:
        scale: By what the input was enlarged; the network is the same for all.
        num_layers: Convolutions of each of the networks that are fused.
        in_channels: Channels of the input and of the output.

    Raises:
        ValueError: A network of fewer than three layers.
    """

    def __init__(self, scale: int = 3, num_layers: Sequence[int] = (11, 13, 15), in_channels: int = 1):
        super().__init__()
        if not num_layers or min(num_layers) < 3:
            raise ValueError(f"the networks that CNF fuses have three layers or more, not {num_layers!r}")
        self.scale = scale
        store(self, scale=scale)
        self.networks = nn.LayerList([deep_srcnn(number, in_channels) for number in num_layers])
        # The sum of one convolution for each network is one convolution of all outputs.
        self.fusion = nn.Conv2D(len(num_layers) * in_channels, in_channels, 3, padding=1)
        init_like_pytorch(self)
        keep_variance = nn.initializer.KaimingNormal()  # plain and deep: with PyTorch's default little would come out
        for layer in self.networks.sublayers():
            if isinstance(layer, nn.Conv2D):
                keep_variance(layer.weight)

    def forward(self, x):
        return self.fusion(paddle.concat([network(x) for network in self.networks], axis=1))

    @property
    def receptive_radius(self) -> int:
        """How many pixels of the enlarged input around its own place an output pixel depends on."""
        deepest = max(len(network) // 2 + 1 for network in self.networks)
        return 4 + 2 + (deepest - 3) + 2 + 1

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the CNF that has a state dict of these shapes, at any scale; None if it is no CNF."""
        if not all(key in shapes for key in ("networks.0.0.weight", "networks.0.2.weight", "fusion.weight")):
            return None
        in_channels, fused = shapes["fusion.weight"][:2]
        num_layers = [
            sum(key.startswith(f"networks.{number}.") and key.endswith(".weight") for key in shapes)
            for number in range(fused // in_channels)
        ]
        return {"num_layers": tuple(num_layers), "in_channels": in_channels}


register_model(
    "cnf",
    CNF,
    scales=(2, 3, 4),
    paper=PAPER,
    summary="The paper's largest fusion: networks of 11, 13 and 15 layers.",
    in_channels=1,
    enlarged_input=True,
    reference=None,
)
