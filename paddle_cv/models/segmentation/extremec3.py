"""ExtremeC3Net: Hyojin Park, Lars Lowe Sjösund, YoungJoon Yoo, Jihwan Bang, Nojun Kwak,
"ExtremeC3Net: Extreme Lightweight Portrait Segmentation Networks using Advanced C3-modules", 2019 (arXiv:1908.03093).

A C3-module (concentrated-comprehensive convolutions) looks at its input with several dilations; before each dilated
convolution two one-dimensional ones, as long as the gap between its taps, gather what it would pass over. Agrees with the
authors' PyTorch implementation, names of the sublayers included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional, Union

import paddle
from paddle import nn

from ..detection import detector
from ..network import Network
from ..registry import register_model
from .base import CLOVA_PORTRAIT, SegmentationSpec

__all__ = ["ExtremeC3Net"]


def conv(in_channels: int, out_channels: int, kernel_size: int = 1, stride: int = 1) -> nn.Conv2D:
    """A convolution without bias."""
    return nn.Conv2D(in_channels, out_channels, kernel_size, stride, kernel_size // 2, bias_attr=False)


def depthwise(channels: int, kernel_size: Union[int, Sequence[int]], dilation: int = 1) -> nn.Conv2D:
    """A convolution of each channel by itself, without bias."""
    height, width = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
    padding = (height // 2 * dilation, width // 2 * dilation)
    # Paddle's default would divide by the number of channels, which these kernels do not see.
    he = nn.initializer.KaimingNormal()
    return nn.Conv2D(
        channels, channels, kernel_size, 1, padding, dilation, groups=channels, weight_attr=he, bias_attr=False
    )


class Conv(nn.Layer):
    """A convolution under the name `conv`."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 1, stride: int = 1):
        super().__init__()
        self.conv = conv(in_channels, out_channels, kernel_size, stride)

    def forward(self, x):
        return self.conv(x)


class NormAct(nn.Layer):
    """Normalisation and PReLU."""

    def __init__(self, channels: int):
        super().__init__()
        self.bn = nn.BatchNorm2D(channels, epsilon=1e-3)
        self.act = nn.PReLU(channels)

    def forward(self, x):
        return self.act(self.bn(x))


class ConvNormAct(NormAct):
    """A convolution that halves the resolution before these."""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__(out_channels)
        self.conv = conv(in_channels, out_channels, 3, 2)

    def forward(self, x):
        return super().forward(self.conv(x))


class DilatedConv(nn.Layer):
    """A separable 3x3 convolution with a dilation; for one above 1 after two one-dimensional convolutions."""

    def __init__(self, in_channels: int, out_channels: int, dilation: int):
        super().__init__()
        layers: list[nn.Layer] = []
        if dilation > 1:
            length = 2 * dilation - 1
            layers = [
                depthwise(in_channels, (length, 1)),
                nn.BatchNorm2D(in_channels),
                nn.PReLU(in_channels),
                depthwise(in_channels, (1, length)),
                nn.BatchNorm2D(in_channels),
            ]
        self.conv = nn.Sequential(*layers, depthwise(in_channels, 3, dilation), conv(in_channels, out_channels))

    def forward(self, x):
        return self.conv(x)


class C3Module(nn.Layer):
    """Three dilated convolutions side by side, and with `residual` the sum with the input (paper, figure 3).

    The first module of all halves the resolution; the names of its last layers differ from the others'.
    """

    def __init__(
        self, in_channels: int, out_channels: int, dilations: Sequence[int], residual: bool, first: bool = False
    ):
        super().__init__()
        width = out_channels // 3
        self.c1 = Conv(in_channels, width, 3, 2) if first else Conv(in_channels, width)
        self.d1 = DilatedConv(width, out_channels - 2 * width, dilations[0])
        self.d2 = DilatedConv(width, width, dilations[1])
        self.d3 = DilatedConv(width, width, dilations[2])
        self.residual = residual
        if first:
            self.bn, self.act = nn.BatchNorm2D(out_channels, epsilon=1e-3), nn.PReLU(out_channels)
        else:
            self.bn, self.act = NormAct(out_channels), None

    def forward(self, x):
        inner = self.c1(x)
        y = paddle.concat([self.d1(inner), self.d2(inner), self.d3(inner)], axis=1)
        y = self.bn(x + y if self.residual else y)
        return y if self.act is None else self.act(y)


class Encoder(nn.Layer):
    """Features at 1/4 of the image's sides; the averaged image is put beside them at each resolution."""

    def __init__(self):
        super().__init__()
        self.halve = nn.AvgPool2D(2)
        self.level1 = ConvNormAct(3, 24)
        self.b1 = NormAct(24 + 3)
        self.level2_0 = C3Module(27, 48, (1, 2, 3), residual=False, first=True)
        self.level2 = nn.Sequential(C3Module(48, 48, (1, 3, 4), residual=True))
        self.b2 = NormAct(2 * 48 + 3)
        self.level3_0 = C3Module(99, 56, (1, 3, 5), residual=False)
        self.level3 = nn.Sequential(*(C3Module(56, 56, (2, 4, 8), residual=True) for _ in range(5)))
        self.b3 = NormAct(2 * 56)

    def forward(self, x):
        half = self.halve(x)
        first = self.level2_0(self.b1(paddle.concat([self.level1(x), half], axis=1)))
        second = self.b2(paddle.concat([self.level2(first), first, self.halve(half)], axis=1))
        first = self.level3_0(second)
        return self.b3(paddle.concat([first, self.level3(first)], axis=1))


class ExtremeC3Net(Network):
    """ExtremeC3Net: (N, 3, H, W), standardised colours, -> logits (N, num_classes, H, W); sides are multiples of 4.

    Args:
        num_classes: Number of classes.
    """

    def __init__(self, num_classes: int = 2):
        super().__init__()
        self.num_classes = num_classes
        self.encoder = Encoder()
        self.upsample = nn.Sequential(
            conv(112, 24), nn.BatchNorm2D(24), nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        )
        self.Fine = nn.Sequential(Conv(3, 24, 3, 2), C3Module(24, 24, (2, 4, 8), residual=True))
        self.classifier = nn.Sequential(
            NormAct(24),
            nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
            conv(24, num_classes),
        )

    def forward(self, x):
        return self.classifier(self.upsample(self.encoder(x)) + self.Fine(x))

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the ExtremeC3Net that has a state dict of these shapes; None if it is none."""
        last = shapes.get("classifier.2.weight")
        if not last or "Fine.1.d3.conv.6.weight" not in shapes or "encoder.level3.4.c1.conv.weight" not in shapes:
            return None
        return {"num_classes": last[0]}


register_model(
    "extremec3_portrait",
    ExtremeC3Net,
    paper="Park, Sjösund, Yoo et al.: ExtremeC3Net: Extreme Lightweight Portrait Segmentation Networks, 2019",
    summary="For portraits, with 38 thousand parameters.",
    spec=SegmentationSpec,
    reference="extremec3net_portrait",
    multiple=4,
    **CLOVA_PORTRAIT,
)
