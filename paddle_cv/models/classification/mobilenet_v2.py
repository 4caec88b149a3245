"""MobileNetV2: Mark Sandler, Andrew Howard, Menglong Zhu, Andrey Zhmoginov, Liang-Chieh Chen,
"MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018 (arXiv:1801.04381).

Blocks widen their input, filter each channel by itself, and narrow it again without an activation; narrow maps are summed.
Agrees with torchvision, names of the sublayers included, and with 300 million multiply-accumulates with the paper.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from ..layers import init_like_he
from ..spec import PublishedWeights
from .base import IMAGENET, STATIC_FIELDS, FeatureInfo, StagedClassifier, register_model, stage_strides

__all__ = ["InvertedResidual", "MobileNetV2", "conv_bn_relu6"]

# Expansion, channels, number of blocks, and stride of the first of them (paper, Table 2).
STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)

# Variables of the static graphs; conv1_1 and conv9 are the first and the last convolution.
_STATIC = re.compile(r"conv([1-9])(?:_(\d+))?(?:_(expand|dwise|linear))?(_bn)?_(weights|scale|offset|mean|variance)")
# Entries of the networks that are no static graphs.
_LAYER = re.compile(
    r"conv([1-9])\.(?:(?:_first_block|conv\d_(\d))\._(expand|bottleneck|linear)_conv\.)?_(conv|batch_norm)\.(\w+)"
)


def conv_bn_relu6(
    in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, groups: int = 1, dilation: int = 1
) -> nn.Sequential:
    """A convolution, its normalisation and ReLU6."""
    padding = kernel_size // 2 * dilation
    return nn.Sequential(
        nn.Conv2D(in_channels, out_channels, kernel_size, stride, padding, dilation, groups=groups, bias_attr=False),
        nn.BatchNorm2D(out_channels),
        nn.ReLU6(),
    )


class InvertedResidual(nn.Layer):
    """Widening, depthwise and narrowing convolution, and where the shapes agree the sum with the input.

    Without a widening convolution where it would not widen (`expansion` 1), unless `always_expand`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int,
        expansion: int,
        always_expand: bool = False,
        dilation: int = 1,
    ):
        super().__init__()
        width = in_channels * expansion
        self.residual = stride == 1 and in_channels == out_channels
        self.conv = nn.Sequential(
            *([conv_bn_relu6(in_channels, width, 1)] if expansion != 1 or always_expand else []),
            conv_bn_relu6(width, width, 3, stride, groups=width, dilation=dilation),
            nn.Conv2D(width, out_channels, 1, bias_attr=False),
            nn.BatchNorm2D(out_channels),
        )

    def forward(self, x):
        return x + self.conv(x) if self.residual else self.conv(x)


def scaled(channels: int, width: float) -> int:
    """`channels` times `width`, rounded to a multiple of 8, and up where that would lose more than a tenth."""
    rounded = max(8, int(channels * width + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * channels * width else rounded + 8


class MobileNetV2(StagedClassifier):
    """MobileNetV2: (N, in_channels, H, W) -> (N, num_classes).

    Args:
        width: Multiplies the channels of all layers; of the last convolution only where it is above 1.
        dropout: Probability of dropout before the classifier.
        always_expand: The first block has a 1x1 convolution before its depthwise one as all others have, though it does not
            widen: the form of PaddlePaddle's static graphs (mobilenet_v2_animals).
        in_channels: Channels of the input.
        num_classes: Number of classes.
        output_stride: The image's side over the last feature map's: 32, or 16 or 8 with dilated convolutions instead of strides.

    `feature_info` has an entry for each layer of `features`.
    """

    classifiers = ("classifier.1",)

    def __init__(
        self,
        width: float = 1.0,
        dropout: float = 0.2,
        always_expand: bool = False,
        in_channels: int = 3,
        num_classes: int = 1000,
        output_stride: int = 32,
    ):
        super().__init__()
        self.num_classes = num_classes
        channels, reached = scaled(32, width), 2
        layers: list[nn.Layer] = [conv_bn_relu6(in_channels, channels, 3, stride=2)]
        self.feature_info = [FeatureInfo(channels, reached)]
        strides = stage_strides([stride for *_, stride in STAGES], output_stride, reached)
        for (expansion, features, count, _), (first_stride, _, dilation) in zip(STAGES, strides):
            out_channels = scaled(features, width)
            reached *= first_stride
            for place in range(count):
                stride = first_stride if place == 0 else 1
                layers.append(InvertedResidual(channels, out_channels, stride, expansion, always_expand, dilation))
                channels = out_channels
                self.feature_info.append(FeatureInfo(channels, reached))
        last_channels = scaled(1280, max(1.0, width))
        layers.append(conv_bn_relu6(channels, last_channels, 1))
        self.feature_info.append(FeatureInfo(last_channels, reached))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2D(1)
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(last_channels, num_classes))
        init_like_he(self)

    def run_stages(self, x: paddle.Tensor, last: int) -> list[paddle.Tensor]:
        maps = []
        for layer in self.features[: last + 1]:
            x = layer(x)
            maps.append(x)
        return maps

    def cut_after(self, stage: int) -> None:
        self.features = self.features[: stage + 1]
        del self.feature_info[stage + 1 :], self.classifier

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.classifier(self.avgpool(self.forward_features(x)).flatten(1))

    @staticmethod
    def paddle_key(key: str) -> str:
        """The names in PaddlePaddle's static graphs: conv3_2_dwise_weights, conv3_2_dwise_bn_scale, fc10_offset.

        And those of PaddleClas and PaddleSeg: conv3.conv3_2._bottleneck_conv._batch_norm.weight, out.bias.
        """
        found = _LAYER.fullmatch(key)
        if found:
            stage, block, layer, kind, field = found.groups()
            norm = kind == "batch_norm"
            if layer is None:
                return f"features.{0 if stage == '1' else 18}.{int(norm)}.{field}"
            place = sum(count for _, _, count, _ in STAGES[: int(stage) - 2]) + int(block or 1)
            inner = {"expand": f"0.{int(norm)}", "bottleneck": f"1.{int(norm)}", "linear": str(2 + norm)}[layer]
            return f"features.{place}.conv.{inner}.{field}"
        if key.startswith("out."):
            return f"classifier.1.{key[4:]}"
        if key.startswith("fc10_"):
            return f"classifier.1.{STATIC_FIELDS.get(key[5:], key[5:])}"
        found = _STATIC.fullmatch(key)
        if not found:
            return key
        stage, block, layer, norm, field = found.groups()
        if layer is None:
            return f"features.{0 if stage == '1' else 18}.{1 if norm else 0}.{STATIC_FIELDS[field]}"
        place = sum(count for _, _, count, _ in STAGES[: int(stage) - 2]) + int(block)
        if layer == "linear":
            inner = "3" if norm else "2"
        else:
            inner = f"{0 if layer == 'expand' else 1}.{1 if norm else 0}"
        return f"features.{place}.conv.{inner}.{STATIC_FIELDS[field]}"

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the MobileNetV2 that has a state dict of these shapes; None if it is none."""
        always_expand = "features.1.conv.3._mean" in shapes
        last = shapes.get("features.18.0.weight")
        narrow = shapes.get(f"features.1.conv.{2 if always_expand else 1}.weight")
        classifier = shapes.get("classifier.1.weight")
        if not last or not narrow or not classifier or classifier[0] != last[0] or "features.18.1._mean" not in shapes:
            return None
        return {
            "width": last[1] / STAGES[-1][1],  # exact where the last stage needs no rounding
            "always_expand": always_expand,
            "in_channels": shapes["features.0.0.weight"][1],
            "num_classes": classifier[1],
        }


register_model(
    "mobilenet_v2",
    MobileNetV2,
    paper="Sandler, Howard, Zhu, Zhmoginov, Chen: MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018",
    summary="Inverted residuals with depthwise convolutions, for mobile devices.",
    published=PublishedWeights(
        "https://paddle-hapi.bj.bcebos.com/models/mobilenet_v2_x1.0.pdparams", "0340af0a901346c8d46f4529882fb63d"
    ),
    bare_modules=["mobilenet_v2_animals"],
    **IMAGENET,
)
