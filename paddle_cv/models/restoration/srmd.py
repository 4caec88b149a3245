"""SRMD: Kai Zhang, Wangmeng Zuo, Lei Zhang,
"Learning a Single Convolutional Super-Resolution Network for Multiple Degradations", CVPR 2018 (arXiv:1712.06116).

Figure 2: beside the picture the network is told how it was degraded. The blur kernel, projected on 15 principal components,
and the noise level are stretched to maps of the picture's size (section 3.3); a chain of convolutions and a pixel shuffle
follow. SRMDNF is the noise-free form, without the noise level. It agrees with the PyTorch code of KAIR by the paper's first
author, in which the paper's batch normalisation is merged into the convolutions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import numpy as np
import paddle
from paddle import nn

from ..detection import detector
from ..layers import conv_stack, read_conv_stack
from ..network import Network
from .base import register_model

__all__ = ["SRMD"]

PAPER = (
    "Zhang, Zuo, Zhang: Learning a Single Convolutional Super-Resolution Network for Multiple Degradations, CVPR 2018"
)


class KernelBasis(nn.Layer):
    """Principal components of blur kernels, (15, 225), each a kernel row by row; zeros where they are not known."""

    def __init__(self):
        super().__init__()
        self.register_buffer("basis", paddle.zeros([15, 15 * 15]))


class SRMD(Network):
    """Super-resolution network that is told the blur and the noise of its input.

    Input and output are NCHW float32 in [0, 1]: (N, C, H, W) -> (N, C, scale H, scale W). The degradation, (N, K, 1, 1) or
    (N, K, H, W), has the coefficients of the blur kernel and last, if `num_degradations` counts it, the standard deviation of
    the noise in the units of the picture. Without this argument the picture has to come with its maps behind its channels.

    Args:
        scale: Enlargement factor.
        num_layers: Convolutions.
        num_features: Channels between them.
        in_channels: Channels of the picture and of the output.
        num_degradations: Numbers that describe the degradation (the paper's t + 1; t for SRMDNF).

    The components that kernels are projected on belong to the weights: with others a network draws nonsense. The state dict has
    them as `kernels.basis`; the authors' weights have not, theirs are in a file of their own.
    """

    auxiliary = ("kernels",)

    def __init__(
        self,
        scale: int = 2,
        num_layers: int = 12,
        num_features: int = 128,
        in_channels: int = 3,
        num_degradations: int = 16,
    ):
        super().__init__()
        self.scale = scale
        self.model = conv_stack(in_channels + num_degradations, num_features, in_channels * scale**2, num_layers)
        self.shuffle = nn.PixelShuffle(scale)
        self.kernels = KernelBasis()

    @property
    def kernel_basis(self) -> Optional[np.ndarray]:
        """The components (15, 225) that the weights were trained with; None where these came without."""
        basis = self.kernels.basis.numpy()
        return basis if basis.any() else None

    def forward(self, x, degradation=None):
        if degradation is not None:
            x = paddle.concat([x, degradation.expand([-1, -1, x.shape[2], x.shape[3]])], axis=1)
        return self.shuffle(self.model(x))

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on."""
        return sum(isinstance(layer, nn.Conv2D) for layer in self.model)

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the SRMD for RGB that has a state dict of these shapes; None if it is no such SRMD."""
        found = read_conv_stack({key: shape for key, shape in shapes.items() if not key.startswith("kernels.")})
        if found is None or found.batch_norm or found.in_channels not in (18, 19) or found.out_channels % 3:
            return None
        scale = math.isqrt(found.out_channels // 3)
        if found.out_channels != 3 * scale**2:
            return None
        return {
            "scale": scale,
            "num_layers": found.num_layers,
            "num_features": found.num_features,
            "in_channels": 3,
            "num_degradations": found.in_channels - 3,
        }


register_model(
    "srmd",
    SRMD,
    scales=(2, 3, 4),
    paper=PAPER,
    summary="For RGB with Gaussian blur (15 kernel coefficients) and noise of a known level.",
    extra_inputs={"degradation": (16, 1, 1)},
)
register_model(
    "srmdnf",
    SRMD,
    scales=(2, 3, 4),
    paper=PAPER,
    summary="For RGB with Gaussian blur (15 kernel coefficients), without noise.",
    hyperparameters={"num_degradations": 15},
    extra_inputs={"degradation": (15, 1, 1)},
)
