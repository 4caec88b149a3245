"""SRRAM and MAMNet: Jun-Hyuk Kim, Jun-Ho Choi, Manri Cheon, Jong-Seok Lee,
"RAM: Residual Attention Module for Single Image Super-Resolution", 2018 (arXiv:1811.12043v1), and its second version,
"MAMNet: Multi-path Adaptive Modulation Network for Image Super-Resolution", Neurocomputing 2020 (arXiv:1811.12043).

EDSR's baseline with attention at the end of each residual block. Agrees with the authors' TensorFlow implementation, except
that their depth_to_space orders channels otherwise than the pixel shuffle here. The public code is of the second version; the
first is the same without the normalisation of the variances and without the path that adds them directly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from ..layers import DIV2K_MEAN, count_layers, init_like_pytorch, store
from ..network import Network
from .base import register_model

__all__ = ["MAMNet"]

PAPER_RAM = "Kim, Choi, Cheon, Lee: RAM: Residual Attention Module for Single Image Super-Resolution, arXiv 2018"
PAPER_MAM = "Kim, Choi, Cheon, Lee: MAMNet: Multi-path Adaptive Modulation Network for Image SR, Neurocomputing 2020"


class ModulatedResidualBlock(nn.Layer):
    """Two convolutions, modulation by a sigmoid map, and the sum with the input.

    The map adds what two dense layers make of the channels' variances over the image, and a depthwise convolution. With
    `normalized`, the variances are normalised over the channels first, and are added to the map themselves.
    """

    def __init__(self, num_features: int, reduction: int, normalized: bool):
        super().__init__()
        self.normalized = normalized
        self.conv1 = nn.Conv2D(num_features, num_features, 3, padding=1)
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2D(num_features, num_features, 3, padding=1)
        self.fc1 = nn.Linear(num_features, num_features // reduction)
        self.fc2 = nn.Linear(num_features // reduction, num_features)
        self.dw = nn.Conv2D(num_features, num_features, 3, padding=1, groups=num_features)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x):
        features = self.conv2(self.relu(self.conv1(x)))
        variance = (features - features.mean([2, 3], keepdim=True)).square().mean([2, 3])
        if self.normalized:
            centred = variance - variance.mean(1, keepdim=True)
            # Paddle Inference 3.3.1 computes centred.square() in the place of `centred`, which is needed once more.
            variance = centred / ((centred * centred).mean(1, keepdim=True) + 1e-5).sqrt()
        channels = self.fc2(self.relu(self.fc1(variance)))
        if self.normalized:
            channels = channels + variance
        return x + features * self.sigmoid(channels.unsqueeze([2, 3]) + self.dw(features))


class MAMNet(Network):
    """Residual network whose blocks end with attention: SRRAM or, with `normalized`, MAMNet.

    Input and output are NCHW float32 RGB in [0, 1]: (N, 3, H, W) -> (N, 3, scale H, scale W).

    Args:
        scale: Enlargement factor: 2, 3 or 4.
        num_blocks: Residual blocks.
        num_features: Channels.
        reduction: Ratio of the channels to those between the two dense layers.
        normalized: Normalise the variances over the channels, and add them to the map: the second version.

    Raises:
        ValueError: `scale` is none of 2, 3, 4.
    """

    def __init__(
        self,
        scale: int = 4,
        num_blocks: int = 16,
        num_features: int = 64,
        reduction: int = 16,
        normalized: bool = True,
    ):
        super().__init__()
        if scale not in (2, 3, 4):
            raise ValueError(f"MAMNet enlarges by 2, 3 or 4, not by {scale!r}")
        self.scale = scale
        store(self, normalized=int(normalized))
        self.register_buffer("mean", paddle.to_tensor(DIV2K_MEAN, "float32").reshape([1, 3, 1, 1]))
        self.conv_in = nn.Conv2D(3, num_features, 3, padding=1)
        self.blocks = nn.Sequential(
            *(ModulatedResidualBlock(num_features, reduction, normalized) for _ in range(num_blocks))
        )
        self.conv_body = nn.Conv2D(num_features, num_features, 3, padding=1)
        factors = (3,) if scale == 3 else (2,) * (scale // 2)
        self.up = nn.LayerList(nn.Conv2D(num_features, num_features * factor**2, 3, padding=1) for factor in factors)
        self.shuffle = nn.PixelShuffle(factors[0])
        self.out = nn.Conv2D(num_features, 3, 3, padding=1)
        init_like_pytorch(self)

    def forward(self, x):
        x = self.conv_in(x - self.mean)
        x = x + self.conv_body(self.blocks(x))
        for conv in self.up:
            x = self.shuffle(conv(x))
        return self.out(x) + self.mean

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on: all, by the variances."""
        return 10**6

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the network that has a state dict of these shapes; None if it is none of these.

        The two versions have the same entries.
        """
        num_blocks = count_layers(shapes, "blocks.{}.dw.weight")
        steps = count_layers(shapes, "up.{}.weight")
        if not num_blocks or not steps or len(shapes) != 7 + 10 * num_blocks + 2 * steps or "mean" not in shapes:
            return None
        num_features = shapes["conv_in.weight"][0]
        return {
            "scale": 3 if shapes["up.0.weight"][0] == 9 * num_features else 2**steps,
            "num_blocks": num_blocks,
            "num_features": num_features,
            "reduction": num_features // shapes["blocks.0.fc1.weight"][1],
        }


register_model(
    "mamnet",
    MAMNet,
    scales=(2, 3, 4),
    paper=PAPER_MAM,
    summary="Multi-path adaptive modulation, the second version: 16 blocks of 64 features.",
)
register_model(
    "srram",
    MAMNet,
    scales=(2, 3, 4),
    paper=PAPER_RAM,
    summary="Residual attention modules, the first version: 16 blocks of 64 features.",
    hyperparameters={"normalized": False},
)
