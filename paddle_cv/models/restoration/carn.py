"""CARN and CARN-M: Namhyuk Ahn, Byungkon Kang, Kyung-Ah Sohn,
"Fast, Accurate, and Lightweight Super-Resolution with Cascading Residual Network", ECCV 2018 (arXiv:1803.08664).

Blocks and the network itself cascade: every stage gets all outputs before it, joined by a 1x1 convolution. CARN-M (mobile)
has group convolutions, and uses one residual block three times in each cascading block.

Agrees with the authors' PyTorch implementation. Their networks are for x2, x3 and x4 together: everything but the
up-sampling is shared, and `scale` chooses the up-sampling that `forward` takes (it may be set on a network at any time). The
`single` forms have one up-sampling only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from paddle import nn

from ..detection import detector
from ..layers import Fusion, MeanShift, ReLUUpsampling, init_like_pytorch, store
from ..network import Network
from .base import register_model

__all__ = ["CARN"]

PAPER = "Ahn, Kang, Sohn: Fast, Accurate, and Lightweight SR with Cascading Residual Network, ECCV 2018"
SCALES = (2, 3, 4)


class ResidualUnit(nn.Layer):
    """Residual block of CARN (two convolutions), or with `groups` of CARN-M (two group convolutions and a 1x1 convolution)."""

    def __init__(self, num_features: int, groups: Optional[int]):
        super().__init__()
        layers = [
            nn.Conv2D(num_features, num_features, 3, padding=1, groups=groups or 1),
            nn.ReLU(),
            nn.Conv2D(num_features, num_features, 3, padding=1, groups=groups or 1),
        ]
        if groups:
            layers += [nn.ReLU(), nn.Conv2D(num_features, num_features, 1)]
        self.body = nn.Sequential(*layers)
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.body(x) + x)


class CascadeFusion(nn.Layer):
    """1x1 convolution + ReLU that joins `count` outputs."""

    def __init__(self, num_features: int, count: int):
        super().__init__()
        self.body = Fusion("concat", nn.Conv2D(count * num_features, num_features, 1), nn.ReLU())

    def forward(self, outputs):
        return self.body(outputs)


def cascade(x, stages: Sequence[nn.Layer], fusions: Sequence[nn.Layer]):
    """Each stage works on the fusion of the input and of all outputs so far."""
    outputs = [x]
    for stage, fusion in zip(stages, fusions):
        outputs.append(stage(x))
        x = fusion(outputs)
    return x


class CascadingBlock(nn.Layer):
    """Three residual blocks, one block used three times with `groups`, that cascade (paper, Figure 3)."""

    def __init__(self, num_features: int, groups: Optional[int]):
        super().__init__()
        self.shared = groups is not None
        self.b1 = ResidualUnit(num_features, groups)
        if not self.shared:
            self.b2 = ResidualUnit(num_features, groups)
            self.b3 = ResidualUnit(num_features, groups)
        self.c1 = CascadeFusion(num_features, 2)
        self.c2 = CascadeFusion(num_features, 3)
        self.c3 = CascadeFusion(num_features, 4)

    def forward(self, x):
        stages = (self.b1, self.b1, self.b1) if self.shared else (self.b1, self.b2, self.b3)
        return cascade(x, stages, (self.c1, self.c2, self.c3))


class CARN(Network):
    """Cascading residual network.

    Input and output are NCHW float32 RGB in [0, 1]: (N, 3, H, W) -> (N, 3, scale H, scale W).

    Args:
        scale: Enlargement factor: 2, 3 or 4.
        num_features: Channels.
        groups: Groups of the convolutions in CARN-M's blocks and up-sampling (the paper's EResNet); None for CARN.
        multi_scale: Hold the up-sampling of all three scales.

    Raises:
        ValueError: `scale` is none of 2, 3, 4.
    """

    def __init__(self, scale: int = 4, num_features: int = 64, groups: Optional[int] = None, multi_scale: bool = True):
        super().__init__()
        if scale not in SCALES:
            raise ValueError(f"CARN enlarges by 2, 3 or 4, not by {scale!r}")
        self.scale = scale
        self.multi_scale = multi_scale
        store(self, scale=scale if multi_scale else None)
        self.sub_mean = MeanShift(-1)
        self.add_mean = MeanShift(1)
        self.entry = nn.Conv2D(3, num_features, 3, padding=1)
        self.b1 = CascadingBlock(num_features, groups)
        self.b2 = CascadingBlock(num_features, groups)
        self.b3 = CascadingBlock(num_features, groups)
        self.c1 = CascadeFusion(num_features, 2)
        self.c2 = CascadeFusion(num_features, 3)
        self.c3 = CascadeFusion(num_features, 4)
        self.upsample = nn.LayerDict(
            {f"up{branch}": ReLUUpsampling(branch, num_features, groups or 1) for branch in SCALES}
            if multi_scale
            else {"up": ReLUUpsampling(scale, num_features, groups or 1)}
        )
        self.exit = nn.Conv2D(num_features, 3, 3, padding=1)
        init_like_pytorch(self)

    def forward(self, x):
        x = self.entry(self.sub_mean(x))
        x = cascade(x, (self.b1, self.b2, self.b3), (self.c1, self.c2, self.c3))
        upsample = self.upsample[f"up{self.scale}" if self.multi_scale else "up"]
        return self.add_mean(self.exit(upsample(x)))

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on (an upper bound)."""
        return 18 + 4  # three blocks of three times two convolutions; entry, up-sampling and exit

    @staticmethod
    def official_key(key: str) -> str:
        """Our name of an entry of the authors' state dict."""
        return key.replace("_mean.shifter.", "_mean.")

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the CARN that has a state dict of these shapes; None if it is no CARN.

        Those for several scales tell none.
        """
        needed = ("entry.weight", "b3.b1.body.0.weight", "b3.c3.body.0.weight", "c3.body.0.weight", "exit.weight")
        if not all(key in shapes for key in needed):
            return None
        num_features = shapes["entry.weight"][0]
        multi_scale = "upsample.up2.body.0.weight" in shapes
        mobile = "b1.b1.body.4.weight" in shapes
        steps = 4 if multi_scale else sum(f"upsample.up.body.{place}.weight" in shapes for place in (0, 3))
        if not steps or len(shapes) != 32 + (18 if mobile else 36) + 2 * steps:
            return None
        found = {
            "num_features": num_features,
            "groups": num_features // shapes["b1.b1.body.0.weight"][1] if mobile else None,
            "multi_scale": multi_scale,
        }
        if not multi_scale:
            found["scale"] = 3 if shapes["upsample.up.body.0.weight"][0] == 9 * num_features else 2**steps
        return found


for variant, groups, what in (("carn", None, "CARN"), ("carn_m", 4, "CARN-M, the light form for mobile devices")):
    register_model(
        variant,
        CARN,
        scales=SCALES,
        paper=PAPER,
        summary=f"{what}: one network for x2, x3 and x4.",
        hyperparameters={"groups": groups},
    )
    register_model(
        f"{variant}_single",
        CARN,
        scales=SCALES,
        paper=PAPER,
        summary=f"{what}, for one scale.",
        hyperparameters={"groups": groups, "multi_scale": False},
    )
