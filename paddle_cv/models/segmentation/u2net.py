"""U²-Net: Xuebin Qin, Zichen Zhang, Chenyang Huang, Masood Dehghan, Osmar R. Zaiane, Martin Jagersand,
"U2-Net: Going Deeper with Nested U-Structure for Salient Object Detection", Pattern Recognition 2020 (arXiv:2005.09007).

A U-Net whose every stage is a small U-Net itself: it finds what stands out. Agrees with the authors' PyTorch implementation, names
of the sublayers included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Optional

import paddle
from paddle import nn
from paddle.nn import functional as F

from ..detection import detector
from ..layers import resize_like
from ..network import Network
from ..registry import register_model
from .base import IMAGENET, SegmentationSpec

__all__ = ["U2Net"]


class ConvNorm(nn.Layer):
    """3x3 convolution, normalisation and ReLU."""

    def __init__(self, in_channels: int, out_channels: int, dilation: int = 1):
        super().__init__()
        self.conv_s1 = nn.Conv2D(in_channels, out_channels, 3, padding=dilation, dilation=dilation)
        self.bn_s1 = nn.BatchNorm2D(out_channels)
        self.relu_s1 = nn.ReLU()

    def forward(self, x):
        return self.relu_s1(self.bn_s1(self.conv_s1(x)))


class RSU(nn.Layer):
    """Residual U-block (paper, figure 2d): down to ever coarser maps and up again, and the sum with the first convolution.

    Args:
        depth: Convolutions on the way down.
        in_channels: Channels of the input.
        inner: Channels inside.
        out_channels: Channels of the output.
        dilated: Dilations in the place of the coarser maps (the paper's RSU-4F).
    """

    def __init__(self, depth: int, in_channels: int, inner: int, out_channels: int, dilated: bool = False):
        super().__init__()
        self.depth = depth
        # The last convolution on the way down sees its map without another pooling.
        dilations = [2**place for place in range(depth)] if dilated else [1] * (depth - 1) + [2]
        self.pool = None if dilated else nn.MaxPool2D(2, 2, ceil_mode=True)
        self.rebnconvin = ConvNorm(in_channels, out_channels)
        for place, dilation in enumerate(dilations, 1):
            self.add_sublayer(f"rebnconv{place}", ConvNorm(out_channels if place == 1 else inner, inner, dilation))
        for place in range(depth - 1, 0, -1):
            width = out_channels if place == 1 else inner
            self.add_sublayer(f"rebnconv{place}d", ConvNorm(2 * inner, width, dilations[place - 1]))

    def forward(self, x):
        first = x = self.rebnconvin(x)
        maps = []
        for place in range(1, self.depth + 1):
            if self.pool is not None and 1 < place < self.depth:
                x = self.pool(x)
            x = getattr(self, f"rebnconv{place}")(x)
            maps.append(x)
        x = maps.pop()
        for place in range(self.depth - 1, 0, -1):
            skip = maps.pop()
            if self.pool is not None and place < self.depth - 1:
                x = resize_like(x, skip)
            x = getattr(self, f"rebnconv{place}d")(paddle.concat([x, skip], axis=1))
        return x + first


class Stage(NamedTuple):
    """A residual U-block: its depth, inner and outer channels; RSU-4F where it is dilated."""

    depth: int
    inner: int
    channels: int
    dilated: bool = False


DOWN = (
    Stage(7, 32, 64),
    Stage(6, 32, 128),
    Stage(5, 64, 256),
    Stage(4, 128, 512),
    Stage(4, 256, 512, dilated=True),
    Stage(4, 256, 512, dilated=True),
)
UP = (
    Stage(7, 16, 64),
    Stage(6, 32, 64),
    Stage(5, 64, 128),
    Stage(4, 128, 256),
    Stage(4, 256, 512, dilated=True),
)


class U2Net(Network):
    """U²-Net: (N, 3, H, W), standardised RGB, -> probability of what stands out (N, num_classes, H, W), in [0, 1].

    In training it gives seven: that, and those of each stage of the way up and of the coarsest one, as large.

    Args:
        small: The light network of the paper (U²-Net†): 16 channels inside all blocks and 64 between them.
        num_classes: Maps of each output; 1.
    """

    def __init__(self, small: bool = False, num_classes: int = 1):
        super().__init__()
        self.num_classes = num_classes
        self.pool = nn.MaxPool2D(2, 2, ceil_mode=True)
        channels, widths = 3, []
        for number, stage in enumerate(DOWN, 1):
            inner, width = (16, 64) if small else (stage.inner, stage.channels)
            self.add_sublayer(f"stage{number}", RSU(stage.depth, channels, inner, width, stage.dilated))
            channels = width
            widths.append(width)
        sides = [channels]
        for number in range(len(UP), 0, -1):
            stage = UP[number - 1]
            inner, width = (16, 64) if small else (stage.inner, stage.channels)
            block = RSU(stage.depth, channels + widths[number - 1], inner, width, stage.dilated)
            self.add_sublayer(f"stage{number}d", block)
            channels = width
            sides.append(width)
        for number, width in enumerate(reversed(sides), 1):
            self.add_sublayer(f"side{number}", nn.Conv2D(width, num_classes, 3, padding=1))
        self.outconv = nn.Conv2D(len(DOWN) * num_classes, num_classes, 1)

    def forward(self, x):
        outputs = self.all_outputs(x)
        return outputs if self.training else outputs[0]

    def all_outputs(self, x: paddle.Tensor) -> list[paddle.Tensor]:
        """The fused map, and those of the six stages, the finest first."""
        maps = []
        for number in range(1, len(DOWN) + 1):
            x = getattr(self, f"stage{number}")(x if number == 1 else self.pool(x))
            maps.append(x)
        decoded = [x]
        for number in range(len(UP), 0, -1):
            skip = maps[number - 1]
            x = getattr(self, f"stage{number}d")(paddle.concat([resize_like(x, skip), skip], axis=1))
            decoded.append(x)
        sides = [getattr(self, f"side{number}")(features) for number, features in enumerate(reversed(decoded), 1)]
        sides = [sides[0], *(resize_like(side, sides[0]) for side in sides[1:])]
        return [F.sigmoid(output) for output in [self.outconv(paddle.concat(sides, axis=1)), *sides]]

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the U2Net that has a state dict of these shapes; None if it is none."""
        first, out = shapes.get("stage1.rebnconv1.conv_s1.weight"), shapes.get("outconv.weight")
        if not first or not out or "stage5d.rebnconv1d.conv_s1.weight" not in shapes:
            return None
        return {"small": first[0] == 16, "num_classes": out[0]}


for _name, _small, _summary in (
    ("u2net", False, "Cuts out what stands out, whatever it is."),
    ("u2netp", True, "The light network: a fortieth of the parameters."),
):
    register_model(
        _name,
        U2Net,
        hyperparameters={"small": _small},
        paper="Qin et al.: U2-Net: Going Deeper with Nested U-Structure for Salient Object Detection, PR 2020",
        summary=_summary,
        spec=SegmentationSpec,
        output="probability",
        foreground=0,
        working_size=320,
        square=True,
        **IMAGENET,
    )
