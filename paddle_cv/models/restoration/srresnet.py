"""SRResNet and SRGAN: Christian Ledig, Lucas Theis, Ferenc Huszar, Jose Caballero, Andrew Cunningham, Alejandro Acosta,
Andrew Aitken, Alykhan Tejani, Johannes Totz, Zehan Wang, Wenzhe Shi, "Photo-Realistic Single Image Super-Resolution Using
a Generative Adversarial Network", CVPR 2017 (arXiv:1609.04802).

SRResNet is the network trained with the mean squared error; the generator of SRGAN is the same network. No authors' code is
public: generator and discriminator follow the paper's Figure 4 and agree with a PyTorch implementation
(Lornatang/SRGAN-PyTorch), whose clamp of the output to [0, 1] is left out, as in the paper. That implementation has one PReLU
slope per layer.

The light generator is that of another port (leftthomas/SRGAN): 5 blocks, biases before batch norm, and a tanh at the end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from paddle import nn

from ..detection import detector
from ..layers import count_layers, init_like_pytorch, kernel_radius
from ..network import Network
from ..spec import ModelSpec
from .base import register_model

__all__ = ["SRGANDiscriminator", "SRResNet"]

PAPER = "Ledig, Theis, Huszar et al.: Photo-Realistic Single Image SR Using a Generative Adversarial Network, CVPR 2017"


class NormalizedResidualBlock(nn.Layer):
    """Convolution, batch norm, PReLU, convolution, batch norm, and the sum with the input."""

    def __init__(self, num_features: int, bias: bool):
        super().__init__()
        bias_attr = None if bias else False
        self.rcb = nn.Sequential(
            nn.Conv2D(num_features, num_features, 3, padding=1, bias_attr=bias_attr),
            nn.BatchNorm2D(num_features),
            nn.PReLU(),
            nn.Conv2D(num_features, num_features, 3, padding=1, bias_attr=bias_attr),
            nn.BatchNorm2D(num_features),
        )

    def forward(self, x):
        return x + self.rcb(x)


class UpsamplingBlock(nn.Layer):
    """Sub-pixel convolution with a PReLU after the pixel shuffle."""

    def __init__(self, factor: int, num_features: int):
        super().__init__()
        self.upsample_block = nn.Sequential(
            nn.Conv2D(num_features, num_features * factor**2, 3, padding=1), nn.PixelShuffle(factor), nn.PReLU()
        )

    def forward(self, x):
        return self.upsample_block(x)


class SRResNet(Network):
    """Residual network with batch normalisation, the generator of SRGAN.

    Input and output are NCHW float32 in [0, 1], RGB unless `in_channels` is 1: (N, C, H, W) -> (N, C, scale H, scale W).

    Args:
        scale: Enlargement factor: 2, 3, 4 or 8.
        num_blocks: Residual blocks (the paper's B).
        num_features: Channels.
        in_channels: Channels of the input and of the output.
        port: Biases before batch norm, and the output squeezed into (0, 1) by a tanh, as in a port with many checkpoints.

    Raises:
        ValueError: `scale` is none of 2, 3, 4, 8.
    """

    def __init__(
        self,
        scale: int = 4,
        num_blocks: int = 16,
        num_features: int = 64,
        in_channels: int = 3,
        port: bool = False,
    ):
        super().__init__()
        if scale not in (2, 3, 4, 8):
            raise ValueError(f"SRResNet enlarges by 2, 3, 4 or 8, not by {scale!r}")
        self.scale = scale
        self.conv1 = nn.Sequential(nn.Conv2D(in_channels, num_features, 9, padding=4), nn.PReLU())
        self.trunk = nn.Sequential(*(NormalizedResidualBlock(num_features, port) for _ in range(num_blocks)))
        self.conv2 = nn.Sequential(
            nn.Conv2D(num_features, num_features, 3, padding=1, bias_attr=None if port else False),
            nn.BatchNorm2D(num_features),
        )
        factors = (3,) if scale == 3 else (2,) * (scale.bit_length() - 1)
        self.upsampling = nn.Sequential(*(UpsamplingBlock(factor, num_features) for factor in factors))
        self.conv3 = nn.Conv2D(num_features, in_channels, 9, padding=4)
        self.tanh = nn.Tanh() if port else None
        init_like_pytorch(self)

    def forward(self, x):
        x = self.conv1(x)
        x = self.conv3(self.upsampling(x + self.conv2(self.trunk(x))))
        return x if self.tanh is None else (self.tanh(x) + 1) / 2

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on (an upper bound)."""
        return kernel_radius(self)

    @staticmethod
    def official_key(key: str) -> str:
        """Our name of an entry of the port's state dict; the other implementation has our names."""
        places = {"conv1": 0, "bn1": 1, "prelu": 2, "conv2": 3, "bn2": 4, "conv": 0}
        key = re.sub(r"^block1\.", "conv1.", key)
        key = re.sub(r"^block7\.", "conv2.", key)
        key = re.sub(r"^block8\.\d+\.(weight|bias)$", r"conv3.\1", key)
        key = re.sub(
            r"^block8\.(\d+)\.(conv|prelu)\.", lambda m: f"upsampling.{m[1]}.upsample_block.{places[m[2]]}.", key
        )
        return re.sub(
            rf"^block(\d)\.({'|'.join(places)})\.", lambda m: f"trunk.{int(m[1]) - 2}.rcb.{places[m[2]]}.", key
        )

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the SRResNet that has a state dict of these shapes; None if it is no SRResNet."""
        num_blocks = count_layers(shapes, "trunk.{}.rcb.3.weight")
        steps = count_layers(shapes, "upsampling.{}.upsample_block.0.weight")
        port = "conv2.0.bias" in shapes
        entries = 10 + 11 * num_blocks + 3 * steps + (2 * num_blocks + 1 if port else 0)
        if not num_blocks or not steps or len(shapes) != entries:
            return None
        num_features, in_channels = shapes["conv1.0.weight"][:2]
        triple = shapes["upsampling.0.upsample_block.0.weight"][0] == 9 * num_features
        return {
            "scale": 3 if triple else 2**steps,
            "num_blocks": num_blocks,
            "num_features": num_features,
            "in_channels": in_channels,
            "port": port,
        }


class SRGANDiscriminator(Network):
    """Tells photographs from the generator's images: (N, C, 96, 96) -> logits (N, 1), the larger the more like a photograph.

    The sigmoid at the end of the paper's figure belongs to the loss (`binary_cross_entropy_with_logits`).

    Args:
        num_features: Channels of the first layers.
        in_channels: Channels of the images.
        image_size: Height and width of the images, a multiple of 16.
    """

    def __init__(self, num_features: int = 64, in_channels: int = 3, image_size: int = 96):
        super().__init__()
        layers = [nn.Conv2D(in_channels, num_features, 3, padding=1), nn.LeakyReLU(0.2)]
        channels = num_features
        for widening, stride in ((1, 2), (2, 1), (2, 2), (4, 1), (4, 2), (8, 1), (8, 2)):
            wider = num_features * widening
            layers += [
                nn.Conv2D(channels, wider, 3, stride=stride, padding=1, bias_attr=False),
                nn.BatchNorm2D(wider),
                nn.LeakyReLU(0.2),
            ]
            channels = wider
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Linear(channels * (image_size // 16) ** 2, 1024), nn.LeakyReLU(0.2), nn.Linear(1024, 1)
        )
        init_like_pytorch(self)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))

    @property
    def receptive_radius(self) -> int:
        """How many input pixels an output depends on: all."""
        return 10**6

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the discriminator that has a state dict of these shapes; None if it is none."""
        needed = ("features.0.weight", "features.20.weight", "features.21._mean", "classifier.2.weight")
        if len(shapes) != 41 or not all(key in shapes for key in needed) or shapes["features.20.weight"][3] != 3:
            return None
        num_features, in_channels = shapes["features.0.weight"][:2]
        side = round((shapes["classifier.0.weight"][0] / (8 * num_features)) ** 0.5)
        return {"num_features": num_features, "in_channels": in_channels, "image_size": 16 * side}


register_model(
    "srresnet",
    SRResNet,
    scales=(2, 4),
    alias="srgan",
    paper=PAPER,
    summary="The paper's network, also the generator of SRGAN: 16 blocks of 64 features with batch normalisation.",
)
register_model(
    "srgan_light",
    SRResNet,
    scales=(4,),
    paper=PAPER,
    summary="A port's smaller generator of SRGAN: 5 blocks, biases before batch norm, tanh at the end.",
    hyperparameters={"num_blocks": 5, "port": True},
    reference="srgan_generator_leftthomas_x{scale}",
)
register_model(
    "srgan_discriminator",
    SRGANDiscriminator,
    spec=ModelSpec,
    task="discriminator",
    paper=PAPER,
    summary="The paper's discriminator for images of 96 x 96 pixels.",
    input_size=96,
)
