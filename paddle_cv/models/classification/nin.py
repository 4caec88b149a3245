"""NiN: Min Lin, Qiang Chen, Shuicheng Yan, "Network In Network", ICLR 2014 (arXiv:1312.4400).

The paper's network for CIFAR-10 and, from the same authors, one for ImageNet, as the first author's Caffe files have them: the
"mlpconv" layers are a convolution and two 1x1 convolutions (the paper's cascaded cross channel pooling), each with a ReLU, the
last one included; the class maps are averaged and nothing is fully connected. They agree with the PyTorch ports of pytorchcv
(CIFAR-10) and of ProGamerGov (ImageNet), whose names `official_key` translates. pytorchcv pads the pictures before pooling where
Caffe lets the pooling windows at the edge be incomplete; we do as it does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from .base import IMAGENET, Classifier, register_model

__all__ = ["NiN"]

PAPER = "Lin, Chen, Yan: Network In Network, ICLR 2014"


def mlpconv(widths: Sequence[int], kernel_size: int, stride: int = 1, padding: int = 0) -> nn.Sequential:
    """A convolution and two 1x1 convolutions; `widths` are the channels of the input and of each."""
    in_channels, *outputs = widths
    layers: list[nn.Layer] = []
    for number, out_channels in enumerate(outputs):
        first = number == 0
        layers += [
            nn.Conv2D(in_channels, out_channels, kernel_size, stride=stride, padding=padding)
            if first
            else nn.Conv2D(in_channels, out_channels, 1),
            nn.ReLU(),
        ]
        in_channels = out_channels
    return nn.Sequential(*layers)


class NiN(Classifier):
    """Three or four "mlpconv" layers with pooling and dropout between them: (N, 3, H, W) -> (N, num_classes).

    Args:
        dataset: "cifar10" for the paper's network, "imagenet" for the larger one.
        num_classes: Number of classes.
        dropout: Part of the values that training leaves out: after each pooling layer, or after the last one ("imagenet").

    Raises:
        ValueError: There is no network for this `dataset`.
    """

    def __init__(self, dataset: str = "cifar10", num_classes: int = 10, dropout: float = 0.5):
        super().__init__()
        if dataset not in ("cifar10", "imagenet"):
            raise ValueError(f"NiN has networks for cifar10 and imagenet, not for {dataset!r}")
        self.num_classes = num_classes
        if dataset == "cifar10":
            self.mlpconv1 = mlpconv((3, 192, 160, 96), 5, padding=2)
            self.pool1 = nn.Sequential(nn.MaxPool2D(3, 2, padding=1), nn.Dropout(dropout))
            self.mlpconv2 = mlpconv((96, 192, 192, 192), 5, padding=2)
            self.pool2 = nn.Sequential(nn.AvgPool2D(3, 2, padding=1, exclusive=False), nn.Dropout(dropout))
            self.mlpconv3 = mlpconv((192, 192, 192, num_classes), 3, padding=1)
            self.classifiers = ("mlpconv3.4",)
            self.stages = ("mlpconv1", "pool1", "mlpconv2", "pool2", "mlpconv3")
        else:
            self.mlpconv1 = mlpconv((3, 96, 96, 96), 11, stride=4)
            self.pool1 = nn.MaxPool2D(3, 2, ceil_mode=True)
            self.mlpconv2 = mlpconv((96, 256, 256, 256), 5, padding=2)
            self.pool2 = nn.MaxPool2D(3, 2, ceil_mode=True)
            self.mlpconv3 = mlpconv((256, 384, 384, 384), 3, padding=1)
            self.pool3 = nn.Sequential(nn.MaxPool2D(3, 2, ceil_mode=True), nn.Dropout(dropout))
            self.mlpconv4 = mlpconv((384, 1024, 1024, num_classes), 3, padding=1)
            self.classifiers = ("mlpconv4.4",)
            self.stages = ("mlpconv1", "pool1", "mlpconv2", "pool2", "mlpconv3", "pool3", "mlpconv4")
        self.global_pool = nn.AdaptiveAvgPool2D(1)

    def forward_features(self, x: paddle.Tensor) -> paddle.Tensor:
        """One map for each class (N, num_classes, H', W'), before it is averaged."""
        for stage in self.stages:
            x = getattr(self, stage)(x)
        return x

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.global_pool(self.forward_features(x)).flatten(1)

    @staticmethod
    def official_key(key: str) -> str:
        """Our name for an entry of the ports' state dicts."""
        key = key.replace("output.final_conv.", "features.stage3.unit3.")
        if match := re.fullmatch(r"features\.stage(\d)\.unit(\d)\.conv\.(\w+)", key):
            stage, unit, kind = match.groups()
            return f"mlpconv{stage}.{2 * int(unit) - 2}.{kind}"
        if match := re.fullmatch(r"features\.(\d+)\.(\w+)", key):
            place, kind = int(match[1]), match[2]
            # The "mlpconv" layers begin there.
            number = sum(place >= start for start in (0, 7, 14, 22))
            return f"mlpconv{number}.{place - (0, 7, 14, 22)[number - 1]}.{kind}"
        return key

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        for dataset, last, first_shape in (("cifar10", 3, [192, 3, 5, 5]), ("imagenet", 4, [96, 3, 11, 11])):
            if len(shapes) == 6 * last and shapes.get("mlpconv1.0.weight") == first_shape:
                return {"dataset": dataset, "num_classes": shapes[f"mlpconv{last}.4.weight"][0]}
        return None


register_model(
    "nin_cifar10",
    NiN,
    resize=32,
    input_size=32,
    mean=(0.4914, 0.4822, 0.4465),
    std=(0.2470, 0.2435, 0.2616),
    labels="cifar10",
    paper=PAPER,
    summary="The paper's network for pictures of 32 x 32 pixels.",
)
register_model(
    "nin_imagenet",
    NiN,
    hyperparameters={"dataset": "imagenet", "num_classes": 1000},
    paper=PAPER,
    summary="The authors' larger network for ImageNet.",
    **IMAGENET,
)
