"""DenseNet: Gao Huang, Zhuang Liu, Laurens van der Maaten, Kilian Weinberger,
"Densely Connected Convolutional Networks", CVPR 2017 (arXiv:1608.06993).

Each layer takes the concatenation of all feature maps before it in its block and appends `growth_rate` channels. This is the
paper's DenseNet-BC: a 1x1 convolution before each 3x3 one (B), and transitions that halve the channels (C).

Agrees with torchvision, names of the sublayers included. DenseNet-264 is PaddlePaddle's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from ..layers import Fusion, count_layers, init_like_he
from ..spec import PublishedWeights
from .base import IMAGENET, Classifier, register_model

__all__ = ["DenseNet"]


class DenseLayer(nn.Layer):
    """Appends `growth_rate` channels to its input, by a 1x1 convolution to `width` channels and a 3x3 one."""

    def __init__(self, in_channels: int, growth_rate: int, width: int):
        super().__init__()
        self.norm1 = nn.BatchNorm2D(in_channels)
        self.conv1 = nn.Conv2D(in_channels, width, 1, bias_attr=False)
        self.norm2 = nn.BatchNorm2D(width)
        self.conv2 = nn.Conv2D(width, growth_rate, 3, padding=1, bias_attr=False)
        self.relu = nn.ReLU()
        self.fusion = Fusion("concat")

    def forward(self, x):
        new = self.conv1(self.relu(self.norm1(x)))
        new = self.conv2(self.relu(self.norm2(new)))
        return self.fusion([x, new])


def transition(in_channels: int) -> nn.Sequential:
    """Halves the channels by a 1x1 convolution, and the resolution by averaging."""
    return nn.Sequential(
        ("norm", nn.BatchNorm2D(in_channels)),
        ("relu", nn.ReLU()),
        ("conv", nn.Conv2D(in_channels, in_channels // 2, 1, bias_attr=False)),
        ("pool", nn.AvgPool2D(2, stride=2)),
    )


class DenseNet(Classifier):
    """Densely connected network: (N, in_channels, H, W) -> (N, num_classes).

    Args:
        depths: Layers in each dense block.
        growth_rate: Channels that each of them appends.
        num_features: Channels before the first block.
        expansion: Channels of a layer's 1x1 convolution, as a multiple of the growth rate.
        in_channels: Channels of the input.
        num_classes: Number of classes.
    """

    classifiers = ("classifier",)

    def __init__(
        self,
        depths: Sequence[int] = (6, 12, 24, 16),
        growth_rate: int = 32,
        num_features: int = 64,
        expansion: int = 4,
        in_channels: int = 3,
        num_classes: int = 1000,
    ):
        super().__init__()
        self.num_classes = num_classes
        layers: list[tuple[str, nn.Layer]] = [
            ("conv0", nn.Conv2D(in_channels, num_features, 7, stride=2, padding=3, bias_attr=False)),
            ("norm0", nn.BatchNorm2D(num_features)),
            ("relu0", nn.ReLU()),
            ("pool0", nn.MaxPool2D(3, stride=2, padding=1)),
        ]
        channels = num_features
        for number, depth in enumerate(depths, start=1):
            if number > 1:
                layers.append((f"transition{number - 1}", transition(channels)))
                channels //= 2
            block = []
            for place in range(1, depth + 1):
                block.append((f"denselayer{place}", DenseLayer(channels, growth_rate, expansion * growth_rate)))
                channels += growth_rate
            layers.append((f"denseblock{number}", nn.Sequential(*block)))
        layers += [("norm5", nn.BatchNorm2D(channels)), ("relu5", nn.ReLU())]
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2D(1)
        self.classifier = nn.Linear(channels, num_classes)
        init_like_he(self)

    def forward_features(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.features(x)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.classifier(self.avgpool(self.forward_features(x)).flatten(1))

    @staticmethod
    def official_key(key: str) -> str:
        """The names in the weights that torchvision publishes, which are older than those of its network."""
        return re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12])\.", r"\1\2.", key)

    @staticmethod
    def paddle_key(key: str) -> str:
        """paddle.vision's names."""
        key = key.replace("._batch_norm.", ".norm.").replace("._conv.", ".conv.")
        key = re.sub(r"^conv1_func\.(conv|norm)\.", r"features.\g<1>0.", key)
        key = re.sub(
            r"^db_conv_(\d)\.conv\d_(\d+)\.bn_ac_func([12])\.(conv|norm)\.",
            lambda m: f"features.denseblock{int(m[1]) - 1}.denselayer{m[2]}.{m[4]}{m[3]}.",
            key,
        )
        key = re.sub(r"^tr_conv(\d)_blk\.conv_ac_func\.", lambda m: f"features.transition{int(m[1]) - 1}.", key)
        return re.sub(r"^out\.", "classifier.", re.sub(r"^batch_norm\.", "features.norm5.", key))

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the DenseNet that has a state dict of these shapes; None if it is none."""
        first, last = shapes.get("features.denseblock1.denselayer1.conv2.weight"), shapes.get("features.norm5._mean")
        classifier = shapes.get("classifier.weight")
        if not first or not last or not classifier or classifier[0] != last[0]:
            return None
        depths = []
        while f"features.denseblock{len(depths) + 1}.denselayer1.conv1.weight" in shapes:
            key = f"features.denseblock{len(depths) + 1}.denselayer{{}}.conv1.weight"
            depths.append(count_layers(shapes, key, start=1))
        num_features, in_channels = shapes["features.conv0.weight"][:2]
        return {
            "depths": tuple(depths),
            "growth_rate": first[0],
            "num_features": num_features,
            "expansion": first[1] // first[0],
            "in_channels": in_channels,
            "num_classes": classifier[1],
        }


# Layers, layers of the blocks, growth rate, channels before them, MD5 of the weights that PaddlePaddle publishes.
for _layers, _depths, _growth_rate, _num_features, _md5 in (
    (121, (6, 12, 24, 16), 32, 64, "db1b239ed80a905290fd8b01d3af08e4"),
    (161, (6, 12, 36, 24), 48, 96, "62158869cb315098bd25ddbfd308a853"),
    (169, (6, 12, 32, 32), 32, 64, "82cc7c635c3f19098c748850efb2d796"),
    (201, (6, 12, 48, 32), 32, 64, "16ca29565a7712329cf9e36e02caaf58"),
    (264, (6, 12, 64, 48), 32, 64, "3270ce516b85370bba88cfdd9f60bff4"),
):
    register_model(
        f"densenet{_layers}",
        DenseNet,
        hyperparameters={"depths": _depths, "growth_rate": _growth_rate, "num_features": _num_features},
        paper="Huang, Liu, van der Maaten, Weinberger: Densely Connected Convolutional Networks, CVPR 2017",
        summary=f"{_layers} layers, growth rate {_growth_rate}.",
        published=PublishedWeights(
            f"https://paddle-imagenet-models-name.bj.bcebos.com/dygraph/DenseNet{_layers}_pretrained.pdparams", _md5
        ),
        reference=None if _layers == 264 else "{name}",
        **IMAGENET,
    )
