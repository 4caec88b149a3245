"""FFDNet: Kai Zhang, Wangmeng Zuo, Lei Zhang,
"FFDNet: Toward a Fast and Flexible Solution for CNN Based Image Denoising", TIP 2018 (arXiv:1710.04026).

Figure 1: the picture is laid out as four pictures of half the size, the noise level joins as one more channel, a chain of
convolutions gives the clean pictures, and a pixel shuffle puts them together. It agrees with the PyTorch code of KAIR by the
paper's first author, in which the paper's batch normalisation is merged into the convolutions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from ..layers import conv_stack, read_conv_stack
from ..network import Network
from .base import register_model

__all__ = ["FFDNet"]

PAPER = "Zhang, Zuo, Zhang: FFDNet: Toward a Fast and Flexible Solution for CNN Based Image Denoising, TIP 2018"


class FFDNet(Network):
    """Denoiser that is told the noise level.

    Input and output are NCHW float32 in [0, 1] of the same size; beside the picture comes the standard deviation of its
    noise in the same units, of shape (N, 1, 1, 1).

    Args:
        num_layers: Convolutions.
        num_features: Channels between them.
        in_channels: Channels of the input and of the output.
    """

    def __init__(self, num_layers: int = 15, num_features: int = 64, in_channels: int = 1):
        super().__init__()
        self.pad = nn.Pad2D([0, 1, 0, 1], mode="replicate")
        self.model = conv_stack(4 * in_channels + 1, num_features, 4 * in_channels, num_layers)
        self.shuffle = nn.PixelShuffle(2)

    def forward(self, x, sigma):
        # Odd rows and columns are taken from the picture continued by one, even ones from the picture itself: so an odd
        # height or width counts as the next even one.
        longer = self.pad(x)
        quarters = paddle.stack(
            [
                x[:, :, ::2, ::2],
                longer[:, :, :-1:2, 1::2],
                longer[:, :, 1::2, :-1:2],
                longer[:, :, 1::2, 1::2],
            ],
            axis=2,
        ).flatten(1, 2)
        level = sigma.expand([-1, -1, quarters.shape[2], quarters.shape[3]])
        result = self.shuffle(self.model(paddle.concat([quarters, level], axis=1)))
        return result[:, :, : x.shape[2], : x.shape[3]]

    #: Pixels of the squares that it works on: windows of a picture have to start at multiples of it.
    grid = 2

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on."""
        return 2 * sum(isinstance(layer, nn.Conv2D) for layer in self.model) + 1

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the FFDNet that has a state dict of these shapes; None if it is no FFDNet."""
        found = read_conv_stack(shapes)
        if found is None or found.batch_norm or found.out_channels % 4 or found.in_channels != found.out_channels + 1:
            return None
        return {
            "num_layers": found.num_layers,
            "num_features": found.num_features,
            "in_channels": found.out_channels // 4,
        }


register_model(
    "ffdnet_gray",
    FFDNet,
    task="denoising",
    paper=PAPER,
    summary="For grey pictures with Gaussian noise of a known level: 15 layers of 64 channels.",
    in_channels=1,
    extra_inputs={"sigma": (1, 1, 1)},
)
register_model(
    "ffdnet_color",
    FFDNet,
    task="denoising",
    paper=PAPER,
    summary="For RGB pictures with Gaussian noise of a known level: 12 layers of 96 channels.",
    hyperparameters={"num_layers": 12, "num_features": 96, "in_channels": 3},
    in_channels=3,
    extra_inputs={"sigma": (1, 1, 1)},
)
