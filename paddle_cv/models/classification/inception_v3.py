"""Inception-v3: Christian Szegedy, Vincent Vanhoucke, Sergey Ioffe, Jonathon Shlens, Zbigniew Wojna,
"Rethinking the Inception Architecture for Computer Vision", CVPR 2016 (arXiv:1512.00567).

It agrees with torchvision's network, and so with the authors' code, from which the paper's table 1 differs in details. The
weights published for torchvision's network were trained with the mean 0.5 and the standard deviation 0.5, not with ImageNet's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional, Union

import numpy as np
import paddle
from paddle import nn

from ..detection import detector
from ..layers import ConvNorm
from ..spec import PublishedWeights
from .base import IMAGENET_299, Classifier, register_model

__all__ = ["InceptionV3"]

PAPER = "Szegedy, Vanhoucke, Ioffe, Shlens, Wojna: Rethinking the Inception Architecture for Computer Vision, CVPR 2016"

# Names of the modules; in paddle.vision.models they have numbers.
_MODULES = ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c")


def same_average_pool() -> nn.AvgPool2D:
    """Average over 3 x 3 pixels; those beyond the edge count as zeros."""
    return nn.AvgPool2D(3, 1, padding=1, exclusive=False)


class InceptionA(nn.Layer):
    """Branches with 5x5 and 3x3 kernels: (N, in_channels, H, W) -> (N, 224 + pool_features, H, W)."""

    def __init__(self, in_channels: int, pool_features: int):
        super().__init__()
        self.branch1x1 = ConvNorm(in_channels, 64, 1)
        self.branch5x5_1 = ConvNorm(in_channels, 48, 1)
        self.branch5x5_2 = ConvNorm(48, 64, 5, padding=2)
        self.branch3x3dbl_1 = ConvNorm(in_channels, 64, 1)
        self.branch3x3dbl_2 = ConvNorm(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = ConvNorm(96, 96, 3, padding=1)
        self.pool = same_average_pool()
        self.branch_pool = ConvNorm(in_channels, pool_features, 1)

    def forward(self, x):
        fives = self.branch5x5_2(self.branch5x5_1(x))
        threes = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return paddle.concat([self.branch1x1(x), fives, threes, self.branch_pool(self.pool(x))], axis=1)


class InceptionB(nn.Layer):
    """Halves the size: (N, in_channels, H, W) -> (N, 480 + in_channels, (H - 1) // 2, (W - 1) // 2)."""

    def __init__(self, in_channels: int):
        super().__init__()
        self.branch3x3 = ConvNorm(in_channels, 384, 3, stride=2)
        self.branch3x3dbl_1 = ConvNorm(in_channels, 64, 1)
        self.branch3x3dbl_2 = ConvNorm(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = ConvNorm(96, 96, 3, stride=2)
        self.pool = nn.MaxPool2D(3, 2)

    def forward(self, x):
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return paddle.concat([self.branch3x3(x), double, self.pool(x)], axis=1)


class InceptionC(nn.Layer):
    """7x7 kernels as 1x7 and 7x1: (N, in_channels, H, W) -> (N, 768, H, W)."""

    def __init__(self, in_channels: int, width: int):
        super().__init__()
        self.branch1x1 = ConvNorm(in_channels, 192, 1)
        self.branch7x7_1 = ConvNorm(in_channels, width, 1)
        self.branch7x7_2 = ConvNorm(width, width, (1, 7), padding=(0, 3))
        self.branch7x7_3 = ConvNorm(width, 192, (7, 1), padding=(3, 0))
        self.branch7x7dbl_1 = ConvNorm(in_channels, width, 1)
        self.branch7x7dbl_2 = ConvNorm(width, width, (7, 1), padding=(3, 0))
        self.branch7x7dbl_3 = ConvNorm(width, width, (1, 7), padding=(0, 3))
        self.branch7x7dbl_4 = ConvNorm(width, width, (7, 1), padding=(3, 0))
        self.branch7x7dbl_5 = ConvNorm(width, 192, (1, 7), padding=(0, 3))
        self.pool = same_average_pool()
        self.branch_pool = ConvNorm(in_channels, 192, 1)

    def forward(self, x):
        sevens = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        return paddle.concat([self.branch1x1(x), sevens, double, self.branch_pool(self.pool(x))], axis=1)


class InceptionD(nn.Layer):
    """Halves the size: (N, in_channels, H, W) -> (N, 512 + in_channels, (H - 1) // 2, (W - 1) // 2)."""

    def __init__(self, in_channels: int):
        super().__init__()
        self.branch3x3_1 = ConvNorm(in_channels, 192, 1)
        self.branch3x3_2 = ConvNorm(192, 320, 3, stride=2)
        self.branch7x7x3_1 = ConvNorm(in_channels, 192, 1)
        self.branch7x7x3_2 = ConvNorm(192, 192, (1, 7), padding=(0, 3))
        self.branch7x7x3_3 = ConvNorm(192, 192, (7, 1), padding=(3, 0))
        self.branch7x7x3_4 = ConvNorm(192, 192, 3, stride=2)
        self.pool = nn.MaxPool2D(3, 2)

    def forward(self, x):
        threes = self.branch3x3_2(self.branch3x3_1(x))
        sevens = self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x)))
        return paddle.concat([threes, self.branch7x7x3_4(sevens), self.pool(x)], axis=1)


class InceptionE(nn.Layer):
    """3x3 kernels as 1x3 and 3x1 side by side: (N, in_channels, H, W) -> (N, 2048, H, W)."""

    def __init__(self, in_channels: int):
        super().__init__()
        self.branch1x1 = ConvNorm(in_channels, 320, 1)
        self.branch3x3_1 = ConvNorm(in_channels, 384, 1)
        self.branch3x3_2a = ConvNorm(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3_2b = ConvNorm(384, 384, (3, 1), padding=(1, 0))
        self.branch3x3dbl_1 = ConvNorm(in_channels, 448, 1)
        self.branch3x3dbl_2 = ConvNorm(448, 384, 3, padding=1)
        self.branch3x3dbl_3a = ConvNorm(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3dbl_3b = ConvNorm(384, 384, (3, 1), padding=(1, 0))
        self.pool = same_average_pool()
        self.branch_pool = ConvNorm(in_channels, 192, 1)

    def forward(self, x):
        threes = self.branch3x3_1(x)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        branches = [
            self.branch1x1(x),
            self.branch3x3_2a(threes),
            self.branch3x3_2b(threes),
            self.branch3x3dbl_3a(double),
            self.branch3x3dbl_3b(double),
            self.branch_pool(self.pool(x)),
        ]
        return paddle.concat(branches, axis=1)


class AuxiliaryHead(nn.Layer):
    """A classifier on features from the middle of the network: (N, in_channels, H, W) -> (N, num_classes), H and W at least 17."""

    def __init__(self, in_channels: int, num_classes: int):
        super().__init__()
        self.pool = nn.AvgPool2D(5, 3)
        self.conv0 = ConvNorm(in_channels, 128, 1)
        self.conv1 = ConvNorm(128, 768, 5)
        self.avgpool = nn.AdaptiveAvgPool2D(1)
        self.fc = nn.Linear(768, num_classes)

    def forward(self, x):
        return self.fc(self.avgpool(self.conv1(self.conv0(self.pool(x)))).flatten(1))


class InceptionV3(Classifier):
    """Eleven Inception modules of five kinds: (N, 3, H, W) -> (N, num_classes).

    In training it gives two scores, (N, num_classes) each: its own and those of the auxiliary head, whose loss the authors add
    with the weight 0.4; pictures then need 299 pixels a side.

    Args:
        num_classes: Number of classes.
        aux_heads: Whether there is the auxiliary head, which only training needs.
        dropout: Part of the features that training leaves out before the last layer.
    """

    smallest_input = 75
    smallest_training_input = 299

    def __init__(self, num_classes: int = 1000, aux_heads: bool = True, dropout: float = 0.2):
        super().__init__()
        self.num_classes = num_classes
        self.aux_heads = aux_heads
        self.Conv2d_1a_3x3 = ConvNorm(3, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = ConvNorm(32, 32, 3)
        self.Conv2d_2b_3x3 = ConvNorm(32, 64, 3, padding=1)
        self.maxpool1 = nn.MaxPool2D(3, 2)
        self.Conv2d_3b_1x1 = ConvNorm(64, 80, 1)
        self.Conv2d_4a_3x3 = ConvNorm(80, 192, 3)
        self.maxpool2 = nn.MaxPool2D(3, 2)
        self.Mixed_5b = InceptionA(192, 32)
        self.Mixed_5c = InceptionA(256, 64)
        self.Mixed_5d = InceptionA(288, 64)
        self.Mixed_6a = InceptionB(288)
        self.Mixed_6b = InceptionC(768, 128)
        self.Mixed_6c = InceptionC(768, 160)
        self.Mixed_6d = InceptionC(768, 160)
        self.Mixed_6e = InceptionC(768, 192)
        if aux_heads:
            self.AuxLogits = AuxiliaryHead(768, num_classes)
            self.auxiliary = ("AuxLogits",)
            self.classifiers = ("fc", "AuxLogits.fc")
        self.Mixed_7a = InceptionD(768)
        self.Mixed_7b = InceptionE(1280)
        self.Mixed_7c = InceptionE(2048)
        self.avgpool = nn.AdaptiveAvgPool2D(1)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(2048, num_classes)

    def _stages(self, x: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor]:
        """The features that the auxiliary head sees, and the last ones."""
        x = self.maxpool1(self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x))))
        x = self.maxpool2(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x)))
        x = self.Mixed_6a(self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x))))
        middle = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(x))))
        return middle, self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(middle)))

    def forward_features(self, x: paddle.Tensor) -> paddle.Tensor:
        return self._stages(x)[-1]

    def forward(self, x: paddle.Tensor) -> Union[paddle.Tensor, tuple[paddle.Tensor, ...]]:
        middle, last = self._stages(x)
        scores = self.fc(self.dropout(self.avgpool(last).flatten(1)))
        if self.training and self.aux_heads:
            return scores, self.AuxLogits(middle)
        return scores

    @staticmethod
    def paddle_key(key: str) -> str:
        """Our name for an entry of paddle.vision's Inception-v3."""
        key = re.sub(r"^inception_stem\.conv_(\w+)", r"Conv2d_\1", key)
        if match := re.match(r"inception_block_list\.(\d+)\.(.*)", key):
            key = f"Mixed_{_MODULES[int(match[1])]}.{match[2]}"
        key = key.replace(".branch_pool_conv.", ".branch_pool.")
        return re.sub(r"\.([01])\.(\w+)$", lambda match: f".{('conv', 'bn')[int(match[1])]}.{match[2]}", key)

    @staticmethod
    def paddle_value(key: str, value: np.ndarray) -> np.ndarray:
        """Where paddle.vision's network adds 1e-5 to variances this one adds 1e-3, and dropout there scales in prediction."""
        if key.endswith("._variance"):
            return value + np.float32(1e-5 - 1e-3)
        return value * np.float32(0.8) if key == "fc.weight" else value

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        last = shapes.get("fc.weight", ())
        if "Mixed_7c.branch3x3dbl_3b.conv.weight" not in shapes or len(last) != 2 or last[0] != 2048:
            return None
        return {"num_classes": last[1], "aux_heads": "AuxLogits.fc.weight" in shapes}


register_model(
    "inception_v3",
    InceptionV3,
    paper=PAPER,
    summary="Factorised convolutions, and an auxiliary head in training.",
    published=PublishedWeights(
        "https://paddle-hapi.bj.bcebos.com/models/inception_v3.pdparams", "649a4547c3243e8b59c656f41fe330b8"
    ),
    **IMAGENET_299,
)
