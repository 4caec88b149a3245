"""Xception: François Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", CVPR 2017 (arXiv:1610.02357); and
its modification in Liang-Chieh Chen, Yukun Zhu, George Papandreou, Florian Schroff, Hartwig Adam, "Encoder-Decoder with Atrous
Separable Convolution for Semantic Image Segmentation", ECCV 2018 (arXiv:1802.02611).

The modification, which the latter paper's figure 4 shows with 65 layers, has more layers, strides instead of max pooling, and batch
normalisation after each depthwise convolution. All agree with timm's networks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from .base import IMAGENET_299, Classifier, FeatureInfo, StagedClassifier, register_model, stage_strides

__all__ = ["AlignedXception", "Xception"]


def conv(in_channels: int, out_channels: int, kernel_size: int = 1, stride: int = 1, padding: int = 0) -> nn.Conv2D:
    """Convolution without bias."""
    return nn.Conv2D(in_channels, out_channels, kernel_size, stride=stride, padding=padding, bias_attr=False)


def depthwise(channels: int, stride: int = 1, dilation: int = 1) -> nn.Conv2D:
    """3x3 convolution of each channel by itself."""
    # Paddle's default would divide by the number of channels, which these kernels do not see.
    he = nn.initializer.KaimingNormal()
    return nn.Conv2D(
        channels, channels, 3, stride, dilation, dilation, groups=channels, weight_attr=he, bias_attr=False
    )


class SeparableConv(nn.Layer):
    """Depthwise 3x3 convolution, then a 1x1 convolution (paper, section 3), with nothing between."""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        self.conv1 = depthwise(in_channels)
        self.pointwise = conv(in_channels, out_channels)

    def forward(self, x):
        return self.pointwise(self.conv1(x))


class Block(nn.Layer):
    """Separable convolutions to `widths`, each after a ReLU, and the sum with the input; or with `halve` with its projection."""

    def __init__(self, in_channels: int, widths: Sequence[int], halve: bool, relu_first: bool = True):
        super().__init__()
        layers: list[nn.Layer] = []
        channels = in_channels
        for width in widths:
            layers += [nn.ReLU(), SeparableConv(channels, width), nn.BatchNorm2D(width)]
            channels = width
        if halve:
            layers.append(nn.MaxPool2D(3, 2, padding=1))
            self.skip = conv(in_channels, channels, stride=2)
            self.skipbn = nn.BatchNorm2D(channels)
        else:
            self.skip = None
        self.rep = nn.Sequential(*layers[0 if relu_first else 1 :])

    def forward(self, x):
        return self.rep(x) + (x if self.skip is None else self.skipbn(self.skip(x)))


class Xception(Classifier):
    """Twelve blocks of separable convolutions and two more of these (paper, figure 5): (N, 3, H, W) -> (N, num_classes).

    Args:
        num_classes: Number of classes.
        dropout: Part of the features that training leaves out before the last layer.
    """

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5):
        super().__init__()
        self.num_classes = num_classes
        self.conv1 = conv(3, 32, 3, stride=2)
        self.bn1 = nn.BatchNorm2D(32)
        self.conv2 = conv(32, 64, 3)
        self.bn2 = nn.BatchNorm2D(64)
        self.block1 = Block(64, (128, 128), halve=True, relu_first=False)
        self.block2 = Block(128, (256, 256), halve=True)
        self.block3 = Block(256, (728, 728), halve=True)
        for number in range(4, 12):
            setattr(self, f"block{number}", Block(728, (728, 728, 728), halve=False))
        self.block12 = Block(728, (728, 1024), halve=True)
        self.conv3 = SeparableConv(1024, 1536)
        self.bn3 = nn.BatchNorm2D(1536)
        self.conv4 = SeparableConv(1536, 2048)
        self.bn4 = nn.BatchNorm2D(2048)
        self.relu = nn.ReLU()
        self.avgpool = nn.AdaptiveAvgPool2D(1)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(2048, num_classes)

    def forward_features(self, x: paddle.Tensor) -> paddle.Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        for number in range(1, 13):
            x = getattr(self, f"block{number}")(x)
        x = self.relu(self.bn3(self.conv3(x)))
        return self.relu(self.bn4(self.conv4(x)))

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.fc(self.dropout(self.avgpool(self.forward_features(x)).flatten(1)))

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        last = shapes.get("fc.weight", ())
        if "block12.rep.4.pointwise.weight" not in shapes or len(last) != 2 or last[0] != 2048:
            return None
        return {"num_classes": last[1]}


class ConvNorm(nn.Layer):
    """Convolution without bias and batch normalisation, then perhaps a ReLU."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, relu: bool = True):
        super().__init__()
        self.conv = conv(in_channels, out_channels, kernel_size, stride, kernel_size // 2)
        self.bn = nn.BatchNorm2D(out_channels, epsilon=1e-3)
        self.relu = nn.ReLU() if relu else None

    def forward(self, x):
        x = self.bn(self.conv(x))
        return x if self.relu is None else self.relu(x)


class SeparableConvNorm(nn.Layer):
    """Depthwise and 1x1 convolution, each normalised, then with `relu` a ReLU."""

    def __init__(self, in_channels: int, out_channels: int, stride: int, relu: bool, dilation: int = 1):
        super().__init__()
        self.conv_dw = depthwise(in_channels, stride, dilation)
        self.bn_dw = nn.BatchNorm2D(in_channels, epsilon=1e-3)
        self.conv_pw = conv(in_channels, out_channels)
        self.bn_pw = nn.BatchNorm2D(out_channels, epsilon=1e-3)
        self.relu = nn.ReLU() if relu else None

    def forward(self, x):
        x = self.bn_dw(self.conv_dw(x))
        x = self.bn_pw(self.conv_pw(x if self.relu is None else self.relu(x)))
        return x if self.relu is None else self.relu(x)


class AlignedBlock(nn.Layer):
    """Three separable convolutions to `widths`, the last with `stride`, and the sum with the input or its projection.

    A ReLU comes before each of them; in the `last` block one comes after each convolution instead, and there is no sum.
    """

    def __init__(self, in_channels: int, widths: Sequence[int], stride: int = 1, dilation: int = 1, last: bool = False):
        super().__init__()
        layers: list[tuple[str, nn.Layer]] = []
        channels = in_channels
        for number, width in enumerate(widths, 1):
            if not last:
                layers.append((f"act{number}", nn.ReLU()))
            own_stride = stride if number == 3 else 1
            layers.append((f"conv{number}", SeparableConvNorm(channels, width, own_stride, last, dilation)))
            channels = width
        self.stack = nn.Sequential(*layers)
        self.last = last
        fits = stride == 1 and channels == in_channels
        self.shortcut = None if fits or last else ConvNorm(in_channels, channels, 1, stride, relu=False)

    def before_last(self, x):
        """What the second separable convolution gives: features before the stride."""
        return self.stack[:-2](x)

    def forward(self, x):
        return self.finish(x, self.before_last(x))

    def finish(self, x, features):
        """The output, from the input and what `before_last` made of it."""
        outputs = self.stack[-2:](features)
        if self.last:
            return outputs
        return outputs + (x if self.shortcut is None else self.shortcut(x))


class AlignedXception(StagedClassifier):
    """The modified Xception: (N, 3, H, W) -> (N, num_classes).

    Args:
        middle_blocks: Blocks of the middle flow: 8 for 41 layers, 16 for 65.
        num_classes: Number of classes.
        dropout: Part of the features that training leaves out before the last layer.
        output_stride: The image's side over the last feature map's: 32, or 16 or 8 with dilated convolutions instead of strides.

    `feature_info` has the output of the first block, and then the last features of each resolution; those with 256 channels at a
    quarter of the image's sides are inside the second block.
    """

    classifiers = ("head.fc",)

    def __init__(self, middle_blocks: int = 16, num_classes: int = 1000, dropout: float = 0.5, output_stride: int = 32):
        super().__init__()
        self.num_classes = num_classes
        self.stem = nn.Sequential(ConvNorm(3, 32, 3, stride=2), ConvNorm(32, 64, 3))
        # The entry flow's last block and the exit flow's first have strides; what follows each is dilated in their stead.
        entry, leave = stage_strides((2, 2), output_stride, 8)
        self.blocks = nn.Sequential(
            AlignedBlock(64, (128, 128, 128), 2),
            AlignedBlock(128, (256, 256, 256), 2),
            AlignedBlock(256, (728, 728, 728), entry.stride, entry.first_dilation),
            *(AlignedBlock(728, (728, 728, 728), 1, entry.dilation) for _ in range(middle_blocks)),
            AlignedBlock(728, (728, 1024, 1024), leave.stride, leave.first_dilation),
            AlignedBlock(1024, (1536, 1536, 2048), 1, leave.dilation, last=True),
        )
        middle_stride = 8 * entry.stride
        self.feature_info = [
            FeatureInfo(128, 4),
            FeatureInfo(256, 4),
            FeatureInfo(256, 8),
            FeatureInfo(728, middle_stride),
            FeatureInfo(2048, middle_stride * leave.stride),
        ]
        self.head = nn.Sequential(
            ("pool", nn.AdaptiveAvgPool2D(1)),
            ("flatten", nn.Flatten()),
            ("dropout", nn.Dropout(dropout)),
            ("fc", nn.Linear(2048, num_classes)),
        )

    def run_stages(self, x: paddle.Tensor, last: int) -> list[paddle.Tensor]:
        first, second = self.blocks[0], self.blocks[1]
        quarter = first(self.stem(x))
        inner = second.before_last(quarter)
        maps = [quarter, inner, second.finish(quarter, inner)]
        if last > 2:
            maps.append(self.blocks[2:-2](maps[-1]))
        if last > 3:
            maps.append(self.blocks[-2:](maps[-1]))
        return maps

    def cut_after(self, stage: int) -> None:
        if stage + 1 < len(self.feature_info):
            raise ValueError("the backbone is used up to its last features")
        del self.head

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.head(self.forward_features(x))

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        last = shapes.get("head.fc.weight", ())
        if "blocks.0.stack.conv1.conv_dw.weight" not in shapes or len(last) != 2 or last[0] != 2048:
            return None
        blocks = 1 + max(int(key.split(".")[1]) for key in shapes if key.startswith("blocks."))
        return {"middle_blocks": blocks - 5, "num_classes": last[1]}


_FACTS = {**IMAGENET_299, "resize": 333, "mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}

register_model(
    "xception",
    Xception,
    paper="Chollet: Xception: Deep Learning with Depthwise Separable Convolutions, CVPR 2017",
    summary="The paper's network.",
    **_FACTS,
)
for _layers, _middle_blocks in ((41, 8), (65, 16)):
    register_model(
        f"xception{_layers}",
        AlignedXception,
        hyperparameters={"middle_blocks": _middle_blocks},
        paper=(
            "Chen, Zhu, Papandreou, Schroff, Adam: "
            "Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation, ECCV 2018"
        ),
        summary=f"The modified Xception of {_layers} layers.",
        **_FACTS,
    )
