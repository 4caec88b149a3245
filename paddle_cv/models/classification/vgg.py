"""VGG: Karen Simonyan, Andrew Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015
(arXiv:1409.1556).

Configurations A, B, D and E of the paper's Table 1, with 11, 13, 16 and 19 layers, and the same with batch normalisation after
each convolution, which is younger than the paper. They agree with torchvision's networks: the features are averaged to 7 x 7
before they are connected, so that pictures may have any size (at 224 x 224 they are 7 x 7 already).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from ..spec import PublishedWeights
from .base import IMAGENET, Classifier, register_model

__all__ = ["VGG"]

PAPER = "Simonyan, Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015"

# Convolutions in each of the five stages, after which the width doubles up to 512 and the size is halved.
_STAGES = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
_WIDTHS = (64, 128, 256, 512, 512)


class VGG(Classifier):
    """3x3 convolutions in five stages, and three fully connected layers: (N, 3, H, W) -> (N, num_classes).

    Args:
        depth: Layers with weights: 11, 13, 16 or 19.
        batch_norm: Normalise after each convolution.
        num_classes: Number of classes.
        dropout: Part of the outputs of each hidden fully connected layer that training leaves out.

    Raises:
        ValueError: There is no such depth.
    """

    classifiers = ("classifier.6",)

    def __init__(self, depth: int = 16, batch_norm: bool = False, num_classes: int = 1000, dropout: float = 0.5):
        super().__init__()
        if depth not in _STAGES:
            raise ValueError(f"VGG has 11, 13, 16 or 19 layers, not {depth!r}")
        self.num_classes = num_classes
        layers: list[nn.Layer] = []
        channels = 3
        for width, convolutions in zip(_WIDTHS, _STAGES[depth]):
            for _ in range(convolutions):
                layers.append(nn.Conv2D(channels, width, 3, padding=1))
                if batch_norm:
                    layers.append(nn.BatchNorm2D(width))
                layers.append(nn.ReLU())
                channels = width
            layers.append(nn.MaxPool2D(2, 2))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2D(7)
        # Of standard deviation 0.01: with He's rule, max pooling and dropout would make the first scores too large.
        small = nn.initializer.Uniform(-0.01 * 3**0.5, 0.01 * 3**0.5)
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096, weight_attr=small),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096, weight_attr=small),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, num_classes, weight_attr=small),
        )

    def forward_features(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.features(x)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.classifier(self.avgpool(self.forward_features(x)).flatten(1))

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        convolutions = [key for key, shape in shapes.items() if key.startswith("features.") and len(shape) == 4]
        depth = len(convolutions) + 3
        batch_norm = "features.1._mean" in shapes
        if depth not in _STAGES or len(shapes) != (6 if batch_norm else 2) * len(convolutions) + 6:
            return None
        last = shapes.get("classifier.6.weight", ())
        if shapes.get("features.0.weight") != [64, 3, 3, 3] or len(last) != 2 or last[0] != 4096:
            return None
        return {"depth": depth, "batch_norm": batch_norm, "num_classes": last[1]}


# Published for paddle.vision.models, whose networks have the same names.
_PUBLISHED = {
    "vgg16": PublishedWeights(
        "https://paddle-hapi.bj.bcebos.com/models/vgg16.pdparams", "89bbffc0f87d260be9b8cdc169c991c4"
    ),
    "vgg19": PublishedWeights(
        "https://paddle-hapi.bj.bcebos.com/models/vgg19.pdparams", "23b18bb13d8894f60f54e642be79a0dd"
    ),
}

for _depth, _configuration in ((11, "A"), (13, "B"), (16, "D"), (19, "E")):
    for _batch_norm in (False, True):
        _name = f"vgg{_depth}{'_bn' if _batch_norm else ''}"
        register_model(
            _name,
            VGG,
            hyperparameters={"depth": _depth, "batch_norm": _batch_norm},
            paper=PAPER,
            summary=f"Configuration {_configuration}{', with batch normalisation' if _batch_norm else ''}.",
            published=_PUBLISHED.get(_name),
            **IMAGENET,
        )
