"""RED-Net: Xiao-Jiao Mao, Chunhua Shen, Yu-Bin Yang,
"Image Restoration Using Very Deep Convolutional Encoder-Decoder Networks with Symmetric Skip Connections",
NIPS 2016 (arXiv:1603.09056).

Figure 1: convolutions take the picture apart, as many deconvolutions put it together, and every second convolution's output
is added to that of the deconvolution that mirrors it. Two forms are in use, and both are here:

- that of the authors' RED30: grey, 128 channels, everything at full size, nothing after the global sum. The same network
  was trained for denoising and, on enlarged input, for super-resolution;
- `strided`, that of the usual PyTorch port: RGB, 64 channels, half size between the first and the last layer, ReLU after the
  global sum.

The network of ten layers has the global skip only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from paddle import nn

from ..detection import detector
from ..layers import store
from ..network import Network
from .base import register_model

__all__ = ["REDNet"]

PAPER = (
    "Mao, Shen, Yang: Image Restoration Using Very Deep Convolutional Encoder-Decoder Networks with Symmetric Skip "
    "Connections, NIPS 2016"
)


class REDNet(Network):
    """Convolutions, mirrored deconvolutions and skips between them.

    Input and output are NCHW float32 in [0, 1] of the same size.

    Args:
        scale: By what the input was enlarged, 1 for denoising; the network is the same for all.
        num_layers: Convolutions, and as many deconvolutions.
        num_features: Channels between them.
        in_channels: Channels of the input and of the output.
        strided: The form of the PyTorch port (see the module's docstring).
    """

    def __init__(
        self,
        scale: int = 2,
        num_layers: int = 15,
        num_features: int = 128,
        in_channels: int = 1,
        strided: bool = False,
    ):
        super().__init__()
        self.scale = scale
        store(self, scale=scale)
        self.strided = strided
        stride = 2 if strided else 1
        self.conv = nn.LayerList([nn.Conv2D(in_channels, num_features, 3, stride=stride, padding=1)])
        self.deconv = nn.LayerList()
        for _ in range(num_layers - 1):
            self.conv.append(nn.Conv2D(num_features, num_features, 3, padding=1))
            self.deconv.append(nn.Conv2DTranspose(num_features, num_features, 3, padding=1))
        self.deconv.append(
            nn.Conv2DTranspose(num_features, in_channels, 3, stride=stride, padding=1, output_padding=stride - 1)
        )
        self.relu = nn.ReLU()

    def forward(self, x):
        # Deconvolution n mirrors convolution num_layers - n.
        features, skips = x, {}
        for number, conv in enumerate(self.conv, 1):
            features = self.relu(conv(features))
            if number % 2 == 0 and number < len(self.conv) and len(self.conv) > 5:
                skips[len(self.conv) - number] = features
        for number, deconv in enumerate(self.deconv[:-1], 1):
            features = self.relu(deconv(features))
            if number in skips:
                features = self.relu(features + skips[number])
        result = self.deconv[-1](features)
        if not self.strided:
            return x + result
        # An odd height or width has become the next even one.
        return self.relu(x + result[:, :, : x.shape[2], : x.shape[3]])

    @property
    def grid(self) -> int:
        """Pixels of the squares that it works on: windows of a picture have to start at multiples of it."""
        return 2 if self.strided else 1

    @property
    def receptive_radius(self) -> int:
        """How many pixels of the (enlarged) input around its own place an output pixel depends on."""
        return (2 if self.strided else 1) * 2 * len(self.conv)

    @staticmethod
    def official_key(key: str) -> str:
        """The names of the port: `conv_layers.3.0.weight` is `conv.3.weight`."""
        return re.sub(r"^(conv|deconv)_layers\.(\d+)(\.0)?\.", r"\1.\2.", key)

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the RED-Net that has a state dict of these shapes; None if it is no RED-Net.

        The entries do not tell the two forms apart: RGB is taken as the port's, other channels as the authors'.
        """
        num_layers = len(shapes) // 4
        names = {
            f"{kind}.{n}.{last}"
            for kind in ("conv", "deconv")
            for n in range(num_layers)
            for last in ("weight", "bias")
        }
        if not num_layers or set(shapes) != names:
            return None
        num_features, in_channels = shapes["conv.0.weight"][:2]
        return {
            "num_layers": num_layers,
            "num_features": num_features,
            "in_channels": in_channels,
            "strided": in_channels == 3,
        }


for _layers in (5, 10, 15):
    register_model(
        f"rednet{2 * _layers}",
        REDNet,
        task="denoising",
        paper=PAPER,
        summary=f"{_layers} convolutions and {_layers} deconvolutions of 64 channels, for RGB, in the PyTorch port's form.",
        hyperparameters={"scale": 1, "num_layers": _layers, "num_features": 64, "in_channels": 3, "strided": True},
        in_channels=3,
    )
register_model(
    "red30",
    REDNet,
    scales=(2, 3, 4),
    paper=PAPER,
    summary="The authors' network: 15 convolutions and 15 deconvolutions of 128 channels, on luminance.",
    in_channels=1,
    enlarged_input=True,
    reference="red30_authors",
)
register_model(
    "red30_gray",
    REDNet,
    task="denoising",
    paper=PAPER,
    summary="The authors' network: 15 convolutions and 15 deconvolutions of 128 channels, for grey pictures.",
    hyperparameters={"scale": 1},
    in_channels=1,
    reference="red30_authors",
)
