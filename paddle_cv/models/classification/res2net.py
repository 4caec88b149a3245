"""Res2Net: Shang-Hua Gao, Ming-Ming Cheng, Kai Zhao, Xin-Yu Zhang, Ming-Hsuan Yang, Philip Torr,
"Res2Net: A New Multi-scale Backbone Architecture", IEEE TPAMI 2021 (arXiv:1904.01169).

ResNet with bottlenecks whose inner channels are split in `scale` parts. Each part but the last goes through a 3x3
convolution of its own, after the output of the part before it has been added, so that the parts see more and more of the picture.

Agrees with timm and the authors' code, names of the sublayers included. There the first bottleneck of a stage differs from
the paper's figure: its parts are not added to each other, and the last one is averaged over 3x3 pixels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from ..layers import count_layers, init_like_he
from .base import IMAGENET, Classifier, register_model
from .resnet import projection

__all__ = ["Res2Net"]


class Bottle2neck(nn.Layer):
    """1x1 convolution, 3x3 convolutions of the parts, 1x1 convolution, and the sum with the input (paper, Figure 2 b).

    Args:
        in_channels: Channels of the input.
        width: Channels of each part.
        scale: Number of parts.
        out_channels: Channels of the output.
        stride: Of the 3x3 convolutions.
        first: Whether it is the first of its stage.
    """

    def __init__(self, in_channels: int, width: int, scale: int, out_channels: int, stride: int, first: bool):
        super().__init__()
        self.scale = scale
        self.first = first
        self.conv1 = nn.Conv2D(in_channels, width * scale, 1, bias_attr=False)
        self.bn1 = nn.BatchNorm2D(width * scale)
        self.convs = nn.LayerList(
            [nn.Conv2D(width, width, 3, stride, padding=1, bias_attr=False) for _ in range(scale - 1)]
        )
        self.bns = nn.LayerList([nn.BatchNorm2D(width) for _ in range(scale - 1)])
        self.pool = nn.AvgPool2D(3, stride, padding=1, exclusive=False) if first else None
        self.conv3 = nn.Conv2D(width * scale, out_channels, 1, bias_attr=False)
        self.bn3 = nn.BatchNorm2D(out_channels)
        self.downsample = projection(in_channels, out_channels, stride) if first else None
        self.relu = nn.ReLU()

    def forward(self, x):
        *parts, last = self.relu(self.bn1(self.conv1(x))).chunk(self.scale, axis=1)
        outputs = []
        for part, conv, bn in zip(parts, self.convs, self.bns):
            if outputs and not self.first:
                part = part + outputs[-1]
            outputs.append(self.relu(bn(conv(part))))
        outputs.append(self.pool(last) if self.first else last)
        y = self.bn3(self.conv3(paddle.concat(outputs, axis=1)))
        return self.relu(y + (self.downsample(x) if self.first else x))


class Res2Net(Classifier):
    """Res2Net: (N, in_channels, H, W) -> (N, num_classes).

    Args:
        depths: Bottlenecks in each of the four stages.
        width: Channels of each part in the first stage; they double from stage to stage (the paper's w).
        scale: Parts of a bottleneck (s).
        in_channels: Channels of the input.
        num_classes: Number of classes.
    """

    def __init__(
        self,
        depths: Sequence[int] = (3, 4, 6, 3),
        width: int = 26,
        scale: int = 4,
        in_channels: int = 3,
        num_classes: int = 1000,
    ):
        super().__init__()
        self.num_classes = num_classes
        self.conv1 = nn.Conv2D(in_channels, 64, 7, stride=2, padding=3, bias_attr=False)
        self.bn1 = nn.BatchNorm2D(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2D(3, stride=2, padding=1)
        channels = 64
        for number, depth in enumerate(depths):
            out_channels = 256 * 2**number
            blocks = []
            for place in range(depth):
                stride = 2 if number > 0 and place == 0 else 1
                blocks.append(Bottle2neck(channels, width * 2**number, scale, out_channels, stride, place == 0))
                channels = out_channels
            setattr(self, f"layer{number + 1}", nn.Sequential(*blocks))
        self.avgpool = nn.AdaptiveAvgPool2D(1)
        self.fc = nn.Linear(channels, num_classes)
        init_like_he(self)

    def forward_features(self, x: paddle.Tensor) -> paddle.Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.fc(self.avgpool(self.forward_features(x)).flatten(1))

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the Res2Net that has a state dict of these shapes; None if it is none."""
        inner, stem, fc = (shapes.get(f"{name}.weight") for name in ("layer1.0.convs.0", "conv1", "fc"))
        if not inner or not stem or not fc or fc[0] != 2048 or "layer1.0.bns.0._mean" not in shapes:
            return None
        return {
            "depths": tuple(count_layers(shapes, f"layer{number}.{{}}.conv1.weight") for number in (1, 2, 3, 4)),
            "width": inner[0],
            "scale": count_layers(shapes, "layer1.0.convs.{}.weight") + 1,
            "in_channels": stem[1],
            "num_classes": fc[1],
        }


for _layers, _depths in ((50, (3, 4, 6, 3)), (101, (3, 4, 23, 3))):
    register_model(
        f"res2net{_layers}_26w_4s",
        Res2Net,
        hyperparameters={"depths": _depths, "width": 26, "scale": 4},
        paper="Gao et al.: Res2Net: A New Multi-scale Backbone Architecture, IEEE TPAMI 2021",
        summary=f"ResNet-{_layers} whose bottlenecks have 4 parts of 26 channels.",
        **IMAGENET,
    )
