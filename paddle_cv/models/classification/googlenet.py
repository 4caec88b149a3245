"""GoogLeNet (Inception-v1): Christian Szegedy, Wei Liu, Yangqing Jia, Pierre Sermanet, Scott Reed, Dragomir Anguelov,
Dumitru Erhan, Vincent Vanhoucke, Andrew Rabinovich, "Going Deeper with Convolutions", CVPR 2015 (arXiv:1409.4842).

It agrees with torchvision's network, which differs from the paper's: convolutions have batch normalisation instead of biases and
of local response normalisation, the "5x5" branch has a 3x3 kernel, and the features of the auxiliary heads are averaged to 4 x 4.
The weights published for torchvision's network were trained with the mean 0.5 and the standard deviation 0.5, not with ImageNet's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional, Union

import paddle
from paddle import nn

from ..detection import detector
from ..layers import ConvNorm
from .base import IMAGENET, Classifier, register_model

__all__ = ["GoogLeNet"]

PAPER = "Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke, Rabinovich: Going Deeper with Convolutions, CVPR 2015"


class Inception(nn.Layer):
    """Four branches side by side (paper, figure 2b); `widths` are the columns "#1x1" to "pool proj" of the paper's table 1."""

    def __init__(self, in_channels: int, widths: Sequence[int]):
        super().__init__()
        ones, threes_reduced, threes, fives_reduced, fives, pooled = widths
        self.branch1 = ConvNorm(in_channels, ones, 1)
        self.branch2 = nn.Sequential(
            ConvNorm(in_channels, threes_reduced, 1), ConvNorm(threes_reduced, threes, 3, padding=1)
        )
        self.branch3 = nn.Sequential(
            ConvNorm(in_channels, fives_reduced, 1), ConvNorm(fives_reduced, fives, 3, padding=1)
        )
        self.branch4 = nn.Sequential(nn.MaxPool2D(3, 1, padding=1), ConvNorm(in_channels, pooled, 1))
        self.out_channels = ones + threes + fives + pooled

    def forward(self, x):
        return paddle.concat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], axis=1)


class AuxiliaryHead(nn.Layer):
    """A classifier on features from the middle of the network: (N, in_channels, H, W) -> (N, num_classes)."""

    def __init__(self, in_channels: int, num_classes: int, dropout: float):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2D(4)
        self.conv = ConvNorm(in_channels, 128, 1)
        self.fc1 = nn.Linear(128 * 4 * 4, 1024, weight_attr=nn.initializer.KaimingUniform())
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(dropout)
        self.fc2 = nn.Linear(1024, num_classes)

    def forward(self, x):
        x = self.conv(self.pool(x)).flatten(1)
        return self.fc2(self.dropout(self.relu(self.fc1(x))))


class GoogLeNet(Classifier):
    """Nine Inception modules: (N, 3, H, W) -> (N, num_classes).

    In training it gives three scores, (N, num_classes) each: its own, those of the head behind module 4d and those of the head
    behind 4a. The paper adds the losses of the two heads with the weight 0.3.

    Args:
        num_classes: Number of classes.
        aux_heads: Whether there are the two auxiliary heads, which only training needs.
        dropout: Part of the features that training leaves out before the last layer.
        aux_dropout: The same in the auxiliary heads.
    """

    def __init__(self, num_classes: int = 1000, aux_heads: bool = True, dropout: float = 0.4, aux_dropout: float = 0.7):
        super().__init__()
        self.num_classes = num_classes
        self.aux_heads = aux_heads
        self.conv1 = ConvNorm(3, 64, 7, stride=2, padding=3)
        self.maxpool1 = nn.MaxPool2D(3, 2, ceil_mode=True)
        self.conv2 = ConvNorm(64, 64, 1)
        self.conv3 = ConvNorm(64, 192, 3, padding=1)
        self.maxpool2 = nn.MaxPool2D(3, 2, ceil_mode=True)
        self.inception3a = Inception(192, (64, 96, 128, 16, 32, 32))
        self.inception3b = Inception(256, (128, 128, 192, 32, 96, 64))
        self.maxpool3 = nn.MaxPool2D(3, 2, ceil_mode=True)
        self.inception4a = Inception(480, (192, 96, 208, 16, 48, 64))
        self.inception4b = Inception(512, (160, 112, 224, 24, 64, 64))
        self.inception4c = Inception(512, (128, 128, 256, 24, 64, 64))
        self.inception4d = Inception(512, (112, 144, 288, 32, 64, 64))
        self.inception4e = Inception(528, (256, 160, 320, 32, 128, 128))
        self.maxpool4 = nn.MaxPool2D(2, 2, ceil_mode=True)
        self.inception5a = Inception(832, (256, 160, 320, 32, 128, 128))
        self.inception5b = Inception(832, (384, 192, 384, 48, 128, 128))
        if aux_heads:
            self.aux1 = AuxiliaryHead(512, num_classes, aux_dropout)
            self.aux2 = AuxiliaryHead(528, num_classes, aux_dropout)
            self.auxiliary = ("aux1", "aux2")
            self.classifiers = ("fc", "aux1.fc2", "aux2.fc2")
        self.avgpool = nn.AdaptiveAvgPool2D(1)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(1024, num_classes)

    def _stages(self, x: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor, paddle.Tensor]:
        """The features behind the modules 4a, 4d and 5b."""
        x = self.maxpool1(self.conv1(x))
        x = self.maxpool2(self.conv3(self.conv2(x)))
        x = self.maxpool3(self.inception3b(self.inception3a(x)))
        first = self.inception4a(x)
        second = self.inception4d(self.inception4c(self.inception4b(first)))
        x = self.maxpool4(self.inception4e(second))
        return first, second, self.inception5b(self.inception5a(x))

    def forward_features(self, x: paddle.Tensor) -> paddle.Tensor:
        return self._stages(x)[-1]

    def forward(self, x: paddle.Tensor) -> Union[paddle.Tensor, tuple[paddle.Tensor, ...]]:
        first, second, last = self._stages(x)
        scores = self.fc(self.dropout(self.avgpool(last).flatten(1)))
        if self.training and self.aux_heads:
            return scores, self.aux2(second), self.aux1(first)
        return scores

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        last = shapes.get("fc.weight", ())
        if "inception4a.branch3.1.conv.weight" not in shapes or len(last) != 2 or last[0] != 1024:
            return None
        return {"num_classes": last[1], "aux_heads": "aux1.fc2.weight" in shapes}


register_model(
    "googlenet",
    GoogLeNet,
    paper=PAPER,
    summary="With batch normalisation, and two auxiliary heads in training.",
    **IMAGENET,
)
