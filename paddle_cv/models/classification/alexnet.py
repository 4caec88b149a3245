"""AlexNet: Alex Krizhevsky, Ilya Sutskever, Geoffrey E. Hinton, "ImageNet Classification with Deep Convolutional Neural Networks",
NIPS 2012, in the form of Alex Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014
(arXiv:1404.5997).

The form of 2014 has 64-192-384-256-256 channels instead of 96-256-384-384-256, one tower instead of two that see half of each
other's channels, and no local response normalisation. It agrees with torchvision's network: the features are averaged to 6 x 6
before they are connected, so that pictures may have any size (at 224 x 224 they are 6 x 6 already), and dropout comes before the
hidden fully connected layers. Unlike in the paper, convolutions start by He's rule, and biases at zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import numpy as np
import paddle
from paddle import nn

from ..detection import detector
from ..spec import PublishedWeights
from .base import IMAGENET, Classifier, register_model

__all__ = ["AlexNet"]

# Names in paddle.vision.models.
_PADDLE_KEYS = {
    "_conv1._conv": "features.0",
    "_conv2._conv": "features.3",
    "_conv3": "features.6",
    "_conv4": "features.8",
    "_conv5._conv": "features.10",
    "_fc6": "classifier.1",
    "_fc7": "classifier.4",
    "_fc8": "classifier.6",
}


class AlexNet(Classifier):
    """Five convolutions and three fully connected layers: (N, 3, H, W) -> (N, num_classes).

    Args:
        num_classes: Number of classes.
        dropout: Part of the values before each hidden fully connected layer that training leaves out.
    """

    classifiers = ("classifier.6",)
    smallest_input = 63

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5):
        super().__init__()
        self.num_classes = num_classes
        self.features = nn.Sequential(
            nn.Conv2D(3, 64, 11, stride=4, padding=2),
            nn.ReLU(),
            nn.MaxPool2D(3, 2),
            nn.Conv2D(64, 192, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2D(3, 2),
            nn.Conv2D(192, 384, 3, padding=1),
            nn.ReLU(),
            nn.Conv2D(384, 256, 3, padding=1),
            nn.ReLU(),
            nn.Conv2D(256, 256, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2D(3, 2),
        )
        self.avgpool = nn.AdaptiveAvgPool2D(6)
        # Of standard deviation 0.01: with He's rule, max pooling and dropout would make the first scores too large.
        small = nn.initializer.Uniform(-0.01 * 3**0.5, 0.01 * 3**0.5)
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(256 * 6 * 6, 4096, weight_attr=small),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096, weight_attr=small),
            nn.ReLU(),
            nn.Linear(4096, num_classes, weight_attr=small),
        )

    def forward_features(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.features(x)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.classifier(self.avgpool(self.forward_features(x)).flatten(1))

    @staticmethod
    def paddle_key(key: str) -> str:
        """Our name for an entry of paddle.vision's AlexNet."""
        layer, _, kind = key.rpartition(".")
        return f"{_PADDLE_KEYS.get(layer, layer)}.{kind}"

    @staticmethod
    def paddle_value(key: str, value: np.ndarray) -> np.ndarray:
        """Dropout of paddle.vision's AlexNet halves the values in prediction instead of doubling them in training."""
        return value * np.float32(0.5) if key in ("classifier.1.weight", "classifier.4.weight") else value

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        if len(shapes) != 16 or shapes.get("features.0.weight") != [64, 3, 11, 11]:
            return None
        last = shapes.get("classifier.6.weight", ())
        if "features.10.weight" not in shapes or len(last) != 2 or last[0] != 4096:
            return None
        return {"num_classes": last[1]}


register_model(
    "alexnet",
    AlexNet,
    paper=(
        "Krizhevsky, Sutskever, Hinton: ImageNet Classification with Deep Convolutional Neural Networks, NIPS 2012; "
        "Krizhevsky: One weird trick for parallelizing convolutional neural networks, 2014"
    ),
    summary="The form of 2014, without groups and local response normalisation.",
    published=PublishedWeights(
        "https://paddle-imagenet-models-name.bj.bcebos.com/dygraph/AlexNet_pretrained.pdparams",
        "7f0f9f737132e02732d75a1459d98a43",
    ),
    **IMAGENET,
)
