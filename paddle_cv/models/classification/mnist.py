"""Networks of the MNIST exercise: how far does each idea of the course carry?

`mnist_mlp` is where the exercise starts, two fully connected layers. `mnist_cnn` replaces them by convolutions and pooling,
`mnist_cnn_dropout` adds dropout (Srivastava et al., "Dropout: A simple way to prevent neural networks from overfitting", JMLR
2014), `mnist_cnn_bn` adds batch normalisation (Ioffe, Szegedy, "Batch normalization: Accelerating deep network training by
reducing internal covariate shift", ICML 2015) as well, and is twice as deep, which it makes possible. The networks
themselves are this project's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn
from paddle.nn.initializer import KaimingNormal

from ..detection import detector
from .base import Classifier, register_model

__all__ = ["MNISTConvNet", "MNISTPerceptron"]


class MNISTPerceptron(Classifier):
    """Fully connected layers: (N, 1, 28, 28) -> (N, num_classes)."""

    smallest_input = 28

    def __init__(self, num_hidden: int = 256, num_classes: int = 10):
        super().__init__()
        self.num_classes = num_classes
        self.hidden1 = nn.Linear(28 * 28, num_hidden)
        self.hidden2 = nn.Linear(num_hidden, num_hidden)
        self.fc = nn.Linear(num_hidden, num_classes)
        self.relu = nn.ReLU()
        # Pictures of other sizes are averaged to the one that the layers are made for.
        self.pool = nn.AdaptiveAvgPool2D(28)

    def forward_features(self, x: paddle.Tensor) -> paddle.Tensor:
        x = self.relu(self.hidden1(self.pool(x).flatten(1)))
        return self.relu(self.hidden2(x)).unsqueeze([2, 3])

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.fc(self.forward_features(x).flatten(1))

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        if len(shapes) != 6 or shapes.get("hidden1.weight", [0])[0] != 28 * 28 or "fc.weight" not in shapes:
            return None
        return {"num_hidden": shapes["hidden1.weight"][1], "num_classes": shapes["fc.weight"][1]}


class MNISTConvNet(Classifier):
    """Stages of 3 x 3 convolutions with max pooling between them: (N, 1, 28, 28) -> (N, num_classes).

    Args:
        num_features: Channels of each stage.
        num_convs: Convolutions of each stage.
        batch_norm: Normalise after each convolution.
        dropout: Share of the last feature map that is left out in training.
        num_classes: Classes.
    """

    smallest_input = 28

    def __init__(
        self,
        num_features: Sequence[int] = (32, 64),
        num_convs: int = 1,
        batch_norm: bool = False,
        dropout: float = 0.0,
        num_classes: int = 10,
    ):
        super().__init__()
        self.num_classes = num_classes
        layers: list[nn.Layer] = []
        channels = 1
        for stage, features in enumerate(num_features):
            if stage:
                layers.append(nn.MaxPool2D(2))
            for _ in range(num_convs):
                bias = False if batch_norm else None
                layers.append(nn.Conv2D(channels, features, 3, padding=1, weight_attr=KaimingNormal(), bias_attr=bias))
                if batch_norm:
                    layers.append(nn.BatchNorm2D(features))
                layers.append(nn.ReLU())
                channels = features
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2D(4)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(16 * channels, num_classes)

    def forward_features(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.features(x)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.fc(self.dropout(self.pool(self.forward_features(x)).flatten(1)))

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        convs = [shape for key, shape in shapes.items() if key.startswith("features.") and len(shape) == 4]
        if "fc.weight" not in shapes or not convs or convs[0][1] != 1 or any(shape[2:] != [3, 3] for shape in convs):
            return None
        if set(shapes) - {"fc.weight", "fc.bias"} != {key for key in shapes if key.startswith("features.")}:
            return None
        widths = tuple(dict.fromkeys(shape[0] for shape in convs))
        return {
            "num_features": widths,
            "num_convs": len(convs) // len(widths),
            "batch_norm": any(key.endswith("._mean") for key in shapes),
            "num_classes": shapes["fc.weight"][1],
        }


_FACTS = {
    "in_channels": 1,
    "resize": 28,
    "input_size": 28,
    "mean": (0.1307,),
    "std": (0.3081,),
    "labels": "mnist",
    "reference": None,
}
register_model("mnist_mlp", MNISTPerceptron, summary="Two hidden layers of 256 units.", **_FACTS)
register_model("mnist_cnn", MNISTConvNet, summary="Two convolutions and one fully connected layer.", **_FACTS)
register_model(
    "mnist_cnn_dropout",
    MNISTConvNet,
    hyperparameters={"dropout": 0.5},
    summary="The same with dropout before the last layer.",
    **_FACTS,
)
register_model(
    "mnist_cnn_bn",
    MNISTConvNet,
    hyperparameters={"num_features": (32, 64, 128), "num_convs": 2, "batch_norm": True, "dropout": 0.4},
    hub_modules={None: "mnist_cnn_bn"},
    summary="Six convolutions with batch normalisation, and dropout.",
    **_FACTS,
)
