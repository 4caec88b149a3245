"""ShuffleNet: Xiangyu Zhang, Xinyu Zhou, Mengxiao Lin, Jian Sun,
"ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile Devices", CVPR 2018 (arXiv:1707.01083).

1x1 convolutions in groups, and a channel shuffle that lets the groups see each other. The first 1x1 convolution of all has no
groups, as its input is narrow; inside a unit there are a quarter of the channels of its output.

Agrees with pytorchcv. The multiply-accumulates of the paper's table 1 (143, 140, 137, 133 and 137 million for 1, 2, 3, 4 and 8
groups) are ours to within a million or two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from ..layers import Fusion, count_layers, init_like_he
from .base import IMAGENET, Classifier, register_model

__all__ = ["ShuffleNet"]


class ShuffleUnit(nn.Layer):
    """Group convolution, shuffle, depthwise convolution, group convolution (paper, Figure 2 b and c).

    With stride 1 the input is added. With stride 2 it is averaged and appended, so that the convolutions give the channels only
    that are missing.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: 1 or 2.
        groups: Groups of the second 1x1 convolution and of the shuffle.
        first_groups: Groups of the first 1x1 convolution.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int, groups: int, first_groups: int):
        super().__init__()
        width = out_channels // 4
        added = out_channels - in_channels if stride == 2 else out_channels
        self.compress_conv1 = nn.Conv2D(in_channels, width, 1, groups=first_groups, bias_attr=False)
        self.compress_bn1 = nn.BatchNorm2D(width)
        self.shuffle = nn.ChannelShuffle(groups)
        self.dw_conv2 = nn.Conv2D(width, width, 3, stride, padding=1, groups=width, bias_attr=False)
        self.dw_bn2 = nn.BatchNorm2D(width)
        self.expand_conv3 = nn.Conv2D(width, added, 1, groups=groups, bias_attr=False)
        self.expand_bn3 = nn.BatchNorm2D(added)
        self.pool = nn.AvgPool2D(3, stride=2, padding=1, exclusive=False) if stride == 2 else None
        self.fusion = Fusion("concat" if stride == 2 else "sum")
        self.relu = nn.ReLU()

    def forward(self, x):
        y = self.shuffle(self.relu(self.compress_bn1(self.compress_conv1(x))))
        y = self.expand_bn3(self.expand_conv3(self.dw_bn2(self.dw_conv2(y))))
        return self.relu(self.fusion([y, x if self.pool is None else self.pool(x)]))


class ShuffleNet(Classifier):
    """ShuffleNet: (N, in_channels, H, W) -> (N, num_classes).

    Args:
        groups: Groups of the 1x1 convolutions.
        num_features: Channels of the first of the three stages; they double from stage to stage. The paper has 144, 200, 240,
            272 and 384 for 1, 2, 3, 4 and 8 groups.
        depths: Units in each stage.
        in_channels: Channels of the input.
        num_classes: Number of classes.
    """

    def __init__(
        self,
        groups: int = 3,
        num_features: int = 240,
        depths: Sequence[int] = (4, 8, 4),
        in_channels: int = 3,
        num_classes: int = 1000,
    ):
        super().__init__()
        self.num_classes = num_classes
        self.conv1 = nn.Conv2D(in_channels, 24, 3, stride=2, padding=1, bias_attr=False)
        self.bn1 = nn.BatchNorm2D(24)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2D(3, stride=2, padding=1)
        channels = 24
        for number, depth in enumerate(depths):
            out_channels = num_features * 2**number
            units = []
            for place in range(depth):
                first_groups = 1 if number == place == 0 else groups
                units.append(ShuffleUnit(channels, out_channels, 2 if place == 0 else 1, groups, first_groups))
                channels = out_channels
            setattr(self, f"stage{number + 2}", nn.Sequential(*units))
        self.avgpool = nn.AdaptiveAvgPool2D(1)
        self.fc = nn.Linear(channels, num_classes)
        init_like_he(self)

    def forward_features(self, x: paddle.Tensor) -> paddle.Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        return self.stage4(self.stage3(self.stage2(x)))

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.fc(self.avgpool(self.forward_features(x)).flatten(1))

    @staticmethod
    def official_key(key: str) -> str:
        """pytorchcv's names, which count the stages from 1 where the paper counts them from 2."""
        unit = re.fullmatch(r"features\.stage(\d)\.unit(\d+)\.(.+)", key)
        if unit:
            return f"stage{int(unit[1]) + 1}.{int(unit[2]) - 1}.{unit[3]}"
        return re.sub(r"^output\.", "fc.", re.sub(r"^features\.init_block\.(conv|bn)\.", r"\g<1>1.", key))

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the ShuffleNet that has a state dict of these shapes; None if it is none."""
        last, fc = shapes.get("stage2.0.expand_conv3.weight"), shapes.get("fc.weight")
        if last is None or "bn1._mean" not in shapes or not fc:
            return None
        num_features = 4 * shapes["stage2.0.dw_conv2.weight"][0]
        depths = tuple(count_layers(shapes, f"stage{number}.{{}}.dw_conv2.weight") for number in (2, 3, 4))
        if fc[0] != 4 * num_features:
            return None
        return {
            "groups": num_features // 4 // last[1],
            "num_features": num_features,
            "depths": depths,
            "in_channels": shapes["conv1.weight"][1],
            "num_classes": fc[1],
        }


for _groups, _num_features in ((1, 144), (2, 200), (3, 240), (4, 272), (8, 384)):
    register_model(
        f"shufflenet_g{_groups}_w1",
        ShuffleNet,
        hyperparameters={"groups": _groups, "num_features": _num_features, "depths": (4, 8, 4)},
        paper="Zhang, Zhou, Lin, Sun: ShuffleNet: An Extremely Efficient CNN for Mobile Devices, CVPR 2018",
        summary=f"1x1 convolutions in {_groups} groups, {_num_features} channels in the first stage."
        if _groups > 1
        else "1x1 convolutions without groups, 144 channels in the first stage.",
        **IMAGENET,
    )
