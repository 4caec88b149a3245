"""LeNet-5 (LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", Proc. IEEE 1998).

The form that courses teach, with 61,706 parameters: ReLU instead of scaled tanh, max pooling instead of trained subsampling,
all feature maps connected with all, and a fully connected last layer instead of radial basis functions. It agrees with the
network of PyTorch's tutorial.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from .base import Classifier, register_model

__all__ = ["LeNet"]


class LeNet(Classifier):
    """Two convolutions with pooling, three fully connected layers: (N, in_channels, 32, 32) -> (N, num_classes).

    Pictures have 32 to 35 pixels a side, as nothing averages the features before they are connected.
    """

    classifiers = ("fc3",)

    def __init__(self, in_channels: int = 1, num_classes: int = 10):
        super().__init__()
        self.num_classes = num_classes
        self.conv1 = nn.Conv2D(in_channels, 6, 5)
        self.conv2 = nn.Conv2D(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, num_classes)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2D(2)

    def forward_features(self, x: paddle.Tensor) -> paddle.Tensor:
        x = self.pool(self.relu(self.conv1(x)))
        return self.pool(self.relu(self.conv2(x)))

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        x = self.relu(self.fc1(self.forward_features(x).flatten(1)))
        return self.fc3(self.relu(self.fc2(x)))

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        if len(shapes) != 10 or shapes.get("conv2.weight") != [16, 6, 5, 5] or "fc3.weight" not in shapes:
            return None
        return {"in_channels": shapes["conv1.weight"][1], "num_classes": shapes["fc3.weight"][1]}


register_model(
    "lenet",
    LeNet,
    in_channels=1,
    resize=28,  # and black around them
    input_size=32,
    mean=(0.1307,),
    std=(0.3081,),
    labels="mnist",
    reference="lenet5",
    hub_modules={None: "lenet_mnist"},
    paper='LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", Proc. IEEE 1998',
    summary="Two convolutions and three fully connected layers, for digits of 32 x 32 pixels.",
)
