"""SCN: Zhaowen Wang, Ding Liu, Jianchao Yang, Wei Han, Thomas Huang,
"Deep Networks for Image Super-Resolution with Sparse Prior", ICCV 2015 (arXiv:1507.08905).

Sparse coding as a network (paper, Figure 2): features of each patch, a sparse code found by two steps of learned iterative
shrinkage (LISTA), and a patch of 5x5 pixels of the large picture from the code; the patches that cover a pixel are
averaged. One stage doubles the picture; larger factors cascade stages, each with weights of its own (section 4).

A stage agrees with the authors' test code. There, as here, the picture is first enlarged by bicubic interpolation (a = -0.75,
OpenCV's), continued at its borders by reflection, the thresholds are absorbed by the weights, and all vectors are
normalised. Their weights work on any range of values, for a stage multiplies its output as its input is multiplied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import numpy as np
from paddle import nn

from ..detection import detector
from ..layers import init_like_pytorch
from ..network import Network
from .base import register_model

__all__ = ["SCN"]

PAPER = "Wang, Liu, Yang, Han, Huang: Deep Networks for Image Super-Resolution with Sparse Prior, ICCV 2015"

WINDOW = 9  # pixels across that a patch's features see
PATCH = 5  # pixels across that a code gives
BORDER = (WINDOW + PATCH - 2) // 2
CONTRAST = 1.1  # what the authors multiply the contrast of every patch by


def _length(x):
    # The tiny number keeps division and gradient finite in flat areas.
    return (x.square().sum(axis=1, keepdim=True) + 1e-12).sqrt()


def _unpadded(in_channels: int, out_channels: int, kernel_size: int) -> nn.Conv2D:
    return nn.Conv2D(in_channels, out_channels, kernel_size, bias_attr=False)


class SparseCodingStage(nn.Layer):
    """The sparse coding network on an enlarged picture, which loses `BORDER` pixels at each side.

    The names are the authors': `conv` extracts features, `wd` and `usd1` are LISTA's W and S, `ud` is the dictionary of the
    large patches, `diffms` the patch without its mean, `mean2` the mean that is added again, `addp` the weight of each of a
    patch's pixels.
    """

    def __init__(self, num_features: int, code_size: int):
        super().__init__()
        self.conv = _unpadded(1, num_features, WINDOW)
        self.mean2 = _unpadded(1, 1, WINDOW + PATCH - 1)
        self.diffms = _unpadded(1, PATCH**2, WINDOW)
        self.wd = _unpadded(num_features, code_size, 1)
        self.usd1 = _unpadded(code_size, code_size, 1)
        self.ud = _unpadded(code_size, PATCH**2, 1)
        self.addp = self.create_parameter([PATCH**2], default_initializer=nn.initializer.Constant(1 / PATCH**2))
        self.shrink = nn.Softshrink(1.0)
        # A pixel's places in the patches that cover it, in the order of the channels: column by column.
        self.places = [(row, column) for column in range(PATCH) for row in range(PATCH)]
        self._initialise()

    def _initialise(self) -> None:
        """The mean and the difference from it exactly, as sparse coding has them, and codes that are not all 0."""
        init_like_pytorch(self)
        differences = np.full([PATCH**2, 1, WINDOW, WINDOW], -1 / WINDOW**2, np.float32)
        mean = np.zeros([1, 1, WINDOW + PATCH - 1, WINDOW + PATCH - 1], np.float32)
        inset = (WINDOW - PATCH) // 2
        for channel, (row, column) in enumerate(self.places):
            differences[channel, 0, inset + row, inset + column] += 1
            mean[0, 0, row : row + WINDOW, column : column + WINDOW] += 1 / (WINDOW * PATCH) ** 2
        self.diffms.weight.set_value(differences)
        self.mean2.weight.set_value(mean)
        nn.initializer.Normal(std=2.0)(self.wd.weight)  # the features have length 1, the threshold is 1
        nn.initializer.Constant(0.0)(self.usd1.weight)  # LISTA's S of an orthogonal dictionary

    def forward(self, x):
        features = self.conv(x)
        projected = self.wd(features / _length(features))
        code = self.shrink(projected + self.usd1(self.shrink(projected)))
        patches = self.ud(code)
        contrast = CONTRAST * _length(self.diffms(x))
        patches = patches / _length(patches) * contrast * self.addp.reshape([1, -1, 1, 1])
        result = self.mean2(x)
        for channel, (row, column) in enumerate(self.places):
            # The patch in which the pixel is at (row, column) lies as far to the other side.
            top, left = PATCH - 1 - row, PATCH - 1 - column
            result = result + patches[:, channel : channel + 1, top : -row or None, left : -column or None]
        return result


class SCN(Network):
    """Sparse-coding based network, or a cascade of them.

    Input and output are NCHW float32 in [0, 1], luminance: (N, 1, H, W) -> (N, 1, scale H, scale W); the input has at least 4
    pixels each way.

    Args:
        scale: Enlargement factor: 2, or 4 or 8 by a cascade.
        num_features: Features of each patch.
        code_size: Length of the sparse code.

    Raises:
        ValueError: `scale` is none of 2, 4, 8.
    """

    def __init__(self, scale: int = 2, num_features: int = 100, code_size: int = 128):
        super().__init__()
        if scale not in (2, 4, 8):
            raise ValueError(f"SCN doubles the picture once a stage: scale is 2, 4 or 8, not {scale!r}")
        self.scale = scale
        self.enlarge = nn.Sequential(nn.Upsample(scale_factor=2, mode="bicubic"), nn.Pad2D(BORDER, mode="reflect"))
        self.stages = nn.LayerList([SparseCodingStage(num_features, code_size) for _ in range(scale.bit_length() - 1)])

    def forward(self, x):
        for stage in self.stages:
            x = stage(self.enlarge(x))
        return x

    def reference_forward(self, x):
        """The authors' stage: takes the picture enlarged and continued at its borders."""
        return self.stages[0](x)

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on (an upper bound)."""
        radius = 0
        for _ in self.stages:
            radius = (radius + BORDER + 1) // 2 + 3  # bicubic interpolation sees 2 pixels, and places are rounded
        return radius

    @staticmethod
    def official_key(key: str) -> str:
        """The name here of an entry of the authors' single stage."""
        return key if key.startswith("stages.") else f"stages.0.{key}"

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the SCN that has a state dict of these shapes; None if it is no SCN."""
        if not all(f"stages.0.{name}" in shapes for name in ("addp", "diffms.weight", "usd1.weight", "wd.weight")):
            return None
        code_size, num_features = shapes["stages.0.wd.weight"][:2]
        num_stages = sum(key.endswith(".addp") for key in shapes)
        return {"scale": 2**num_stages, "num_features": num_features, "code_size": code_size}


register_model(
    "scn",
    SCN,
    scales=(2,),
    paper=PAPER,
    summary="The sparse-coding based network for x2.",
    in_channels=1,
)
register_model(
    "scn",
    SCN,
    scales=(4,),
    paper=PAPER,
    summary="CSCN: a cascade of two networks for x2.",
    in_channels=1,
    reference=None,
)
