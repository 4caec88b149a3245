"""SqueezeNet: Forrest N. Iandola, Song Han, Matthew W. Moskewicz, Khalid Ashraf, William J. Dally, Kurt Keutzer,
"SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size", 2016 (arXiv:1602.07360).

Version 1.0 is the paper's network without bypass connections; version 1.1 is the authors' later one, which needs less than half
of the computation: a smaller first kernel, and the pooling earlier. Both agree with torchvision's networks. As there and in the
authors' Caffe files, pooling windows at the right and lower edge may be incomplete (`ceil_mode`), and the class maps go through a
ReLU before they are averaged. Weights of `paddle.vision.models` do not belong to them: its networks pool whole windows only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from .base import IMAGENET, FeatureInfo, StagedClassifier, register_model

__all__ = ["SqueezeNet"]

PAPER = (
    "Iandola, Han, Moskewicz, Ashraf, Dally, Keutzer: "
    "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size, 2016"
)

# Outputs of the first convolution and its kernel size, and the modules before which there is pooling.
_VERSIONS = {"1.0": (96, 7, (2, 5, 9)), "1.1": (64, 3, (2, 4, 6))}


class Fire(nn.Layer):
    """A 1x1 convolution to few channels, and 1x1 and 3x3 convolutions from these to many: (N, C, H, W) -> (N, 2 expand, H, W)."""

    def __init__(self, in_channels: int, squeeze: int, expand: int):
        super().__init__()
        self.squeeze = nn.Conv2D(in_channels, squeeze, 1)
        self.squeeze_activation = nn.ReLU()
        self.expand1x1 = nn.Conv2D(squeeze, expand, 1)
        self.expand1x1_activation = nn.ReLU()
        self.expand3x3 = nn.Conv2D(squeeze, expand, 3, padding=1)
        self.expand3x3_activation = nn.ReLU()

    def forward(self, x):
        x = self.squeeze_activation(self.squeeze(x))
        return paddle.concat(
            [self.expand1x1_activation(self.expand1x1(x)), self.expand3x3_activation(self.expand3x3(x))], axis=1
        )


class SqueezeNet(StagedClassifier):
    """A convolution, eight fire modules, and a 1x1 convolution to the classes: (N, 3, H, W) -> (N, num_classes).

    Args:
        version: "1.0" or "1.1".
        num_classes: Number of classes.
        dropout: Part of the features that training leaves out before the last convolution.
        padding: Pad the first convolution, so that each map is half as large as the one before, as those of other
            backbones are; the authors do not.

    `feature_info` has the last features of each resolution.

    Raises:
        ValueError: There is no such version.
    """

    classifiers = ("classifier.1",)

    def __init__(self, version: str = "1.0", num_classes: int = 1000, dropout: float = 0.5, padding: bool = False):
        super().__init__()
        if version not in _VERSIONS:
            raise ValueError(f"SqueezeNet has the versions {' and '.join(_VERSIONS)}, not {version!r}")
        self.num_classes = num_classes
        channels, kernel_size, pooled = _VERSIONS[version]
        pad = kernel_size // 2 if padding else 0
        layers: list[nn.Layer] = [nn.Conv2D(3, channels, kernel_size, stride=2, padding=pad), nn.ReLU()]
        self.feature_info: list[FeatureInfo] = []
        self.ends: list[int] = []  # how many of the layers give each of these maps
        for number in range(2, 10):  # the paper's numbers of the fire modules
            if number in pooled:
                self._end_stage(channels, len(layers))
                layers.append(nn.MaxPool2D(3, 2, ceil_mode=True))
            squeeze = 16 * (number // 2)
            layers.append(Fire(channels, squeeze, 4 * squeeze))
            channels = 8 * squeeze
        self._end_stage(channels, len(layers))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Dropout(dropout), nn.Conv2D(channels, num_classes, 1), nn.ReLU(), nn.AdaptiveAvgPool2D(1)
        )
        nn.initializer.Normal(0.0, 0.01)(self.classifier[1].weight)

    def _end_stage(self, channels: int, num_layers: int) -> None:
        self.feature_info.append(FeatureInfo(channels, 2 ** (len(self.feature_info) + 1)))
        self.ends.append(num_layers)

    def run_stages(self, x: paddle.Tensor, last: int) -> list[paddle.Tensor]:
        maps = []
        for start, end in zip([0, *self.ends], self.ends[: last + 1]):
            x = self.features[start:end](x)
            maps.append(x)
        return maps

    def cut_after(self, stage: int) -> None:
        self.features = self.features[: self.ends[stage]]
        del self.feature_info[stage + 1 :], self.classifier

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.classifier(self.forward_features(x)).flatten(1)

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        if len(shapes) != 52 or "features.12.expand3x3.weight" not in shapes or "classifier.1.weight" not in shapes:
            return None
        kernel_size = shapes["features.0.weight"][2]
        for version in _VERSIONS:
            if _VERSIONS[version][1] == kernel_size:
                return {"version": version, "num_classes": shapes["classifier.1.weight"][0]}
        return None


for _version, _summary in (
    ("1.0", "The paper's network."),
    ("1.1", "The same accuracy at 2.4 times less computation."),
):
    register_model(
        f"squeezenet{_version.replace('.', '_')}",
        SqueezeNet,
        hyperparameters={"version": _version},
        paper=PAPER,
        summary=_summary,
        **IMAGENET,
    )
