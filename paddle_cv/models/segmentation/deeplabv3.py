"""DeepLabv3: Liang-Chieh Chen, George Papandreou, Florian Schroff, Hartwig Adam,
"Rethinking Atrous Convolution for Semantic Image Segmentation", 2017 (arXiv:1706.05587).

A classifier with dilated convolutions in the place of its last strides gives features; atrous spatial pyramid pooling
(ASPP) looks at them at several scales at once, by convolutions with several dilations. Agrees with torchvision, names of
the sublayers included: the ResNets at 1/8 of the image's sides with the dilations 12, 24, 36, and an auxiliary head on the
stage before the last in training.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..classification.mobilenet_v3 import MobileNetV3
from ..detection import detector
from ..layers import count_layers, resize_like, store
from ..network import Network
from ..registry import build_model, register_model
from .base import IMAGENET, SegmentationSpec

__all__ = ["DeepLabV3"]

PAPER = "Chen, Papandreou, Schroff, Adam: Rethinking Atrous Convolution for Semantic Image Segmentation, 2017"


def conv_bn_relu(in_channels: int, out_channels: int, kernel_size: int, dilation: int = 1) -> list[nn.Layer]:
    padding = kernel_size // 2 * dilation
    return [
        nn.Conv2D(in_channels, out_channels, kernel_size, padding=padding, dilation=dilation, bias_attr=False),
        nn.BatchNorm2D(out_channels),
        nn.ReLU(),
    ]


class ASPP(nn.Layer):
    """A 1x1 convolution, three dilated ones and the mean of the image, side by side, and their projection (section 3.3)."""

    def __init__(self, in_channels: int, rates: Sequence[int], num_features: int = 256):
        super().__init__()
        self.convs = nn.LayerList(
            [
                nn.Sequential(*conv_bn_relu(in_channels, num_features, 1)),
                *(nn.Sequential(*conv_bn_relu(in_channels, num_features, 3, rate)) for rate in rates),
                nn.Sequential(nn.AdaptiveAvgPool2D(1), *conv_bn_relu(in_channels, num_features, 1)),
            ]
        )
        self.project = nn.Sequential(*conv_bn_relu((len(rates) + 2) * num_features, num_features, 1), nn.Dropout(0.5))

    def forward(self, x):
        maps = [conv(x) for conv in self.convs]
        maps[-1] = resize_like(maps[-1], x)
        return self.project(paddle.concat(maps, axis=1))


# Output stride of each backbone, and the places in its `feature_info` of the features that the auxiliary head gets and of the last.
BACKBONES = {
    "resnet50": (8, 3, 4),
    "resnet101": (8, 3, 4),
    "mobilenet_v3_large": (16, 4, 16),
}


class DeepLabV3(Network):
    """DeepLabv3: (N, 3, H, W), standardised RGB, -> logits (N, num_classes, H, W).

    In training it gives two: its own and those of the auxiliary head.

    Args:
        backbone: "resnet50", "resnet101" or "mobilenet_v3_large".
        num_classes: Number of classes.
        output_stride: The image's side over the features'; None: 8 for the ResNets and 16 for MobileNetV3.

    Raises:
        ValueError: Another backbone, or another output stride than 8, 16 and 32.
    """

    auxiliary = ("aux_classifier",)

    def __init__(self, backbone: str = "resnet50", num_classes: int = 21, output_stride: Optional[int] = None):
        super().__init__()
        if backbone not in BACKBONES:
            raise ValueError(f"the backbones of DeepLabv3 are {', '.join(BACKBONES)}, not {backbone!r}")
        self.num_classes = num_classes
        store(self, output_stride=output_stride)
        usual_stride, *self.stages = BACKBONES[backbone]
        options = {"dilate_first": False} if backbone.startswith("resnet") else {}
        self.backbone = build_model(backbone, output_stride=output_stride or usual_stride, **options)
        self.backbone.cut_after(self.stages[-1])
        middle, last = (self.backbone.feature_info[stage].channels for stage in self.stages)
        self.classifier = nn.Sequential(
            ASPP(last, (12, 24, 36)), *conv_bn_relu(256, 256, 3), nn.Conv2D(256, num_classes, 1)
        )
        self.aux_classifier = nn.Sequential(
            *conv_bn_relu(middle, middle // 4, 3), nn.Dropout(0.1), nn.Conv2D(middle // 4, num_classes, 1)
        )

    def forward(self, x):
        if not self.training:
            [features] = self.backbone.forward_features(x, self.stages[1:])
            return resize_like(self.classifier(features), x)
        middle, features = self.backbone.forward_features(x, self.stages)
        return resize_like(self.classifier(features), x), resize_like(self.aux_classifier(middle), x)

    @staticmethod
    def official_state(state: Mapping[str, Any]) -> Mapping[str, Any]:
        """torchvision's names of the MobileNetV3 below it; those of the ResNets are ours."""
        if "backbone.1.block.0.0.weight" not in state:
            return state
        named = {re.sub(r"^backbone\.(\d+)\.", r"features.\1.", key): value for key, value in state.items()}
        renamed = MobileNetV3.official_state(named)
        return {re.sub(r"^(features|lastconv)\.", r"backbone.\1.", key): value for key, value in renamed.items()}

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the DeepLabV3 that has a state dict of these shapes; None if it is none."""
        last = shapes.get("classifier.4.weight")
        if not last or "classifier.0.convs.4.1.weight" not in shapes:
            return None
        if "backbone.features.15.depthwise.0.weight" in shapes:
            backbone = "mobilenet_v3_large"
        else:
            depth = count_layers(shapes, "backbone.layer3.{}.conv3.weight")
            backbone = {6: "resnet50", 23: "resnet101"}.get(depth)
        return backbone and {"backbone": backbone, "num_classes": last[0]}


for _backbone, _summary in (
    ("resnet50", "On ResNet-50 at 1/8 of the image's sides."),
    ("resnet101", "On ResNet-101 at 1/8 of the image's sides."),
    ("mobilenet_v3_large", "On MobileNetV3-Large at 1/16 of the image's sides, for mobile devices."),
):
    register_model(
        f"deeplabv3_{_backbone}",
        DeepLabV3,
        hyperparameters={"backbone": _backbone},
        paper=PAPER,
        summary=_summary,
        spec=SegmentationSpec,
        labels="voc",
        foreground=15,
        working_size=520,
        **IMAGENET,
    )
