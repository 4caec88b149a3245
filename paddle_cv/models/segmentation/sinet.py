"""SINet: Hyojin Park, Lars Lowe Sjösund, YoungJoon Yoo, Nicolas Monet, Jihwan Bang, Nojun Kwak,
"SINet: Extreme Lightweight Portrait Segmentation Networks with Spatial Squeeze Modules and Information Blocking Decoder",
WACV 2020 (arXiv:1911.09099).

Each module of the encoder looks at its input at two resolutions (spatial squeeze); the decoder lets finer features in only
where the coarse ones are not sure (information blocking). Agrees with the authors' PyTorch implementation, names of the
sublayers included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Optional

import paddle
from paddle import nn
from paddle.nn import functional as F

from ..detection import detector
from ..layers import resize_like
from ..network import Network
from ..registry import register_model
from .base import CLOVA_PORTRAIT, SegmentationSpec

__all__ = ["SINet"]


def conv(in_channels: int, out_channels: int, kernel_size: int = 1, stride: int = 1, groups: int = 1) -> nn.Conv2D:
    """A convolution without bias."""
    return nn.Conv2D(in_channels, out_channels, kernel_size, stride, kernel_size // 2, groups=groups, bias_attr=False)


def norm(channels: int) -> nn.BatchNorm2D:
    return nn.BatchNorm2D(channels, epsilon=1e-3)


def double(x: paddle.Tensor) -> paddle.Tensor:
    """Enlarged twice; the corners stay where they are."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)


class Conv(nn.Layer):
    """A convolution under the name `conv`."""

    def __init__(self, in_channels: int, out_channels: int, groups: int = 1):
        super().__init__()
        self.conv = conv(in_channels, out_channels, groups=groups)

    def forward(self, x):
        return self.conv(x)


class NormAct(nn.Layer):
    """Normalisation and PReLU."""

    def __init__(self, channels: int):
        super().__init__()
        self.bn = norm(channels)
        self.act = nn.PReLU(channels)

    def forward(self, x):
        return self.act(self.bn(x))


class ConvNormAct(NormAct):
    """A convolution, or several layers, before these."""

    def __init__(self, layers: nn.Layer, channels: int):
        super().__init__(channels)
        self.conv = layers

    def forward(self, x):
        return super().forward(self.conv(x))


class SqueezeBlock(nn.Layer):
    """Weights each channel by what fully connected layers with PReLU, a bottleneck between, make of the channels' means."""

    def __init__(self, channels: int, reduction: int):
        super().__init__()
        inner = channels // reduction
        layers = [nn.Linear(channels, inner), nn.PReLU(inner)]
        if reduction > 1:
            layers += [nn.Linear(inner, channels), nn.PReLU(channels)]
        self.dense = nn.Sequential(*layers)

    def forward(self, x):
        return x * self.dense(x.mean([2, 3])).unsqueeze([2, 3])


def reduced(in_channels: int, out_channels: int, reduction: int) -> ConvNormAct:
    """A separable convolution that halves the resolution, its channels weighted in between."""
    layers = nn.Sequential(
        conv(in_channels, in_channels, 3, 2, in_channels),
        SqueezeBlock(in_channels, reduction),
        conv(in_channels, out_channels),
    )
    return ConvNormAct(layers, out_channels)


class Branch(NamedTuple):
    """Of a spatial squeeze module: the side of its kernel, and of the squares that are averaged before it."""

    kernel_size: int
    pool: int


class SqueezedConv(nn.Layer):
    """A separable convolution of the averaged input, enlarged again (the paper's S2-block)."""

    def __init__(self, channels: int, branch: Branch):
        super().__init__()
        self.pool = nn.AvgPool2D(branch.pool) if branch.pool > 1 else None
        self.conv = nn.Sequential(conv(channels, channels, branch.kernel_size, groups=channels), norm(channels))
        self.act_conv1x1 = nn.Sequential(nn.PReLU(channels), conv(channels, channels))
        self.bn = norm(channels)

    def forward(self, x):
        y = self.act_conv1x1(self.conv(x if self.pool is None else self.pool(x)))
        return self.bn(y if self.pool is None else resize_like(y, x, align_corners=True))


class SpatialSqueezeModule(nn.Layer):
    """Two S2-blocks side by side, and where the widths agree the sum with the input."""

    def __init__(self, in_channels: int, out_channels: int, branches: Sequence[Branch]):
        super().__init__()
        half = out_channels // 2
        self.c1 = Conv(in_channels, half, groups=2)
        self.shuffle = nn.ChannelShuffle(2)
        self.d1, self.d2 = (SqueezedConv(half, branch) for branch in branches)
        self.residual = in_channels == out_channels
        self.BR = NormAct(out_channels)

    def forward(self, x):
        inner = self.shuffle(self.c1(x))
        y = paddle.concat([self.d1(inner), self.d2(inner)], axis=1)
        return self.BR(x + y if self.residual else y)


LEVEL2 = (
    (Branch(3, 1), Branch(5, 1)),
    (Branch(3, 1), Branch(3, 1)),
)
LEVEL3 = (
    (Branch(3, 1), Branch(5, 1)),
    (Branch(3, 1), Branch(3, 1)),
    (Branch(5, 1), Branch(3, 2)),
    (Branch(5, 2), Branch(3, 4)),
    (Branch(3, 1), Branch(3, 1)),
    (Branch(5, 1), Branch(5, 1)),
    (Branch(3, 2), Branch(3, 4)),
    (Branch(3, 1), Branch(5, 2)),
)


def modules(in_channels: int, out_channels: int, level: Sequence[Sequence[Branch]]) -> nn.Sequential:
    return nn.Sequential(
        *(
            SpatialSqueezeModule(out_channels if place else in_channels, out_channels, branches)
            for place, branches in enumerate(level)
        )
    )


class Encoder(nn.Layer):
    """Features at 1/4 of the image's sides, and scores of the classes at 1/8."""

    def __init__(self, num_classes: int):
        super().__init__()
        self.level1 = ConvNormAct(conv(3, 12, 3, 2), 12)
        self.level2_0 = reduced(12, 16, reduction=1)
        self.level2 = modules(16, 48, LEVEL2)
        self.BR2 = NormAct(16 + 48)
        self.level3_0 = reduced(64, 48, reduction=2)
        self.level3 = modules(48, 96, LEVEL3)
        self.BR3 = NormAct(48 + 96)
        self.classifier = Conv(144, num_classes)

    def forward(self, x):
        before = self.level2_0(self.level1(x))
        features = self.level2(before)
        before3 = self.level3_0(self.BR2(paddle.concat([before, features], axis=1)))
        return features, self.classifier(self.BR3(paddle.concat([before3, self.level3(before3)], axis=1)))


class SINet(Network):
    """SINet: (N, 3, H, W), standardised colours, -> logits (N, num_classes, H, W); sides are multiples of 32.

    Args:
        num_classes: Number of classes.
    """

    def __init__(self, num_classes: int = 2):
        super().__init__()
        self.num_classes = num_classes
        self.encoder = Encoder(num_classes)
        self.bn_3 = norm(num_classes)
        self.level2_C = ConvNormAct(conv(48, num_classes), num_classes)
        self.bn_2 = norm(num_classes)
        self.classifier = nn.Sequential(
            nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True), conv(num_classes, num_classes, 3)
        )

    def forward(self, x):
        features, scores = self.encoder(x)
        coarse = self.bn_3(double(scores))
        unsure = 1 - F.softmax(coarse, axis=1).max(axis=1, keepdim=True)
        return self.classifier(self.bn_2(double(self.level2_C(features) * unsure + coarse)))

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the SINet that has a state dict of these shapes; None if it is none."""
        last = shapes.get("level2_C.conv.weight")
        if not last or "encoder.level3.7.d2.conv.0.weight" not in shapes:
            return None
        return {"num_classes": last[0]}


register_model(
    "sinet_portrait",
    SINet,
    paper="Park, Sjösund, Yoo et al.: SINet: Extreme Lightweight Portrait Segmentation Networks, WACV 2020",
    summary="For portraits, with 87 thousand parameters.",
    spec=SegmentationSpec,
    multiple=32,
    **CLOVA_PORTRAIT,
)
