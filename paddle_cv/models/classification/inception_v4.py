"""Inception-v4: Christian Szegedy, Sergey Ioffe, Vincent Vanhoucke, Alexander A. Alemi, "Inception-v4, Inception-ResNet and the
Impact of Residual Connections on Learning", AAAI 2017 (arXiv:1602.07261).

The modules are those of the paper's figures 3 to 9, with the names of timm's network, with which it agrees.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from ..layers import ConvNorm
from .base import IMAGENET_299, Classifier, register_model

__all__ = ["InceptionV4"]

PAPER = (
    "Szegedy, Ioffe, Vanhoucke, Alemi: "
    "Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning, AAAI 2017"
)


class Branches(nn.Layer):
    """The outputs of several layers, `branch0`, `branch1`, ..., one above the other."""

    def __init__(self, *branches: nn.Layer):
        super().__init__()
        self.count = len(branches)
        for number, branch in enumerate(branches):
            setattr(self, f"branch{number}", branch)

    def forward(self, x):
        return paddle.concat([getattr(self, f"branch{number}")(x) for number in range(self.count)], axis=1)


class PoolAndConv(nn.Layer):
    """Halves the size by max pooling and by a convolution side by side (parts of the stem, figure 3)."""

    def __init__(self, in_channels: int, out_channels: int, conv_first: bool):
        super().__init__()
        self.conv_first = conv_first
        self.maxpool = nn.MaxPool2D(3, 2)
        self.conv = ConvNorm(in_channels, out_channels, 3, stride=2)

    def forward(self, x):
        outputs = [self.maxpool(x), self.conv(x)]
        return paddle.concat(outputs[::-1] if self.conv_first else outputs, axis=1)


def stem_branches() -> Branches:
    """160 -> 192 channels, two pixels less a side (the middle of figure 3)."""
    return Branches(
        nn.Sequential(ConvNorm(160, 64, 1), ConvNorm(64, 96, 3)),
        nn.Sequential(
            ConvNorm(160, 64, 1),
            ConvNorm(64, 64, (1, 7), padding=(0, 3)),
            ConvNorm(64, 64, (7, 1), padding=(3, 0)),
            ConvNorm(64, 96, 3),
        ),
    )


def inception_a() -> Branches:
    """384 -> 384 channels (figure 4)."""
    return Branches(
        ConvNorm(384, 96, 1),
        nn.Sequential(ConvNorm(384, 64, 1), ConvNorm(64, 96, 3, padding=1)),
        nn.Sequential(ConvNorm(384, 64, 1), ConvNorm(64, 96, 3, padding=1), ConvNorm(96, 96, 3, padding=1)),
        nn.Sequential(nn.AvgPool2D(3, 1, padding=1), ConvNorm(384, 96, 1)),
    )


def reduction_a() -> Branches:
    """384 -> 1024 channels at half the size (figure 7)."""
    return Branches(
        ConvNorm(384, 384, 3, stride=2),
        nn.Sequential(ConvNorm(384, 192, 1), ConvNorm(192, 224, 3, padding=1), ConvNorm(224, 256, 3, stride=2)),
        nn.MaxPool2D(3, 2),
    )


def inception_b() -> Branches:
    """1024 -> 1024 channels (figure 5)."""
    return Branches(
        ConvNorm(1024, 384, 1),
        nn.Sequential(
            ConvNorm(1024, 192, 1),
            ConvNorm(192, 224, (1, 7), padding=(0, 3)),
            ConvNorm(224, 256, (7, 1), padding=(3, 0)),
        ),
        nn.Sequential(
            ConvNorm(1024, 192, 1),
            ConvNorm(192, 192, (7, 1), padding=(3, 0)),
            ConvNorm(192, 224, (1, 7), padding=(0, 3)),
            ConvNorm(224, 224, (7, 1), padding=(3, 0)),
            ConvNorm(224, 256, (1, 7), padding=(0, 3)),
        ),
        nn.Sequential(nn.AvgPool2D(3, 1, padding=1), ConvNorm(1024, 128, 1)),
    )


def reduction_b() -> Branches:
    """1024 -> 1536 channels at half the size (figure 8)."""
    return Branches(
        nn.Sequential(ConvNorm(1024, 192, 1), ConvNorm(192, 192, 3, stride=2)),
        nn.Sequential(
            ConvNorm(1024, 256, 1),
            ConvNorm(256, 256, (1, 7), padding=(0, 3)),
            ConvNorm(256, 320, (7, 1), padding=(3, 0)),
            ConvNorm(320, 320, 3, stride=2),
        ),
        nn.MaxPool2D(3, 2),
    )


class InceptionC(nn.Layer):
    """1536 -> 1536 channels; two branches end in a 1x3 and a 3x1 convolution side by side (figure 6)."""

    def __init__(self):
        super().__init__()
        self.branch0 = ConvNorm(1536, 256, 1)
        self.branch1_0 = ConvNorm(1536, 384, 1)
        self.branch1_1a = ConvNorm(384, 256, (1, 3), padding=(0, 1))
        self.branch1_1b = ConvNorm(384, 256, (3, 1), padding=(1, 0))
        self.branch2_0 = ConvNorm(1536, 384, 1)
        self.branch2_1 = ConvNorm(384, 448, (3, 1), padding=(1, 0))
        self.branch2_2 = ConvNorm(448, 512, (1, 3), padding=(0, 1))
        self.branch2_3a = ConvNorm(512, 256, (1, 3), padding=(0, 1))
        self.branch2_3b = ConvNorm(512, 256, (3, 1), padding=(1, 0))
        self.branch3 = nn.Sequential(nn.AvgPool2D(3, 1, padding=1), ConvNorm(1536, 256, 1))

    def forward(self, x):
        short = self.branch1_0(x)
        long = self.branch2_2(self.branch2_1(self.branch2_0(x)))
        branches = [
            self.branch0(x),
            self.branch1_1a(short),
            self.branch1_1b(short),
            self.branch2_3a(long),
            self.branch2_3b(long),
            self.branch3(x),
        ]
        return paddle.concat(branches, axis=1)


class InceptionV4(Classifier):
    """Four modules A, seven modules B and three modules C with reductions between: (N, 3, H, W) -> (N, num_classes).

    Args:
        num_classes: Number of classes.
        dropout: Part of the features that training leaves out before the last layer.
    """

    classifiers = ("last_linear",)
    smallest_input = 75

    def __init__(self, num_classes: int = 1000, dropout: float = 0.2):
        super().__init__()
        self.num_classes = num_classes
        self.features = nn.Sequential(
            ConvNorm(3, 32, 3, stride=2),
            ConvNorm(32, 32, 3),
            ConvNorm(32, 64, 3, padding=1),
            PoolAndConv(64, 96, conv_first=False),
            stem_branches(),
            PoolAndConv(192, 192, conv_first=True),
            *(inception_a() for _ in range(4)),
            reduction_a(),
            *(inception_b() for _ in range(7)),
            reduction_b(),
            *(InceptionC() for _ in range(3)),
        )
        self.avgpool = nn.AdaptiveAvgPool2D(1)
        self.dropout = nn.Dropout(dropout)
        self.last_linear = nn.Linear(1536, num_classes)

    def forward_features(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.features(x)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.last_linear(self.dropout(self.avgpool(self.forward_features(x)).flatten(1)))

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        last = shapes.get("last_linear.weight", ())
        if "features.21.branch2_3b.conv.weight" not in shapes or len(last) != 2 or last[0] != 1536:
            return None
        return {"num_classes": last[1]}


register_model(
    "inception_v4",
    InceptionV4,
    paper=PAPER,
    summary="The pure Inception network.",
    **{**IMAGENET_299, "mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)},
)
