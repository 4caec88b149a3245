"""Justin Johnson, Alexandre Alahi, Li Fei-Fei, "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", ECCV 2016
(arXiv:1603.08155), with instance normalisation: Dmitry Ulyanov, Andrea Vedaldi, Victor Lempitsky, "Instance Normalization:
The Missing Ingredient for Fast Stylization", 2016 (arXiv:1607.08022).

One network for one style. Agrees with the network among PyTorch's examples, whose weights load: reflected borders, and
repeated pixels with a convolution in the place of the paper's transposed ones. Values inside are in 0...255, as there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn
from paddle.nn import functional as F

from ..detection import detector
from ..layers import count_layers
from ..network import Network
from ..registry import register_model
from .base import ReflectedConv, StylizationSpec, UpsampledConv

__all__ = ["FastNeuralStyle"]


class ResidualBlock(nn.Layer):
    """Two convolutions, each normalised, and the sum with the input."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv1 = ReflectedConv(channels, channels, 3)
        self.in1 = nn.InstanceNorm2D(channels)
        self.conv2 = ReflectedConv(channels, channels, 3)
        self.in2 = nn.InstanceNorm2D(channels)

    def forward(self, x):
        return x + self.in2(self.conv2(F.relu(self.in1(self.conv1(x)))))


class FastNeuralStyle(Network):
    """Images (N, 3, H, W) -> painted images as large, RGB in [0, 1] (not clipped); sides are multiples of 4.

    Args:
        num_features: Channels at the full resolution; they double with each halving.
        num_blocks: Residual blocks.
    """

    def __init__(self, num_features: int = 32, num_blocks: int = 5):
        super().__init__()
        n = num_features
        self.conv1, self.in1 = ReflectedConv(3, n, 9), nn.InstanceNorm2D(n)
        self.conv2, self.in2 = ReflectedConv(n, 2 * n, 3, stride=2), nn.InstanceNorm2D(2 * n)
        self.conv3, self.in3 = ReflectedConv(2 * n, 4 * n, 3, stride=2), nn.InstanceNorm2D(4 * n)
        self.num_blocks = num_blocks
        for number in range(1, num_blocks + 1):
            self.add_sublayer(f"res{number}", ResidualBlock(4 * n))
        self.deconv1, self.in4 = UpsampledConv(4 * n, 2 * n, 3), nn.InstanceNorm2D(2 * n)
        self.deconv2, self.in5 = UpsampledConv(2 * n, n, 3), nn.InstanceNorm2D(n)
        self.deconv3 = ReflectedConv(n, 3, 9)

    def forward(self, x):
        return self.reference_forward(x * 255.0) / 255.0

    def reference_forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """The same for values in 0...255."""
        x = F.relu(self.in1(self.conv1(x)))
        x = F.relu(self.in2(self.conv2(x)))
        x = F.relu(self.in3(self.conv3(x)))
        for number in range(1, self.num_blocks + 1):
            x = getattr(self, f"res{number}")(x)
        x = F.relu(self.in4(self.deconv1(x)))
        x = F.relu(self.in5(self.deconv2(x)))
        return self.deconv3(x)

    @staticmethod
    def official_state(state: Mapping[str, Any]) -> Mapping[str, Any]:
        """PyTorch's names; its older files have running statistics of instance normalisation, which nothing uses."""
        norm = re.compile(r"((?:res\d+\.)?in\d)\.(\w+)")
        renamed = {}
        for key, value in state.items():
            found = norm.fullmatch(key)
            if found and found[2] not in ("weight", "scale", "bias"):
                continue
            renamed[f"{found[1]}.scale" if found and found[2] == "weight" else key] = value
        return renamed

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the network that has a state dict of these shapes; None if it is another one."""
        first = shapes.get("conv1.conv2d.weight")
        if not first or "deconv3.conv2d.weight" not in shapes or "in5.scale" not in shapes:
            return None
        return {"num_features": first[0], "num_blocks": count_layers(shapes, "res{}.conv1.conv2d.weight", start=1)}


register_model(
    "fast_neural_style",
    FastNeuralStyle,
    paper="Johnson, Alahi, Fei-Fei: Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016",
    summary="Paints in the one style of its weights.",
    spec=StylizationSpec,
)
