"""AdaIN: Xun Huang, Serge Belongie, "Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization", ICCV 2017
(arXiv:1703.06868).

The features that VGG-19 gives of an image get the means and standard deviations of those of another one, the style; a
decoder makes an image of them. Agrees with a widespread PyTorch port, names of the sublayers included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from ..network import Network
from ..registry import register_model
from .base import StylizationSpec

__all__ = ["AdaIN", "adaptive_instance_norm"]


def reflected_conv(in_channels: int, out_channels: int) -> list[nn.Layer]:
    """A 3x3 convolution of the image continued by its reflection, and ReLU."""
    return [nn.Pad2D(1, mode="reflect"), nn.Conv2D(in_channels, out_channels, 3), nn.ReLU()]


def encoder() -> nn.Sequential:
    """VGG-19 up to relu4_1; its first convolution takes the mean colour away and swaps red and blue."""
    layers: list[nn.Layer] = [nn.Conv2D(3, 3, 1)]
    channels = 3
    for width, count in ((64, 2), (128, 2), (256, 4), (512, 1)):
        if width > 64:
            layers.append(nn.MaxPool2D(2, 2, ceil_mode=True))
        for _ in range(count):
            layers += reflected_conv(channels, width)
            channels = width
    return nn.Sequential(*layers)


def decoder() -> nn.Sequential:
    """The encoder the other way round; pixels are repeated where it pools."""
    layers: list[nn.Layer] = []
    channels = 512
    for stage in ((256,), (256, 256, 256, 128), (128, 64), (64, 3)):
        if channels < 512:
            layers.append(nn.Upsample(scale_factor=2, mode="nearest"))
        for width in stage:
            layers += reflected_conv(channels, width)
            channels = width
    return nn.Sequential(*layers[:-1])  # no ReLU at the end


def moments(features: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor]:
    """Mean and standard deviation of each channel of each image."""
    mean = features.mean([2, 3], keepdim=True)
    return mean, (features.var([2, 3], keepdim=True) + 1e-5).sqrt()


def adaptive_instance_norm(content: paddle.Tensor, style: paddle.Tensor) -> paddle.Tensor:
    """Features with the mean and standard deviation that each channel has in the style (paper, equation 8)."""
    mean, deviation = moments(content)
    style_mean, style_deviation = moments(style)
    return (content - mean) / deviation * style_deviation + style_mean


class AdaIN(Network):
    """Images (N, 3, H, W) and an image of the style each -> painted images as large, RGB in [0, 1] (not clipped).

    Sides that are no multiples of 8 come out enlarged to one; the style may have any size.
    """

    def __init__(self):
        super().__init__()
        self.encoder = encoder()
        self.decoder = decoder()

    def forward(self, x, style, alpha: float = 1.0):
        """Paints an image.

        Args:
            x: (N, 3, H, W), RGB in [0, 1].
            style: (N, 3, h, w), RGB in [0, 1].
            alpha: How much of the style: 0 gives the image itself, as far as the decoder can (paper, section 7).
        """
        features = self.encoder(x)
        painted = adaptive_instance_norm(features, self.encoder(style))
        return self.decoder(painted if alpha == 1 else features + alpha * (painted - features))

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """No hyperparameters; None if a state dict of these shapes is of another network."""
        return {} if "encoder.29.weight" in shapes and "decoder.28.weight" in shapes else None


register_model(
    "adain",
    AdaIN,
    paper="Huang, Belongie: Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization, ICCV 2017",
    summary="Paints in the style of any other image.",
    spec=StylizationSpec,
    any_style=True,
    multiple=8,
    extra_inputs={"style": (3, None, None)},
)
