"""DBPN: Muhammad Haris, Greg Shakhnarovich, Norimichi Ukita,
"Deep Back-Projection Networks for Super-Resolution", CVPR 2018 (arXiv:1803.02735).

Up- and down-projection units alternate (paper, Figures 3 and 4): each projects back what it made, compares it with what it
was given and corrects itself by the projected difference. In the dense network, D-DBPN, every unit reads the outputs of
all units of the other kind before it.

The networks agree with the authors' PyTorch implementation, whose D-DBPN has 256 and 64 features and 7 stages. The
smaller network of the EDSR repository (`ddbpn_edsr`) differs in three details: a PReLU slope for each channel instead
of one for all, the oldest features first in the concatenations, and the mean colour of DIV2K subtracted. The names of the
sublayers are those of the EDSR repository.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from ..layers import MeanShift
from ..network import Network
from .base import register_model

__all__ = ["DBPN"]

PAPER = "Haris, Shakhnarovich, Ukita: Deep Back-Projection Networks for Super-Resolution, CVPR 2018"


def projection(num_features: int, scale: int, up: bool, num_slopes: int) -> nn.Sequential:
    """Transposed (`up`) or strided convolution by `scale`, with a PReLU."""
    convolution = nn.Conv2DTranspose if up else nn.Conv2D
    return nn.Sequential(
        convolution(num_features, num_features, scale + 4, stride=scale, padding=2), nn.PReLU(num_slopes)
    )


class ProjectionUnit(nn.Layer):
    """Up- or down-projection unit: project, project back, add the projection of the difference (paper, section 3.1).

    `num_inputs` groups of features, the outputs of earlier units, are reduced to one by a 1x1 convolution first.
    """

    def __init__(self, num_features: int, num_inputs: int, scale: int, up: bool, num_slopes: int):
        super().__init__()
        self.bottleneck = None
        if num_inputs > 1:
            reduce = nn.Conv2D(num_inputs * num_features, num_features, 1)
            self.bottleneck = nn.Sequential(reduce, nn.PReLU(num_slopes))
        self.conv_1 = projection(num_features, scale, up, num_slopes)
        self.conv_2 = projection(num_features, scale, not up, num_slopes)
        self.conv_3 = projection(num_features, scale, up, num_slopes)

    def forward(self, x):
        if self.bottleneck is not None:
            x = self.bottleneck(x)
        projected = self.conv_1(x)
        return projected + self.conv_3(self.conv_2(projected) - x)


class DBPN(Network):
    """Dense deep back-projection network.

    Input and output are NCHW float32 in [0, 1], RGB unless `in_channels` is 1: (N, C, H, W) -> (N, C, scale H, scale W).

    Args:
        scale: Enlargement factor: 2, 4 or 8.
        num_stages: Up-projection units (the paper's T); there is one down-projection unit fewer.
        num_features: Channels of the units (n_R).
        num_initial_features: Channels of the first convolution (n_0).
        in_channels: Channels of the input and of the output.
        edsr_form: Build the form of the EDSR repository (see the module's docstring); RGB only.

    Raises:
        ValueError: `scale` is none of 2, 4, 8, or `edsr_form` without three channels.
    """

    def __init__(
        self,
        scale: int = 4,
        num_stages: int = 7,
        num_features: int = 64,
        num_initial_features: int = 256,
        in_channels: int = 3,
        edsr_form: bool = False,
    ):
        super().__init__()
        if scale not in (2, 4, 8):
            raise ValueError(f"DBPN enlarges by 2, 4 or 8, not by {scale!r}")
        if edsr_form and in_channels != 3:
            raise ValueError(f"the EDSR form of DBPN subtracts a mean colour: in_channels must be 3, not {in_channels}")
        self.scale = scale
        self.edsr_form = edsr_form
        slopes = num_features if edsr_form else 1
        if edsr_form:
            self.sub_mean, self.add_mean = MeanShift(-1), MeanShift(1)
        self.initial = nn.Sequential(
            nn.Conv2D(in_channels, num_initial_features, 3, padding=1),
            nn.PReLU(num_initial_features if edsr_form else 1),
            nn.Conv2D(num_initial_features, num_features, 1),
            nn.PReLU(slopes),
        )
        self.upmodules = nn.LayerList(
            [ProjectionUnit(num_features, max(i, 1), scale, True, slopes) for i in range(num_stages)]
        )
        self.downmodules = nn.LayerList(
            [ProjectionUnit(num_features, i + 1, scale, False, slopes) for i in range(num_stages - 1)]
        )
        self.reconstruction = nn.Conv2D(num_stages * num_features, in_channels, 3, padding=1)
        normal = nn.initializer.KaimingNormal()
        for layer in self.sublayers():
            if isinstance(layer, (nn.Conv2D, nn.Conv2DTranspose)) and not layer.weight.stop_gradient:
                normal(layer.weight)

    def _joined(self, outputs: list):
        return paddle.concat(outputs if self.edsr_form else outputs[::-1], axis=1)

    def forward(self, x):
        if self.edsr_form:
            x = self.sub_mean(x)
        low, high = [], [self.upmodules[0](self.initial(x))]
        for up, down in zip(list(self.upmodules)[1:], self.downmodules):
            low.append(down(self._joined(high)))
            high.append(up(self._joined(low)))
        result = self.reconstruction(self._joined(high))
        return self.add_mean(result) if self.edsr_form else result

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on (an upper bound)."""
        return 2 + 3 * (len(self.upmodules) + len(self.downmodules))  # every projection sees one neighbour

    @staticmethod
    def official_key(key: str) -> str:
        """The name here of an entry of the authors' state dict; names of the EDSR repository stay."""
        key = re.sub(r"^reconstruction\.0\.|^output_conv\.conv\.", "reconstruction.", key)
        key = re.sub(r"^feat0\.", "initial.", key)
        key = re.sub(r"^feat1\.conv\.", "initial.2.", key)
        key = re.sub(r"^feat1\.act\.", "initial.3.", key)
        key = re.sub(r"^(up|down)(\d+)\.", lambda match: f"{match[1]}modules.{int(match[2]) - 1}.", key)
        key = re.sub(r"\.(?:up|down)_conv(\d)\.", r".conv_\1.", key)
        key = re.sub(r"(modules\.\d+)\.conv\.", r"\1.bottleneck.", key)
        return re.sub(r"\.(?:de)?conv\.", ".0.", key).replace(".act.", ".1.")

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the DBPN that has a state dict of these shapes; None if it is no DBPN."""
        needed = ("initial.0.weight", "initial.2.weight", "upmodules.0.conv_1.0.weight", "reconstruction.weight")
        if not all(key in shapes for key in needed):
            return None
        num_initial_features, in_channels = shapes["initial.0.weight"][:2]
        num_features, _, kernel, _ = shapes["upmodules.0.conv_1.0.weight"]
        return {
            "scale": kernel - 4,
            "num_stages": shapes["reconstruction.weight"][1] // num_features,
            "num_features": num_features,
            "num_initial_features": num_initial_features,
            "in_channels": in_channels,
            "edsr_form": "sub_mean.weight" in shapes,
        }


register_model(
    "dbpn",
    DBPN,
    scales=(2, 4, 8),
    paper=PAPER,
    summary="D-DBPN, the paper's largest network: 7 stages.",
)
register_model(
    "dbpn_ll",
    DBPN,
    scales=(4, 8),
    paper=PAPER,
    summary="DBPN-LL of the authors' later code: 10 stages.",
    hyperparameters={"num_stages": 10},
)
register_model(
    "ddbpn_edsr",
    DBPN,
    scales=(2, 4, 8),
    paper=PAPER,
    summary="The smaller D-DBPN of the EDSR repository: 6 stages of 32 features.",
    hyperparameters={"num_stages": 6, "num_features": 32, "num_initial_features": 128, "edsr_form": True},
)
