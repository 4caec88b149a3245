"""Richard Zhang, Jun-Yan Zhu, Phillip Isola, Xinyang Geng, Angela S. Lin, Tianhe Yu, Alexei A. Efros,
"Real-Time User-Guided Image Colorization with Learned Deep Priors", SIGGRAPH 2017 (arXiv:1705.02999).

A U-Net that gets colours that somebody chose for some places beside the lightness; without any it colours by itself. Agrees
with the authors' PyTorch implementation, names of the sublayers included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from ..network import Network
from ..registry import register_model
from .base import ColorizationSpec
from .eccv16 import AB_RANGE, conv_stage, normalized_lightness

__all__ = ["SIGGRAPH17"]


def halve(x: paddle.Tensor) -> paddle.Tensor:
    """Every second pixel of every second row."""
    return x[:, :, ::2, ::2]


class SIGGRAPH17(Network):
    """Lightness (N, 1, H, W), in 0...100, and hints -> colours (N, 2, H, W), a and b of CIELAB; sides are multiples of 8.

    In training it gives two: the colours, and the logits of bins of colours (N, num_bins, H / 4, W / 4), which the authors' first
    loss compares.

    Args:
        num_bins: Colours that the classification head knows.
    """

    def __init__(self, num_bins: int = 529):
        super().__init__()
        self.model1 = conv_stage(4, 64, 2)
        self.model2 = conv_stage(64, 128, 2)
        self.model3 = conv_stage(128, 256, 3)
        self.model4 = conv_stage(256, 512, 3)
        self.model5 = conv_stage(512, 512, 3, dilation=2)
        self.model6 = conv_stage(512, 512, 3, dilation=2)
        self.model7 = conv_stage(512, 512, 3)
        self.model8up = nn.Sequential(nn.Conv2DTranspose(512, 256, 4, stride=2, padding=1))
        self.model3short8 = nn.Sequential(nn.Conv2D(256, 256, 3, padding=1))
        self.model8 = nn.Sequential(nn.ReLU(), *conv_stage(256, 256, 2))
        self.model9up = nn.Sequential(nn.Conv2DTranspose(256, 128, 4, stride=2, padding=1))
        self.model2short9 = nn.Sequential(nn.Conv2D(128, 128, 3, padding=1))
        self.model9 = nn.Sequential(nn.ReLU(), *conv_stage(128, 128, 1))
        self.model10up = nn.Sequential(nn.Conv2DTranspose(128, 128, 4, stride=2, padding=1))
        self.model1short10 = nn.Sequential(nn.Conv2D(64, 128, 3, padding=1))
        self.model10 = nn.Sequential(nn.ReLU(), nn.Conv2D(128, 128, 3, padding=1), nn.LeakyReLU(0.2))
        self.model_class = nn.Sequential(nn.Conv2D(256, num_bins, 1))
        self.model_out = nn.Sequential(nn.Conv2D(128, 2, 1), nn.Tanh())

    def forward(self, lightness, ab=None, mask=None):
        """Colours an image.

        Args:
            lightness: (N, 1, H, W), L of CIELAB in 0...100.
            ab: Colours that somebody chose, (N, 2, H, W) in -110...110, zero elsewhere; None: none.
            mask: 1 where there are such, else 0: (N, 1, H, W).
        """
        if ab is None:
            mask = paddle.zeros_like(lightness)
            ab = paddle.concat([mask, mask], axis=1)
        full = self.model1(paddle.concat([normalized_lightness(lightness), ab / AB_RANGE, mask], axis=1))
        half = self.model2(halve(full))
        quarter = self.model3(halve(half))
        x = self.model4(halve(quarter))
        x = self.model7(self.model6(self.model5(x)))
        x = features = self.model8(self.model8up(x) + self.model3short8(quarter))
        x = self.model9(self.model9up(x) + self.model2short9(half))
        x = self.model10(self.model10up(x) + self.model1short10(full))
        colors = self.model_out(x) * AB_RANGE
        return (colors, self.model_class(features)) if self.training else colors

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the SIGGRAPH17 that has a state dict of these shapes; None if it is none."""
        bins = shapes.get("model_class.0.weight")
        if not bins or "model1short10.0.weight" not in shapes:
            return None
        return {"num_bins": bins[0]}


register_model(
    "siggraph17",
    SIGGRAPH17,
    paper="Zhang, Zhu, Isola et al.: Real-Time User-Guided Image Colorization with Learned Deep Priors, SIGGRAPH 2017",
    summary="Takes colours that somebody chose for some places, and colours the rest.",
    spec=ColorizationSpec,
    hints=True,
)
