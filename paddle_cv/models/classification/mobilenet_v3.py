"""MobileNetV3: Andrew Howard, Mark Sandler, Grace Chu, Liang-Chieh Chen, Bo Chen, Mingxing Tan, Weijun Wang, Yukun Zhu,
Ruoming Pang, Vijay Vasudevan, Quoc Le, Hartwig Adam, "Searching for MobileNetV3", ICCV 2019 (arXiv:1905.02244).

The blocks are MobileNetV2's, of widths that a search found; some weight their channels (squeeze and excitation), and the
deeper ones have the activation h-swish, x relu6(x + 3) / 6. Agrees with torchvision.

`paddle_form` is the form that PaddleClas has and PaddleSeg builds on. It differs in four details: the first block widens too, the
bottleneck of squeeze and excitation has a quarter of the channels, not rounded to a multiple of 8, its gate is
relu6(x + 2.5) / 5 instead of relu6(x + 3) / 6, and the epsilon of batch normalisation is 1e-5 instead of 1e-3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Optional

import paddle
from paddle import nn
from paddle.nn import functional as F

from ..detection import detector
from ..layers import init_like_he
from ..spec import PublishedWeights
from .base import IMAGENET, FeatureInfo, StagedClassifier, register_model, stage_strides
from .mobilenet_v2 import scaled

__all__ = ["MobileNetV3"]


class Block(NamedTuple):
    """A row of the paper's tables 1 and 2."""

    kernel_size: int
    width: int
    out_channels: int
    squeeze: bool
    hardswish: bool
    stride: int


LARGE = (
    Block(3, 16, 16, False, False, 1),
    Block(3, 64, 24, False, False, 2),
    Block(3, 72, 24, False, False, 1),
    Block(5, 72, 40, True, False, 2),
    Block(5, 120, 40, True, False, 1),
    Block(5, 120, 40, True, False, 1),
    Block(3, 240, 80, False, True, 2),
    Block(3, 200, 80, False, True, 1),
    Block(3, 184, 80, False, True, 1),
    Block(3, 184, 80, False, True, 1),
    Block(3, 480, 112, True, True, 1),
    Block(3, 672, 112, True, True, 1),
    Block(5, 672, 160, True, True, 2),
    Block(5, 960, 160, True, True, 1),
    Block(5, 960, 160, True, True, 1),
)
SMALL = (
    Block(3, 16, 16, True, False, 2),
    Block(3, 72, 24, False, False, 2),
    Block(3, 88, 24, False, False, 1),
    Block(5, 96, 40, True, True, 2),
    Block(5, 240, 40, True, True, 1),
    Block(5, 240, 40, True, True, 1),
    Block(5, 120, 48, True, True, 1),
    Block(5, 144, 48, True, True, 1),
    Block(5, 288, 96, True, True, 2),
    Block(5, 576, 96, True, True, 1),
    Block(5, 576, 96, True, True, 1),
)


def conv_bn(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    activation: Optional[nn.Layer],
    stride: int = 1,
    groups: int = 1,
    dilation: int = 1,
    epsilon: float = 1e-3,
) -> nn.Sequential:
    """A convolution, its normalisation and perhaps an activation."""
    padding = kernel_size // 2 * dilation
    layers = [
        nn.Conv2D(in_channels, out_channels, kernel_size, stride, padding, dilation, groups=groups, bias_attr=False),
        nn.BatchNorm2D(out_channels, momentum=0.99, epsilon=epsilon),
    ]
    return nn.Sequential(*layers, *([activation] if activation else []))


class SqueezeExcitation(nn.Layer):
    """Weights each channel by a number in [0, 1] that a bottleneck computes from the channels' means."""

    def __init__(self, channels: int, reduced: int, slope: float):
        super().__init__()
        self.fc1 = nn.Conv2D(channels, reduced, 1)
        self.fc2 = nn.Conv2D(reduced, channels, 1)
        self.slope = slope

    def forward(self, x):
        y = F.relu(self.fc1(x.mean([2, 3], keepdim=True)))
        return x * F.hardsigmoid(self.fc2(y), self.slope)


class InvertedResidual(nn.Layer):
    """Widening, depthwise, perhaps weighting and narrowing; where the shapes agree the sum with the input (paper, figure 4)."""

    def __init__(self, in_channels: int, block: Block, stride: int, dilation: int, paddle_form: bool):
        super().__init__()
        kernel_size, width, out_channels = block[:3]
        epsilon = 1e-5 if paddle_form else 1e-3
        activation = nn.Hardswish if block.hardswish else nn.ReLU
        self.expand = self.squeeze = None
        if width != in_channels or paddle_form:
            self.expand = conv_bn(in_channels, width, 1, activation(), epsilon=epsilon)
        self.depthwise = conv_bn(width, width, kernel_size, activation(), stride, width, dilation, epsilon)
        if block.squeeze:
            reduced, slope = (width // 4, 1 / 5) if paddle_form else (scaled(width // 4, 1.0), 1 / 6)
            self.squeeze = SqueezeExcitation(width, reduced, slope)
        self.project = conv_bn(width, out_channels, 1, None, epsilon=epsilon)
        self.residual = block.stride == 1 and in_channels == out_channels

    def forward(self, x):
        y = self.depthwise(x if self.expand is None else self.expand(x))
        y = self.project(y if self.squeeze is None else self.squeeze(y))
        return x + y if self.residual else y


class MobileNetV3(StagedClassifier):
    """MobileNetV3: (N, in_channels, H, W) -> (N, num_classes).

    Args:
        large: The larger network of the paper's table 1, or the smaller one of table 2.
        dropout: Probability of dropout before the classifier.
        paddle_form: PaddleClas' form of the layers, see above.
        in_channels: Channels of the input.
        num_classes: Number of classes.
        output_stride: The image's side over the last feature map's: 32, or 16 or 8 with dilated convolutions instead of strides.

    `feature_info` has an entry for each layer of `features` and one for the convolution that comes after them.
    """

    classifiers = ("classifier.3",)

    def __init__(
        self,
        large: bool = True,
        dropout: float = 0.2,
        paddle_form: bool = False,
        in_channels: int = 3,
        num_classes: int = 1000,
        output_stride: int = 32,
    ):
        super().__init__()
        self.num_classes = num_classes
        blocks, hidden = (LARGE, 1280) if large else (SMALL, 1024)
        epsilon = 1e-5 if paddle_form else 1e-3
        channels, reached = 16, 2
        layers: list[nn.Layer] = [conv_bn(in_channels, channels, 3, nn.Hardswish(), 2, epsilon=epsilon)]
        self.feature_info = [FeatureInfo(channels, reached)]
        strides = stage_strides([block.stride for block in blocks], output_stride, reached)
        for block, (stride, _, dilation) in zip(blocks, strides):
            layers.append(InvertedResidual(channels, block, stride, dilation, paddle_form))
            channels, reached = block.out_channels, reached * stride
            self.feature_info.append(FeatureInfo(channels, reached))
        last_channels = 6 * channels
        self.features = nn.Sequential(*layers)
        self.lastconv = conv_bn(channels, last_channels, 1, nn.Hardswish(), epsilon=epsilon)
        self.feature_info.append(FeatureInfo(last_channels, reached))
        self.avgpool = nn.AdaptiveAvgPool2D(1)
        self.classifier = nn.Sequential(
            nn.Linear(last_channels, hidden), nn.Hardswish(), nn.Dropout(dropout), nn.Linear(hidden, num_classes)
        )
        init_like_he(self)

    def run_stages(self, x: paddle.Tensor, last: int) -> list[paddle.Tensor]:
        maps = []
        for layer in self.features[: last + 1]:
            x = layer(x)
            maps.append(x)
        return maps if last < len(self.features) else [*maps, self.lastconv(x)]

    def cut_after(self, stage: int) -> None:
        if stage < len(self.features):
            del self.lastconv
        self.features = self.features[: stage + 1]
        del self.feature_info[stage + 1 :], self.classifier

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.classifier(self.avgpool(self.forward_features(x)).flatten(1))

    @staticmethod
    def official_state(state: Mapping[str, Any]) -> Mapping[str, Any]:
        """torchvision's names: a block's layers are `block.0`, `block.1` ..., of which the second or the first is depthwise."""
        depthwise = {
            found[1]: int(found[2])
            for key, value in state.items()
            if (found := re.fullmatch(r"features\.(\d+)\.block\.(\d)\.0\.weight", key)) and value.shape[1] == 1
        }
        renamed = {}
        for key, value in state.items():
            found = re.fullmatch(r"features\.(\d+)\.block\.(\d)\.(.+)", key)
            if found and found[1] in depthwise:
                place = int(found[2]) - depthwise[found[1]]
                name = "squeeze" if found[3].startswith("fc") else {-1: "expand", 0: "depthwise"}.get(place, "project")
                key = f"features.{found[1]}.{name}.{found[3]}"
            # Only the last convolution is numbered as the first is.
            renamed[re.sub(r"^features\.[1-9]\d*\.(\d)\.", r"lastconv.\1.", key)] = value
        return renamed

    @staticmethod
    def paddle_key(key: str) -> str:
        """The names of paddle.vision, and those of PaddleClas and PaddleSeg."""
        key = re.sub(r"^conv\.", "features.0.", key)
        key = re.sub(r"^blocks\.(\d+)\.", lambda found: f"features.{int(found[1]) + 1}.", key)
        for theirs, ours in (("expand_conv", "expand"), ("bottleneck_conv", "depthwise"), ("linear_conv", "project")):
            key = key.replace(f".{theirs}.", f".{ours}.")
        key = re.sub(r"\.mid_se\.(?:conv|fc)", ".squeeze.fc", key)
        return re.sub(r"\.(conv|bn)\.(\w+)$", lambda found: f".{int(found[1] == 'bn')}.{found[2]}", key)

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the MobileNetV3 that has a state dict of these shapes; None if it is none."""
        stem, classifier = shapes.get("features.0.0.weight"), shapes.get("classifier.3.weight")
        if not stem or not classifier or "features.1.depthwise.0.weight" not in shapes:
            return None
        large = "features.15.depthwise.0.weight" in shapes
        squeezed = shapes.get("features.5.squeeze.fc1.weight", [0])
        return {
            "large": large,
            "paddle_form": squeezed[0] == (30 if large else 60),
            "in_channels": stem[1],
            "num_classes": classifier[-1],
        }


PAPER = "Howard et al.: Searching for MobileNetV3, ICCV 2019"
for _size, _md5 in (("large", "118db5792b4e183b925d8e8e334db3df"), ("small", "34fe0e7c1f8b00b2b056ad6788d0590c")):
    register_model(
        f"mobilenet_v3_{_size}",
        MobileNetV3,
        hyperparameters={"large": _size == "large"},
        paper=PAPER,
        summary=f"The paper's {_size} network: searched widths, channel attention and h-swish, for mobile devices.",
        published=PublishedWeights(
            f"https://paddle-hapi.bj.bcebos.com/models/mobilenet_v3_{_size}_x1.0.pdparams", _md5
        ),
        reference=None,
        **IMAGENET,
    )
