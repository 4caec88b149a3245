"""ShuffleNet v2: Ningning Ma, Xiangyu Zhang, Hai-Tao Zheng, Jian Sun,
"ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design", ECCV 2018 (arXiv:1807.11164).

Each unit works on half the channels and passes the other half on; the shuffle afterwards mixes both.

Agrees with torchvision, names of the sublayers included. The widths x0.25 and x0.33 are PaddlePaddle's, not the paper's.
PaddlePaddle's x2.0 has 224 channels in the first stage instead of the paper's 244: the weights which it publishes are for
`widths=(224, 488, 976)`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from ..layers import count_layers, init_like_he
from ..spec import PublishedWeights
from .base import IMAGENET, Classifier, register_model

__all__ = ["ShuffleNetV2"]


def conv_bn_relu(in_channels: int, out_channels: int, kernel_size: int = 1, stride: int = 1) -> list[nn.Layer]:
    """A convolution, its normalisation and ReLU."""
    return [
        nn.Conv2D(in_channels, out_channels, kernel_size, stride, padding=kernel_size // 2, bias_attr=False),
        nn.BatchNorm2D(out_channels),
        nn.ReLU(),
    ]


def depthwise_bn(channels: int, stride: int) -> list[nn.Layer]:
    """A 3x3 convolution of each channel by itself, and its normalisation."""
    return [
        nn.Conv2D(channels, channels, 3, stride, padding=1, groups=channels, bias_attr=False),
        nn.BatchNorm2D(channels),
    ]


class ShuffleUnit(nn.Layer):
    """Two branches, joined and shuffled (paper, Figure 3 c and d).

    With stride 1 the first branch passes half the channels on; with stride 2 both branches work on all channels, and there are
    more of them afterwards.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int):
        super().__init__()
        width = out_channels // 2
        self.branch1 = None
        if stride == 2:
            self.branch1 = nn.Sequential(*depthwise_bn(in_channels, stride), *conv_bn_relu(in_channels, width))
        self.branch2 = nn.Sequential(
            *conv_bn_relu(in_channels if stride == 2 else width, width),
            *depthwise_bn(width, stride),
            *conv_bn_relu(width, width),
        )
        self.shuffle = nn.ChannelShuffle(2)

    def forward(self, x):
        if self.branch1 is None:
            passed, worked = x.chunk(2, axis=1)
        else:
            passed, worked = self.branch1(x), x
        return self.shuffle(paddle.concat([passed, self.branch2(worked)], axis=1))


class ShuffleNetV2(Classifier):
    """ShuffleNet v2: (N, in_channels, H, W) -> (N, num_classes).

    Args:
        widths: Channels of the three stages.
        last_width: Channels after the 1x1 convolution that follows them.
        depths: Units in each stage.
        in_channels: Channels of the input.
        num_classes: Number of classes.
    """

    def __init__(
        self,
        widths: Sequence[int] = (116, 232, 464),
        last_width: int = 1024,
        depths: Sequence[int] = (4, 8, 4),
        in_channels: int = 3,
        num_classes: int = 1000,
    ):
        super().__init__()
        self.num_classes = num_classes
        self.conv1 = nn.Sequential(*conv_bn_relu(in_channels, 24, 3, stride=2))
        self.maxpool = nn.MaxPool2D(3, stride=2, padding=1)
        channels = 24
        for number, (width, depth) in enumerate(zip(widths, depths), start=2):
            first = ShuffleUnit(channels, width, stride=2)
            others = [ShuffleUnit(width, width, stride=1) for _ in range(depth - 1)]
            setattr(self, f"stage{number}", nn.Sequential(first, *others))
            channels = width
        self.conv5 = nn.Sequential(*conv_bn_relu(channels, last_width))
        self.avgpool = nn.AdaptiveAvgPool2D(1)
        self.fc = nn.Linear(last_width, num_classes)
        init_like_he(self)

    def forward_features(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.conv5(self.stage4(self.stage3(self.stage2(self.maxpool(self.conv1(x))))))

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.fc(self.avgpool(self.forward_features(x)).flatten(1))

    @staticmethod
    def paddle_key(key: str) -> str:
        """paddle.vision's names."""
        unit = re.fullmatch(r"(\d)_(\d)\._conv_(pw|dw|linear)(_1)?(?:_2)?\.([01])\.(\w+)", key)
        if unit:
            stage, place, kind, first_branch, layer, last = unit.groups()
            # The depthwise convolution begins the first branch, and stands between the others in the second.
            before = {"dw": 0, "linear": 2} if first_branch else {"pw": 0, "dw": 3, "linear": 5}
            branch = 1 if first_branch else 2
            return f"stage{stage}.{int(place) - 1}.branch{branch}.{before[kind] + int(layer)}.{last}"
        return re.sub(r"^_(conv1|fc)\.", r"\1.", re.sub(r"^_last_conv\.", "conv5.", key))

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the ShuffleNet v2 that has a state dict of these shapes; None if it is none."""
        stem, last, fc = shapes.get("conv1.0.weight"), shapes.get("conv5.0.weight"), shapes.get("fc.weight")
        if not stem or not last or not fc or fc[0] != last[0] or "stage2.0.branch1.1._mean" not in shapes:
            return None
        return {
            "widths": tuple(2 * shapes[f"stage{number}.0.branch2.0.weight"][0] for number in (2, 3, 4)),
            "last_width": last[0],
            "depths": tuple(count_layers(shapes, f"stage{number}.{{}}.branch2.0.weight") for number in (2, 3, 4)),
            "in_channels": stem[1],
            "num_classes": fc[1],
        }


# Name, channels of the stages and after them, MD5 of the weights that PaddlePaddle publishes.
for _size, _widths, _last_width, _md5 in (
    ("x0_25", (24, 48, 96), 512, "1e509b4c140eeb096bb16e214796d03b"),
    ("x0_33", (32, 64, 128), 512, "3d7b3ab0eaa5c0927ff1026d31b729bd"),
    ("x0_5", (48, 96, 192), 1024, "5e5cee182a7793c4e4c73949b1a71bd4"),
    ("x1_0", (116, 232, 464), 1024, "122d42478b9e81eb49f8a9ede327b1a4"),
    ("x1_5", (176, 352, 704), 1024, "faced5827380d73531d0ee027c67826d"),
    ("x2_0", (244, 488, 976), 2048, None),
):
    _name = f"shufflenet_v2_{_size}"
    register_model(
        _name,
        ShuffleNetV2,
        hyperparameters={"widths": _widths, "last_width": _last_width, "depths": (4, 8, 4)},
        paper="Ma, Zhang, Zheng, Sun: ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design, ECCV 2018",
        summary=f"{_widths[0]}, {_widths[1]} and {_widths[2]} channels in the stages.",
        published=_md5 and PublishedWeights(f"https://paddle-hapi.bj.bcebos.com/models/{_name}.pdparams", _md5),
        reference=None if _size in ("x0_25", "x0_33") else "{name}",
        **IMAGENET,
    )
