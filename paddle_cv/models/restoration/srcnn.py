"""SRCNN: Chao Dong, Chen Change Loy, Kaiming He, Xiaoou Tang,
"Image Super-Resolution Using Deep Convolutional Networks", TPAMI 2016 (arXiv:1501.00092; first ECCV 2014).

The three layers of the paper's Figure 2: patch extraction, non-linear mapping, reconstruction. The picture comes in already
enlarged (bicubic). The authors train without padding and continue the picture by its edge pixels in their test code; here,
as in the usual PyTorch implementations, convolutions are padded with zeros, so that the size stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from paddle import nn

from ..detection import detector
from ..layers import store
from ..network import Network
from .base import register_model

__all__ = ["SRCNN"]

PAPER = "Dong, Loy, He, Tang: Image Super-Resolution Using Deep Convolutional Networks, TPAMI 2016"


class SRCNN(Network):
    """Three convolutions on the enlarged luminance.

    Input and output are NCHW float32 in [0, 1] of the same size.

    Args:
        scale: By what the input was enlarged; the network is the same for all.
        kernel_sizes: Sides of the three kernels (the paper's f1, f2, f3).
        num_features: Channels after the first and the second convolution (n1, n2).
        in_channels: Channels of the input and of the output.
    """

    def __init__(
        self,
        scale: int = 2,
        kernel_sizes: Sequence[int] = (9, 1, 5),
        num_features: Sequence[int] = (64, 32),
        in_channels: int = 1,
    ):
        super().__init__()
        self.scale = scale
        store(self, scale=scale)
        (f1, f2, f3), (n1, n2) = kernel_sizes, num_features
        self.conv1 = nn.Conv2D(in_channels, n1, f1, padding=f1 // 2)
        self.conv2 = nn.Conv2D(n1, n2, f2, padding=f2 // 2)
        self.conv3 = nn.Conv2D(n2, in_channels, f3, padding=f3 // 2)
        self.relu = nn.ReLU()

    def forward(self, x):
        patches = self.relu(self.conv1(x))
        mapped = self.relu(self.conv2(patches))
        return self.conv3(mapped)

    @property
    def receptive_radius(self) -> int:
        """How many pixels of the enlarged input around its own place an output pixel depends on."""
        return sum(conv.weight.shape[2] // 2 for conv in (self.conv1, self.conv2, self.conv3))

    @staticmethod
    def official_key(key: str) -> str:
        """Our name of an entry of a port whose layers are called `features`, `map` and `reconstruction`."""
        for theirs, ours in (("features.0.", "conv1."), ("map.0.", "conv2."), ("reconstruction.", "conv3.")):
            key = ours + key[len(theirs) :] if key.startswith(theirs) else key
        return key

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the SRCNN that has a state dict of these shapes, at any scale; None if it is no SRCNN."""
        if set(shapes) != {f"conv{n}.{kind}" for n in (1, 2, 3) for kind in ("weight", "bias")}:
            return None
        weights = [shapes[f"conv{n}.weight"] for n in (1, 2, 3)]
        return {
            "kernel_sizes": tuple(weight[2] for weight in weights),
            "num_features": (weights[0][0], weights[1][0]),
            "in_channels": weights[0][1],
        }


for _kernel_sizes in ((9, 1, 5), (9, 3, 5), (9, 5, 5)):
    _name = "srcnn_" + "".join(map(str, _kernel_sizes))
    register_model(
        _name,
        SRCNN,
        scales=(2, 3, 4),
        alias="srcnn" if _kernel_sizes == (9, 5, 5) else None,
        paper=PAPER,
        summary=f"Kernels of {'-'.join(map(str, _kernel_sizes))}, on luminance.",
        hyperparameters={"kernel_sizes": _kernel_sizes},
        hub_modules={2: "srcnn_x2", 3: "srcnn_x3", 4: "srcnn_x4"} if _kernel_sizes == (9, 5, 5) else None,
        in_channels=1,
        enlarged_input=True,
        reference=_name,
    )
