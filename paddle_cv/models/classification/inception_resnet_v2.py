"""Inception-ResNet-v2: Christian Szegedy, Sergey Ioffe, Vincent Vanhoucke, Alexander A. Alemi, "Inception-v4, Inception-ResNet and
the Impact of Residual Connections on Learning", AAAI 2017 (arXiv:1602.07261).

It agrees with timm's network and so with the authors' code, which has the stem of Inception-v3 instead of figure 3's, twice as many
blocks as the paper's figure 15, narrower ones, and residuals that are scaled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from ..layers import ConvNorm
from .base import IMAGENET_299, Classifier, register_model
from .inception_v4 import PAPER, Branches

__all__ = ["InceptionResNetV2"]


class ResidualBranches(nn.Layer):
    """Branches, a 1x1 convolution on all of them, and the sum of its output times `scale` with the input."""

    def __init__(self, channels: int, branch_channels: int, scale: float, *branches: nn.Layer, relu: bool = True):
        super().__init__()
        self.scale = scale
        self.count = len(branches)
        for number, branch in enumerate(branches):
            setattr(self, f"branch{number}", branch)
        self.conv2d = nn.Conv2D(branch_channels, channels, 1)
        self.relu = nn.ReLU() if relu else None

    def forward(self, x):
        branches = [getattr(self, f"branch{number}")(x) for number in range(self.count)]
        x = x + self.scale * self.conv2d(paddle.concat(branches, axis=1))
        return x if self.relu is None else self.relu(x)


def block35() -> ResidualBranches:
    """320 -> 320 channels, on maps of 35 x 35 pixels (figure 16)."""
    return ResidualBranches(
        320,
        128,
        0.17,
        ConvNorm(320, 32, 1),
        nn.Sequential(ConvNorm(320, 32, 1), ConvNorm(32, 32, 3, padding=1)),
        nn.Sequential(ConvNorm(320, 32, 1), ConvNorm(32, 48, 3, padding=1), ConvNorm(48, 64, 3, padding=1)),
    )


def block17() -> ResidualBranches:
    """1088 -> 1088 channels, on maps of 17 x 17 pixels (figure 17)."""
    return ResidualBranches(
        1088,
        384,
        0.1,
        ConvNorm(1088, 192, 1),
        nn.Sequential(
            ConvNorm(1088, 128, 1),
            ConvNorm(128, 160, (1, 7), padding=(0, 3)),
            ConvNorm(160, 192, (7, 1), padding=(3, 0)),
        ),
    )


def block8(scale: float = 0.2, relu: bool = True) -> ResidualBranches:
    """2080 -> 2080 channels, on maps of 8 x 8 pixels (figure 19)."""
    return ResidualBranches(
        2080,
        448,
        scale,
        ConvNorm(2080, 192, 1),
        nn.Sequential(
            ConvNorm(2080, 192, 1),
            ConvNorm(192, 224, (1, 3), padding=(0, 1)),
            ConvNorm(224, 256, (3, 1), padding=(1, 0)),
        ),
        relu=relu,
    )


class InceptionResNetV2(Classifier):
    """10, 20 and 10 residual Inception blocks of three kinds with reductions between: (N, 3, H, W) -> (N, num_classes).

    Args:
        num_classes: Number of classes.
        dropout: Part of the features that training leaves out before the last layer.
    """

    classifiers = ("classif",)
    smallest_input = 75

    def __init__(self, num_classes: int = 1000, dropout: float = 0.2):
        super().__init__()
        self.num_classes = num_classes
        self.conv2d_1a = ConvNorm(3, 32, 3, stride=2)
        self.conv2d_2a = ConvNorm(32, 32, 3)
        self.conv2d_2b = ConvNorm(32, 64, 3, padding=1)
        self.maxpool_3a = nn.MaxPool2D(3, 2)
        self.conv2d_3b = ConvNorm(64, 80, 1)
        self.conv2d_4a = ConvNorm(80, 192, 3)
        self.maxpool_5a = nn.MaxPool2D(3, 2)
        self.mixed_5b = Branches(
            ConvNorm(192, 96, 1),
            nn.Sequential(ConvNorm(192, 48, 1), ConvNorm(48, 64, 5, padding=2)),
            nn.Sequential(ConvNorm(192, 64, 1), ConvNorm(64, 96, 3, padding=1), ConvNorm(96, 96, 3, padding=1)),
            nn.Sequential(nn.AvgPool2D(3, 1, padding=1), ConvNorm(192, 64, 1)),
        )
        self.repeat = nn.Sequential(*(block35() for _ in range(10)))
        self.mixed_6a = Branches(
            ConvNorm(320, 384, 3, stride=2),
            nn.Sequential(ConvNorm(320, 256, 1), ConvNorm(256, 256, 3, padding=1), ConvNorm(256, 384, 3, stride=2)),
            nn.MaxPool2D(3, 2),
        )
        self.repeat_1 = nn.Sequential(*(block17() for _ in range(20)))
        self.mixed_7a = Branches(
            nn.Sequential(ConvNorm(1088, 256, 1), ConvNorm(256, 384, 3, stride=2)),
            nn.Sequential(ConvNorm(1088, 256, 1), ConvNorm(256, 288, 3, stride=2)),
            nn.Sequential(ConvNorm(1088, 256, 1), ConvNorm(256, 288, 3, padding=1), ConvNorm(288, 320, 3, stride=2)),
            nn.MaxPool2D(3, 2),
        )
        self.repeat_2 = nn.Sequential(*(block8() for _ in range(9)))
        self.block8 = block8(scale=1.0, relu=False)
        self.conv2d_7b = ConvNorm(2080, 1536, 1)
        self.avgpool = nn.AdaptiveAvgPool2D(1)
        self.dropout = nn.Dropout(dropout)
        self.classif = nn.Linear(1536, num_classes)

    def forward_features(self, x: paddle.Tensor) -> paddle.Tensor:
        x = self.maxpool_3a(self.conv2d_2b(self.conv2d_2a(self.conv2d_1a(x))))
        x = self.maxpool_5a(self.conv2d_4a(self.conv2d_3b(x)))
        x = self.repeat(self.mixed_5b(x))
        x = self.repeat_1(self.mixed_6a(x))
        x = self.repeat_2(self.mixed_7a(x))
        return self.conv2d_7b(self.block8(x))

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.classif(self.dropout(self.avgpool(self.forward_features(x)).flatten(1)))

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        last = shapes.get("classif.weight", ())
        if "repeat_1.19.conv2d.weight" not in shapes or len(last) != 2 or last[0] != 1536:
            return None
        return {"num_classes": last[1]}


register_model(
    "inception_resnet_v2",
    InceptionResNetV2,
    paper=PAPER,
    summary="Inception blocks with residual connections.",
    **{**IMAGENET_299, "mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)},
)
