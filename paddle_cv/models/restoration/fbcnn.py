"""FBCNN: Jiaxi Jiang, Kai Zhang, Radu Timofte, "Towards Flexible Blind JPEG Artifacts Removal", ICCV 2021 (arXiv:2109.14573).

A U-Net that removes the artefacts of JPEG compression; it estimates the quality that the picture was compressed with, and how
much it removes follows that number, which can be given instead. Agrees with the authors' PyTorch implementation, names of the
sublayers included; pictures whose sides are no multiples of 8 are continued by their edge pixels, as there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from ..layers import count_layers, init_like_pytorch
from ..network import Network
from .base import register_model

__all__ = ["FBCNN"]

PAPER = "Jiang, Zhang, Timofte: Towards Flexible Blind JPEG Artifacts Removal, ICCV 2021"


class ResidualBlock(nn.Layer):
    """Convolution, ReLU and convolution, added to the input."""

    def __init__(self, channels: int):
        super().__init__()
        self.res = nn.Sequential(
            nn.Conv2D(channels, channels, 3, padding=1), nn.ReLU(), nn.Conv2D(channels, channels, 3, padding=1)
        )

    def forward(self, x, gamma=None, beta=None):
        """With `gamma` and `beta`, (N, C, 1, 1), the residual is scaled and shifted: the paper's QF attention block."""
        return x + self.res(x) if gamma is None else x + gamma * self.res(x) + beta


def residual_blocks(channels: int, count: int) -> list[nn.Layer]:
    return [ResidualBlock(channels) for _ in range(count)]


class FBCNN(Network):
    """U-Net with an estimate of the JPEG quality: (N, C, H, W) in [0, 1] to the same size, RGB unless `in_channels` is 1.

    Args:
        num_features: Channels at each of the four scales.
        num_blocks: Residual blocks at each scale, on both sides.
        in_channels: Channels of the picture and of the output.
    """

    def __init__(self, num_features: Sequence[int] = (64, 128, 256, 512), num_blocks: int = 4, in_channels: int = 3):
        super().__init__()
        n1, n2, n3, n4 = num_features
        self.num_blocks = num_blocks
        self.pad = nn.Pad2D([0, 7, 0, 7], mode="replicate")
        self.m_head = nn.Conv2D(in_channels, n1, 3, padding=1)
        self.m_down1 = self._down(n1, n2)
        self.m_down2 = self._down(n2, n3)
        self.m_down3 = self._down(n3, n4)
        self.m_body_encoder = nn.Sequential(*residual_blocks(n4, num_blocks))
        self.m_body_decoder = nn.Sequential(*residual_blocks(n4, num_blocks))
        self.m_up3 = self._up(n4, n3)
        self.m_up2 = self._up(n3, n2)
        self.m_up1 = self._up(n2, n1)
        self.m_tail = nn.Conv2D(n1, in_channels, 3, padding=1)
        self.qf_pred = nn.Sequential(
            *residual_blocks(n4, num_blocks),
            nn.AdaptiveAvgPool2D(1),
            nn.Flatten(),
            nn.Linear(n4, 512),
            nn.ReLU(),
            nn.Linear(512, 512),
            nn.ReLU(),
            nn.Linear(512, 1),
            nn.Sigmoid(),
        )
        self.qf_embed = nn.Sequential(
            nn.Linear(1, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU()
        )
        for level, channels in ((3, n3), (2, n2), (1, n1)):
            self.add_sublayer(f"to_gamma_{level}", nn.Sequential(nn.Linear(512, channels), nn.Sigmoid()))
            self.add_sublayer(f"to_beta_{level}", nn.Sequential(nn.Linear(512, channels), nn.Tanh()))
        init_like_pytorch(self)

    def _down(self, channels: int, out_channels: int) -> nn.Sequential:
        halved = nn.Conv2D(channels, out_channels, 2, stride=2)
        return nn.Sequential(*residual_blocks(channels, self.num_blocks), halved)

    def _up(self, in_channels: int, channels: int) -> nn.LayerList:
        doubled = nn.Conv2DTranspose(in_channels, channels, 2, stride=2)
        return nn.LayerList([doubled, *residual_blocks(channels, self.num_blocks)])

    def forward(self, x, loss=None):
        """Restores a picture.

        Args:
            x: (N, C, H, W) in [0, 1].
            loss: How far the quality of JPEG is from its best, 1 - quality / 100, of shape (N, 1): what is removed grows with it.
                None: as the network estimates it.
        """
        height, width = x.shape[2], x.shape[3]
        x = self.pad(x)[:, :, : (height + 7) // 8 * 8, : (width + 7) // 8 * 8]
        x1, x2, x3, x4 = self._descend(x)
        features = self.m_body_encoder(x4)
        embedding = self.qf_embed(self.qf_pred(features) if loss is None else loss)
        features = self._ascend(self.m_body_decoder(features) + x4, embedding, 3)
        features = self._ascend(features + x3, embedding, 2)
        features = self._ascend(features + x2, embedding, 1)
        return self.m_tail(features + x1)[:, :, :height, :width]

    def estimate_loss(self, x: paddle.Tensor) -> paddle.Tensor:
        """1 - quality / 100 of pictures (N, C, H, W) whose sides are multiples of 8: (N, 1), in [0, 1]."""
        return self.qf_pred(self.m_body_encoder(self._descend(x)[-1]))

    def _descend(self, x):
        x1 = self.m_head(x)
        x2 = self.m_down1(x1)
        x3 = self.m_down2(x2)
        return x1, x2, x3, self.m_down3(x3)

    def _ascend(self, x, embedding, level: int):
        gamma = getattr(self, f"to_gamma_{level}")(embedding).unsqueeze([2, 3])
        beta = getattr(self, f"to_beta_{level}")(embedding).unsqueeze([2, 3])
        doubled, *attention = getattr(self, f"m_up{level}")
        x = doubled(x)
        for block in attention:
            x = block(x, gamma, beta)
        return x

    #: Pixels of the squares that it works on: windows of a picture have to start at multiples of it.
    grid = 8

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on, and the padding; the estimate apart."""
        # At each scale 2 convolutions a block; both sides of the U at pixels of 1, 2 and 4, twice at the bottom, of 8.
        return 2 * self.num_blocks * (2 * (1 + 2 + 4) + 2 * 8) + 2 + 2 * (1 + 2 + 4) + 7

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the FBCNN that has a state dict of these shapes; None if it is none."""
        head = shapes.get("m_head.weight")
        num_blocks = count_layers(shapes, "m_body_decoder.{}.res.0.weight")
        downs = [shapes.get(f"m_down{level}.{num_blocks}.weight") for level in (1, 2, 3)]
        if not head or not num_blocks or "qf_embed.0.weight" not in shapes or not all(downs):
            return None
        return {
            "num_features": (head[0], *(shape[0] for shape in downs if shape)),
            "num_blocks": num_blocks,
            "in_channels": head[1],
        }


for _kind, _channels in (("gray", 1), ("color", 3)):
    register_model(
        f"fbcnn_{_kind}",
        FBCNN,
        task="denoising",
        paper=PAPER,
        summary=f"Removes the artefacts of JPEG from {_kind} pictures, of any quality.",
        hyperparameters={"in_channels": _channels},
        in_channels=_channels,
        reference="fbcnn_color" if _kind == "color" else None,
    )
