"""MemNet: Ying Tai, Jian Yang, Xiaoming Liu, Chunyan Xu,
"MemNet: A Persistent Memory Network for Image Restoration", ICCV 2017 (arXiv:1708.02209).

Memory blocks whose residual unit is applied recursively: a gate unit, a 1x1 convolution, fuses the outputs
of the recursions (short-term memory) with those of the earlier blocks (long-term memory). Every block gives a prediction, and
their weighted sum is the result (section 3.3). It agrees with the authors' Caffe network for training: normalisation and ReLU
come before each convolution; the convolutions of the residual unit are shared between recursions and the last one between
blocks, the normalisations never; the long-term memories come first in the gate. The paper's 677K parameters are the weights of
the convolutions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from ..layers import store
from ..network import Network
from .base import register_model

__all__ = ["MemNet"]

PAPER = "Tai, Yang, Liu, Xu: MemNet: A Persistent Memory Network for Image Restoration, ICCV 2017"


class MemoryBlock(nn.Layer):
    """Recursive unit and gate unit, and what makes a prediction of the gate's output."""

    def __init__(self, num_features: int, num_recursions: int, num_memories: int, weight: float):
        super().__init__()
        fused = num_features * (num_memories + num_recursions)
        self.weight_output = self.create_parameter([1], default_initializer=nn.initializer.Constant(weight))
        self.conv_a = nn.Conv2D(num_features, num_features, 3, padding=1)
        self.conv_b = nn.Conv2D(num_features, num_features, 3, padding=1)
        self.bn_a = nn.LayerList([nn.BatchNorm2D(num_features) for _ in range(num_recursions)])
        self.bn_b = nn.LayerList([nn.BatchNorm2D(num_features) for _ in range(num_recursions)])
        self.bn_transition = nn.BatchNorm2D(fused)
        self.conv_transition = nn.Conv2D(fused, num_features, 1)
        self.bn_end = nn.BatchNorm2D(num_features)
        self.relu = nn.ReLU()

    def forward(self, long_term):
        features, short_term = long_term[-1], []
        for bn_a, bn_b in zip(self.bn_a, self.bn_b):
            inner = self.conv_a(self.relu(bn_a(features)))
            features = features + self.conv_b(self.relu(bn_b(inner)))
            short_term.append(features)
        memories = paddle.concat([*long_term, *short_term], axis=1)
        return self.conv_transition(self.relu(self.bn_transition(memories)))


class MemNet(Network):
    """Memory blocks, densely connected, on the (enlarged) input.

    Input and output are NCHW float32 in [0, 1] of the same size.

    Args:
        scale: By what the input was enlarged, 1 for denoising; the network is the same for all.
        num_blocks: Memory blocks (the paper's M).
        num_recursions: Recursions of the residual unit in each (R).
        num_features: Channels between the convolutions.
        in_channels: Channels of the input and of the output.
    """

    def __init__(
        self,
        scale: int = 2,
        num_blocks: int = 6,
        num_recursions: int = 6,
        num_features: int = 64,
        in_channels: int = 1,
    ):
        super().__init__()
        self.scale = scale
        store(self, scale=scale)
        self.bn_conv1 = nn.BatchNorm2D(in_channels)
        self.conv1 = nn.Conv2D(in_channels, num_features, 3, padding=1)
        self.blocks = nn.LayerList(
            [MemoryBlock(num_features, num_recursions, m + 1, 1 / num_blocks) for m in range(num_blocks)]
        )
        self.Recon = nn.Conv2D(num_features, in_channels, 3, padding=1)
        self.relu = nn.ReLU()

    def all_outputs(self, x) -> list[paddle.Tensor]:
        """The result, and the prediction of each block; in training the paper supervises all of them."""
        memories = [self.conv1(self.relu(self.bn_conv1(x)))]
        predictions = []
        for block in self.blocks:
            memories.append(block(memories))
            predictions.append(x + self.Recon(self.relu(block.bn_end(memories[-1]))))
        result = paddle.add_n([block.weight_output * y for block, y in zip(self.blocks, predictions)])
        return [result, *predictions]

    def forward(self, x):
        return self.all_outputs(x)[0]

    @property
    def receptive_radius(self) -> int:
        """How many pixels of the (enlarged) input around its own place an output pixel depends on."""
        return 2 * sum(len(block.bn_a) for block in self.blocks) + 2

    @staticmethod
    def official_key(key: str) -> str:
        """The authors' Caffe files number the shared convolutions of a block; there is one of each."""
        return re.sub(r"\.(conv_[ab])\.0\.", r".\1.", key)

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the MemNet that has a state dict of these shapes, at any scale; None if it is no MemNet."""
        needed = ("conv1.weight", "blocks.0.weight_output", "blocks.0.conv_a.weight", "Recon.weight")
        if not all(key in shapes for key in needed):
            return None
        num_features, in_channels = shapes["conv1.weight"][:2]
        return {
            "num_blocks": sum(key.endswith(".weight_output") for key in shapes),
            "num_recursions": sum(re.fullmatch(r"blocks\.0\.bn_a\.\d+\.weight", key) is not None for key in shapes),
            "num_features": num_features,
            "in_channels": in_channels,
        }


register_model(
    "memnet_m6r6",
    MemNet,
    scales=(2, 3, 4),
    alias="memnet",
    paper=PAPER,
    summary="The 80-layer network: 6 memory blocks of 6 recursions, on luminance.",
    in_channels=1,
    enlarged_input=True,
    reference="memnet_m6r6",
)
register_model(
    "memnet_m6r6_gray",
    MemNet,
    task="denoising",
    alias="memnet_gray",
    paper=PAPER,
    summary="The 80-layer network: 6 memory blocks of 6 recursions, for grey pictures.",
    hyperparameters={"scale": 1},
    in_channels=1,
    reference="memnet_m6r6",
)
