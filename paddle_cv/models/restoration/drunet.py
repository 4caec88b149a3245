"""DRUNet: Kai Zhang, Yawei Li, Wangmeng Zuo, Lei Zhang, Luc Van Gool, Radu Timofte,
"Plug-and-Play Image Restoration with Deep Denoiser Prior", TPAMI 2022 (arXiv:2008.13751).

A U-Net of residual blocks at four scales, without biases, that is told the noise level in one more channel. It
agrees with the PyTorch code of KAIR by the paper's first author. That code needs sides that are multiples of 8; here other
pictures are continued by their edge pixels, and the result is cropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from ..layers import init_like_pytorch
from ..network import Network
from .base import register_model

__all__ = ["DRUNet"]

PAPER = "Zhang, Li, Zuo, Zhang, Van Gool, Timofte: Plug-and-Play Image Restoration with Deep Denoiser Prior, TPAMI 2022"


class ResidualBlock(nn.Layer):
    """Convolution, ReLU and convolution, added to the input."""

    def __init__(self, num_features: int):
        super().__init__()
        self.res = nn.Sequential(
            nn.Conv2D(num_features, num_features, 3, padding=1, bias_attr=False),
            nn.ReLU(),
            nn.Conv2D(num_features, num_features, 3, padding=1, bias_attr=False),
        )

    def forward(self, x):
        return x + self.res(x)


def residual_blocks(num_features: int, num_blocks: int) -> list[nn.Layer]:
    return [ResidualBlock(num_features) for _ in range(num_blocks)]


class DRUNet(Network):
    """U-Net of residual blocks that is told the noise level.

    Input and output are NCHW float32 in [0, 1] of the same size; beside the picture comes the standard deviation of its
    noise in the same units, of shape (N, 1, 1, 1) or, where it varies, (N, 1, H, W). Without this argument the picture has to
    come with the noise level as its last channel.

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
        self.m_head = nn.Conv2D(in_channels + 1, n1, 3, padding=1, bias_attr=False)
        self.m_down1 = self._down(n1, n2)
        self.m_down2 = self._down(n2, n3)
        self.m_down3 = self._down(n3, n4)
        self.m_body = nn.Sequential(*residual_blocks(n4, num_blocks))
        self.m_up3 = self._up(n4, n3)
        self.m_up2 = self._up(n3, n2)
        self.m_up1 = self._up(n2, n1)
        self.m_tail = nn.Conv2D(n1, in_channels, 3, padding=1, bias_attr=False)
        init_like_pytorch(self)

    def _down(self, num_features: int, out_channels: int) -> nn.Sequential:
        halved = nn.Conv2D(num_features, out_channels, 2, stride=2, bias_attr=False)
        return nn.Sequential(*residual_blocks(num_features, self.num_blocks), halved)

    def _up(self, in_channels: int, num_features: int) -> nn.Sequential:
        doubled = nn.Conv2DTranspose(in_channels, num_features, 2, stride=2, bias_attr=False)
        return nn.Sequential(doubled, *residual_blocks(num_features, self.num_blocks))

    def forward(self, x, sigma=None):
        if sigma is not None:
            x = paddle.concat([x, sigma.expand([-1, -1, x.shape[2], x.shape[3]])], axis=1)
        height, width = x.shape[2], x.shape[3]
        x = self.pad(x)[:, :, : (height + 7) // 8 * 8, : (width + 7) // 8 * 8]
        x1 = self.m_head(x)
        x2 = self.m_down1(x1)
        x3 = self.m_down2(x2)
        x4 = self.m_down3(x3)
        features = self.m_up3(self.m_body(x4) + x4)
        features = self.m_up2(features + x3)
        features = self.m_up1(features + x2)
        return self.m_tail(features + x1)[:, :, :height, :width]

    #: Pixels of the squares that it works on: windows of a picture have to start at multiples of it.
    grid = 8

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on, and the padding."""
        # At each scale 2 convolutions a block; both sides of the U at pixels of 1, 2 and 4, the bottom at 8.
        return 2 * self.num_blocks * (2 * (1 + 2 + 4) + 8) + 2 + 2 * (1 + 2 + 4) + 7

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the DRUNet that has a state dict of these shapes; None if it is no DRUNet."""
        needed = ("m_head.weight", "m_body.0.res.0.weight", "m_up3.0.weight", "m_tail.weight")
        if not all(key in shapes for key in needed):
            return None
        num_blocks = sum(key.startswith("m_body.") for key in shapes) // 2
        if len(shapes) != 14 * num_blocks + 8 or f"m_down3.{num_blocks}.weight" not in shapes:
            return None
        downs = [shapes[f"m_down{n}.{num_blocks}.weight"][0] for n in (1, 2, 3)]
        return {
            "num_features": (shapes["m_head.weight"][0], *downs),
            "num_blocks": num_blocks,
            "in_channels": shapes["m_tail.weight"][0],
        }


for _kind, _channels in (("gray", 1), ("color", 3)):
    register_model(
        f"drunet_{_kind}",
        DRUNet,
        task="denoising",
        paper=PAPER,
        summary=f"For {_kind} pictures with Gaussian noise of a known level.",
        hyperparameters={"in_channels": _channels},
        in_channels=_channels,
        extra_inputs={"sigma": (1, 1, 1)},
    )
