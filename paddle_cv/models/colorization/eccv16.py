"""Richard Zhang, Phillip Isola, Alexei A. Efros, "Colorful Image Colorization", ECCV 2016 (arXiv:1603.08511).

For each place the network weighs 313 colours, the bins of the (a, b) plane of CIELAB that occur; the result is their weighted mean.
Agrees with the authors' PyTorch implementation, names of the sublayers included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn
from paddle.nn import functional as F

from ..detection import detector
from ..network import Network
from ..registry import register_model
from .base import ColorizationSpec

__all__ = ["ECCV16", "AB_RANGE", "conv_stage", "normalized_lightness"]

#: What a and b are divided by.
AB_RANGE = 110.0


def normalized_lightness(lightness: paddle.Tensor) -> paddle.Tensor:
    """L in 0...100 as a number in -0.5...0.5."""
    return (lightness - 50.0) / 100.0


def conv_stage(in_channels: int, out_channels: int, count: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """3x3 convolutions with ReLU, the last of them with the stride, and one normalisation."""
    layers: list[nn.Layer] = []
    for place in range(count):
        own_stride = stride if place == count - 1 else 1
        layers += [nn.Conv2D(in_channels, out_channels, 3, own_stride, dilation, dilation), nn.ReLU()]
        in_channels = out_channels
    return nn.Sequential(*layers, nn.BatchNorm2D(out_channels))


class ECCV16(Network):
    """Lightness (N, 1, H, W), in 0...100, -> colours (N, 2, H, W), a and b of CIELAB; sides are multiples of 8.

    In training it gives two: the colours, and the logits of the bins (N, num_bins, H / 4, W / 4), which the authors' loss compares.

    Args:
        num_bins: Colours that are weighed.
    """

    def __init__(self, num_bins: int = 313):
        super().__init__()
        self.model1 = conv_stage(1, 64, 2, stride=2)
        self.model2 = conv_stage(64, 128, 2, stride=2)
        self.model3 = conv_stage(128, 256, 3, stride=2)
        self.model4 = conv_stage(256, 512, 3)
        self.model5 = conv_stage(512, 512, 3, dilation=2)
        self.model6 = conv_stage(512, 512, 3, dilation=2)
        self.model7 = conv_stage(512, 512, 3)
        self.model8 = nn.Sequential(
            nn.Conv2DTranspose(512, 256, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2D(256, 256, 3, padding=1),
            nn.ReLU(),
            nn.Conv2D(256, 256, 3, padding=1),
            nn.ReLU(),
            nn.Conv2D(256, num_bins, 1),
        )
        self.model_out = nn.Conv2D(num_bins, 2, 1, bias_attr=False)  # the colours of the bins

    def forward(self, lightness):
        x = normalized_lightness(lightness)
        for number in range(1, 9):
            x = getattr(self, f"model{number}")(x)
        ab = F.interpolate(self.model_out(F.softmax(x, axis=1)), scale_factor=4, mode="bilinear") * AB_RANGE
        return (ab, x) if self.training else ab

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the ECCV16 that has a state dict of these shapes; None if it is none."""
        out = shapes.get("model_out.weight")
        if not out or "model8.6.weight" not in shapes or "model7.4.weight" not in shapes:
            return None
        return {"num_bins": out[1]}


register_model(
    "eccv16",
    ECCV16,
    paper="Zhang, Isola, Efros: Colorful Image Colorization, ECCV 2016",
    summary="Weighs 313 colours for each place: vivid colours, without a hint.",
    spec=ColorizationSpec,
)
