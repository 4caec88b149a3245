"""IRCNN: Kai Zhang, Wangmeng Zuo, Shuhang Gu, Lei Zhang,
"Learning Deep CNN Denoiser Prior for Image Restoration", CVPR 2017 (arXiv:1704.03264).

Seven dilated convolutions find the noise, one set of weights for each noise level. It agrees with the PyTorch
code of KAIR by the paper's first author, in which the paper's batch normalisation is merged into the convolutions.

The paper trains 25 denoisers, for the noise levels 2, 4 ... 50 of 255, and KAIR publishes them together: one file has 25
state dicts under the keys "0" to "24". A picture whose noise has the standard deviation sigma goes to the denoiser number
ceil(sigma / 2), the one of the next even level. So the results at 15 and 25 that papers quote come from the denoisers of
the levels 16 and 26, and `ircnn_gray_s15` and `ircnn_gray_s25` take those two out of such a file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from ..detection import detector
from ..layers import conv_stack, read_conv_stack, store
from ..network import Network
from .base import register_model

__all__ = ["IRCNN"]

PAPER = "Zhang, Zuo, Gu, Zhang: Learning Deep CNN Denoiser Prior for Image Restoration, CVPR 2017"

_DILATIONS = (1, 2, 3, 4, 3, 2, 1)

#: The noise levels that results are published for, then those of the paper's denoisers.
LEVELS = (15, 25, 50, *range(2, 50, 2))


class IRCNN(Network):
    """The input without the noise that seven dilated convolutions find in it.

    Input and output are NCHW float32 in [0, 1] of the same size.

    Args:
        num_features: Channels between the convolutions.
        in_channels: Channels of the input and of the output.
        noise_level: Standard deviation of the noise that the weights are for, of 255.
    """

    def __init__(self, num_features: int = 64, in_channels: int = 1, noise_level: Optional[int] = None):
        super().__init__()
        store(self, noise_level=noise_level)
        self.noise_level = noise_level
        self.model = conv_stack(in_channels, num_features, in_channels, len(_DILATIONS), dilations=_DILATIONS)

    def forward(self, x):
        # A sum, as training on CPUs needs it: oneDNN's gradient of x - y with respect to y has the wrong sign (Paddle 3.3.1).
        return x + -self.model(x)

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on."""
        return sum(_DILATIONS)

    @property
    def official_part(self) -> Optional[str]:
        """The key of this network's state dict in a published file of all 25; None without a noise level."""
        if self.noise_level is None:
            return None
        return str(min(24, math.ceil(self.noise_level / 2) - 1))

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the IRCNN that has a state dict of these shapes; None if it is no IRCNN."""
        found = read_conv_stack(shapes)
        if found is None or found.in_channels != found.out_channels:
            return None
        if found.num_layers != len(_DILATIONS) or found.batch_norm:
            return None
        return {"num_features": found.num_features, "in_channels": found.in_channels}


for _kind, _channels in (("gray", 1), ("color", 3)):
    for _level in LEVELS:
        _summary = f"For {_kind} pictures with Gaussian noise of standard deviation {_level}/255."
        if _level % 2:
            _summary += f" The paper's denoiser for it is that of level {_level + 1}."
        register_model(
            f"ircnn_{_kind}_s{_level}",
            IRCNN,
            task="denoising",
            paper=PAPER,
            summary=_summary,
            hyperparameters={"in_channels": _channels, "noise_level": _level},
            in_channels=_channels,
            reference=f"ircnn_{_kind}",
        )
