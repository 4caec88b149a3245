"""Pre-activation ResNet: Kaiming He, Xiangyu Zhang, Shaoqing Ren, Jian Sun,
"Identity Mappings in Deep Residual Networks", ECCV 2016 (arXiv:1603.05027).

Normalisation and ReLU come before each convolution, so that nothing but sums lies on the way from block to block. Where the
shape changes, the projection takes the normalised input.

Agrees with pytorchcv. As there and in the first ResNet paper, a bottleneck halves the resolution in its first convolution:
preresnet50 takes 3.9 billion multiply-accumulates.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from ..layers import count_layers, init_like_he
from .base import IMAGENET, Classifier, register_model

__all__ = ["PreResNet"]


class PreActivationBlock(nn.Layer):
    """Normalisation, ReLU and convolution, two or three times, and the sum with the input (paper, Figure 1 b).

    Args:
        in_channels: Channels of the input.
        widths: Channels after each convolution: two 3x3 ones, or a 1x1, a 3x3 and a 1x1 one.
        stride: Of the first convolution.
    """

    def __init__(self, in_channels: int, widths: Sequence[int], stride: int):
        super().__init__()
        self.count = len(widths)
        self.relu = nn.ReLU()
        self.shortcut = None
        if stride != 1 or in_channels != widths[-1]:
            self.shortcut = nn.Conv2D(in_channels, widths[-1], 1, stride, bias_attr=False)
        kernels = (3, 3) if self.count == 2 else (1, 3, 1)
        for number, (width, kernel) in enumerate(zip(widths, kernels), start=1):
            conv = nn.Conv2D(in_channels, width, kernel, stride, padding=kernel // 2, bias_attr=False)
            self.add_sublayer(f"bn{number}", nn.BatchNorm2D(in_channels))
            self.add_sublayer(f"conv{number}", conv)
            in_channels, stride = width, 1

    def forward(self, x):
        y = activated = self.relu(self.bn1(x))
        for number in range(1, self.count + 1):
            if number > 1:
                y = self.relu(getattr(self, f"bn{number}")(y))
            y = getattr(self, f"conv{number}")(y)
        return y + (x if self.shortcut is None else self.shortcut(activated))


class PreResNet(Classifier):
    """Pre-activation residual network: (N, in_channels, H, W) -> (N, num_classes).

    Args:
        depths: Blocks in each of the four stages.
        bottleneck: Bottlenecks of three convolutions instead of blocks of two.
        in_channels: Channels of the input.
        num_classes: Number of classes.
    """

    def __init__(
        self,
        depths: Sequence[int] = (3, 4, 6, 3),
        bottleneck: bool = True,
        in_channels: int = 3,
        num_classes: int = 1000,
    ):
        super().__init__()
        self.num_classes = num_classes
        self.conv1 = nn.Conv2D(in_channels, 64, 7, stride=2, padding=3, bias_attr=False)
        self.bn1 = nn.BatchNorm2D(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2D(3, stride=2, padding=1)
        stages, channels = [], 64
        for number, depth in enumerate(depths):
            width = 64 * 2**number
            widths = (width, width, 4 * width) if bottleneck else (width, width)
            blocks = []
            for place in range(depth):
                blocks.append(PreActivationBlock(channels, widths, 2 if number > 0 and place == 0 else 1))
                channels = widths[-1]
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.norm = nn.BatchNorm2D(channels)
        self.avgpool = nn.AdaptiveAvgPool2D(1)
        self.fc = nn.Linear(channels, num_classes)
        init_like_he(self)

    def forward_features(self, x: paddle.Tensor) -> paddle.Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        return self.relu(self.norm(self.stages(x)))

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.fc(self.avgpool(self.forward_features(x)).flatten(1))

    @staticmethod
    def official_key(key: str) -> str:
        """pytorchcv's names."""
        unit = re.fullmatch(r"features\.stage(\d)\.unit(\d+)\.(.+)", key)
        if unit:
            rest = re.sub(r"body\.conv(\d)\.(bn|conv)\.", r"\2\1.", unit[3]).replace("identity_conv.", "shortcut.")
            return f"stages.{int(unit[1]) - 1}.{int(unit[2]) - 1}.{rest}"
        for theirs, ours in (
            ("features.init_block.conv.", "conv1."),
            ("features.init_block.bn.", "bn1."),
            ("features.post_activ.bn.", "norm."),
            ("output.", "fc."),
        ):
            if key.startswith(theirs):
                return ours + key[len(theirs) :]
        return key

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the network that has a state dict of these shapes; None if it is none of this family."""
        norm, fc = shapes.get("norm._mean"), shapes.get("fc.weight")
        if (
            not norm
            or not fc
            or fc[0] != norm[0]
            or "stages.0.0.bn1.weight" not in shapes
            or "conv1.weight" not in shapes
        ):
            return None
        return {
            "depths": tuple(count_layers(shapes, f"stages.{number}.{{}}.conv1.weight") for number in range(4)),
            "bottleneck": "stages.0.0.conv3.weight" in shapes,
            "in_channels": shapes["conv1.weight"][1],
            "num_classes": fc[1],
        }


for _name, _depths, _bottleneck in (("preresnet18", (2, 2, 2, 2), False), ("preresnet50", (3, 4, 6, 3), True)):
    register_model(
        _name,
        PreResNet,
        hyperparameters={"depths": _depths, "bottleneck": _bottleneck},
        paper="He, Zhang, Ren, Sun: Identity Mappings in Deep Residual Networks, ECCV 2016",
        summary=f"ResNet-{_name[-2:]} with normalisation and ReLU before each convolution.",
        **IMAGENET,
    )
