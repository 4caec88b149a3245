"""SENet: Jie Hu, Li Shen, Gang Sun, "Squeeze-and-Excitation Networks", CVPR 2018 (arXiv:1709.01507), in the authors' form.

Residual networks whose blocks end with squeeze and excitation: each channel is weighted by a number that a small
bottleneck computes from the means of all channels. SENet-154 is a ResNeXt-152 (64x4d) that differs further (paper, appendix): the
first convolution of a bottleneck has half the channels, three 3x3 convolutions stand in the place of the 7x7 one, shortcuts that
halve the resolution are 3x3 convolutions, and dropout precedes the classifier.

Agrees with what timm calls the legacy networks, which are those of the authors' Caffe models: the max pool does not pad but rounds
its size up, and SE-ResNet halves the resolution in the first convolution of a bottleneck (SE-ResNeXt and SENet-154
in the second). timm's own SE-ResNet-50 stands in resnet.py.
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
from .resnet import Bottleneck

__all__ = ["SENet"]

PAPER = "Hu, Shen, Sun: Squeeze-and-Excitation Networks, CVPR 2018"
REDUCTION = 16


class Stem(nn.Layer):
    """One 7x7 or three 3x3 convolutions, and the max pool: to a quarter of the resolution."""

    def __init__(self, in_channels: int, deep: bool):
        super().__init__()
        widths = (64, 64, 128) if deep else (64,)
        kernel = 3 if deep else 7
        self.count = len(widths)
        for number, width in enumerate(widths, start=1):
            stride = 2 if number == 1 else 1
            conv = nn.Conv2D(in_channels, width, kernel, stride, padding=kernel // 2, bias_attr=False)
            self.add_sublayer(f"conv{number}", conv)
            self.add_sublayer(f"bn{number}", nn.BatchNorm2D(width))
            in_channels = width
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2D(3, stride=2, ceil_mode=True)

    def forward(self, x):
        for number in range(1, self.count + 1):
            x = self.relu(getattr(self, f"bn{number}")(getattr(self, f"conv{number}")(x)))
        return self.pool(x)


class SENet(Classifier):
    """Squeeze-and-excitation network: (N, in_channels, H, W) -> (N, num_classes).

    Args:
        depths: Bottlenecks in each of the four stages.
        groups: Groups of a bottleneck's 3x3 convolution.
        group_width: Channels of each of these groups in the first stage; they double from stage to stage.
        modified: What SENet-154 has beside squeeze and excitation.
        dropout: Probability of dropout before the classifier.
        in_channels: Channels of the input.
        num_classes: Number of classes.
    """

    def __init__(
        self,
        depths: Sequence[int] = (3, 4, 6, 3),
        groups: int = 1,
        group_width: int = 64,
        modified: bool = False,
        dropout: float = 0.0,
        in_channels: int = 3,
        num_classes: int = 1000,
    ):
        super().__init__()
        self.num_classes = num_classes
        self.layer0 = Stem(in_channels, modified)
        channels = 128 if modified else 64
        for number, depth in enumerate(depths):
            width, out_channels = groups * group_width * 2**number, 256 * 2**number
            blocks = []
            for place in range(depth):
                stride, downsample = 2 if number > 0 and place == 0 else 1, None
                if place == 0:
                    kernel = 3 if modified and number > 0 else 1
                    downsample = nn.Sequential(
                        nn.Conv2D(channels, out_channels, kernel, stride, padding=kernel // 2, bias_attr=False),
                        nn.BatchNorm2D(out_channels),
                    )
                block = Bottleneck(
                    channels,
                    width,
                    out_channels,
                    stride,
                    groups,
                    downsample,
                    reduction=REDUCTION,
                    stride_first=groups == 1,
                    first_width=width // 2 if modified else None,
                )
                blocks.append(block)
                channels = out_channels
            setattr(self, f"layer{number + 1}", nn.Sequential(*blocks))
        self.avgpool = nn.AdaptiveAvgPool2D(1)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(channels, num_classes)
        init_like_he(self)

    def forward_features(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.layer4(self.layer3(self.layer2(self.layer1(self.layer0(x)))))

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.fc(self.dropout(self.avgpool(self.forward_features(x)).flatten(1)))

    @staticmethod
    def official_key(key: str) -> str:
        """The legacy networks' names of the squeeze and excitation and of the classifier."""
        key = re.sub(r"\.se_module\.fc([12])\.", lambda match: f".se.conv_du.{2 * int(match[1]) - 2}.", key)
        return re.sub(r"^last_linear\.", "fc.", key)

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the SENet that has a state dict of these shapes; None if it is no SENet."""
        inner, fc = shapes.get("layer1.0.conv2.weight"), shapes.get("fc.weight")
        if inner is None or "layer0.bn1._mean" not in shapes or not fc or fc[0] != 2048:
            return None
        groups = shapes["layer1.0.conv1.weight"][0] // inner[1]
        return {
            "depths": tuple(count_layers(shapes, f"layer{number}.{{}}.conv1.weight") for number in (1, 2, 3, 4)),
            "groups": groups,
            "group_width": inner[0] // groups,
            "modified": "layer0.conv3.weight" in shapes,
            "in_channels": shapes["layer0.conv1.weight"][1],
            "num_classes": fc[1],
        }


register_model(
    "legacy_seresnet50",
    SENet,
    hyperparameters={"depths": (3, 4, 6, 3)},
    paper=PAPER,
    summary="ResNet-50 with squeeze and excitation, the authors' form.",
    **IMAGENET,
)
register_model(
    "legacy_seresnext50_32x4d",
    SENet,
    hyperparameters={"depths": (3, 4, 6, 3), "groups": 32, "group_width": 4},
    paper=PAPER,
    summary="ResNeXt-50 (32x4d) with squeeze and excitation, the authors' form.",
    **IMAGENET,
)
register_model(
    "legacy_senet154",
    SENet,
    hyperparameters={"depths": (3, 8, 36, 3), "groups": 64, "group_width": 4, "modified": True, "dropout": 0.2},
    paper=PAPER,
    summary="The winner of ILSVRC 2017: a modified ResNeXt-152 (64x4d) with squeeze and excitation.",
    **IMAGENET,
)
