"""VDSR: Jiwon Kim, Jung Kwon Lee, Kyoung Mu Lee,
"Accurate Image Super-Resolution Using Very Deep Convolutional Networks", CVPR 2016 (arXiv:1511.04587).

Twenty convolutions that learn the difference between the enlarged (bicubic) picture and the true one (Figure 2). One network
serves all scales. The form of the authors has biases; `vdsr_nobias` is that of the most used PyTorch port, which has none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from paddle import nn

from ..detection import detector
from ..layers import count_layers, store
from .base import register_model

__all__ = ["VDSR"]

PAPER = "Kim, Lee, Lee: Accurate Image Super-Resolution Using Very Deep Convolutional Networks, CVPR 2016"


class VDSR(nn.Layer):
    """A chain of 3x3 convolutions with ReLU between them, added to the input.

    Input and output are NCHW float32 in [0, 1] of the same size.

    Args:
        scale: By what the input was enlarged; the network is the same for all.
        num_layers: Convolutions (the paper's d).
        num_features: Channels between them.
        in_channels: Channels of the input and of the output.
        bias: Whether the convolutions have biases.
    """

    def __init__(
        self,
        scale: int = 2,
        num_layers: int = 20,
        num_features: int = 64,
        in_channels: int = 1,
        bias: bool = True,
    ):
        super().__init__()
        self.scale = scale
        store(self, scale=scale)
        self.num_layers = num_layers
        widths = [in_channels, *[num_features] * (num_layers - 1), in_channels]
        for number, (before, after) in enumerate(zip(widths, widths[1:]), 1):
            self.add_sublayer(
                f"conv{number}", nn.Conv2D(before, after, 3, padding=1, bias_attr=None if bias else False)
            )
        self.relu = nn.ReLU()

    def forward(self, x):
        features = x
        for number in range(1, self.num_layers):
            features = self.relu(getattr(self, f"conv{number}")(features))
        return x + getattr(self, f"conv{self.num_layers}")(features)

    @property
    def receptive_radius(self) -> int:
        """How many pixels of the enlarged input around its own place an output pixel depends on."""
        return self.num_layers

    @staticmethod
    def official_state(state: Mapping[str, Any]) -> Mapping[str, Any]:
        """The entries of a port whose inner layers are called `trunk` under our names; other state dicts stay as they are."""
        inner = count_layers(state, "trunk.{}.conv.weight")
        if not inner:
            return state
        names = {"conv1.0": "conv1", "conv2": f"conv{inner + 2}"}
        names.update({f"trunk.{number}.conv": f"conv{number + 2}" for number in range(inner)})
        renamed = {}
        for key, value in state.items():
            layer, _, kind = key.rpartition(".")
            renamed[f"{names.get(layer, layer)}.{kind}"] = value
        return renamed

    @staticmethod
    def official_key(key: str) -> str:
        """The names of the port without biases, which always has 20 layers."""
        layer, _, kind = key.rpartition(".")
        inner = re.fullmatch(r"residual_layer\.(\d+)\.conv", layer)
        if inner:
            layer = f"conv{int(inner[1]) + 2}"
        layer = {"input": "conv1", "output": "conv20"}.get(layer, layer)
        return f"{layer}.{kind}"

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the VDSR that has a state dict of these shapes, at any scale; None if it is no VDSR."""
        bias = "conv1.bias" in shapes
        num_layers = len(shapes) // (2 if bias else 1)
        kinds = ("weight", "bias") if bias else ("weight",)
        if num_layers < 4 or set(shapes) != {f"conv{n}.{kind}" for n in range(1, num_layers + 1) for kind in kinds}:
            return None
        num_features, in_channels = shapes["conv1.weight"][:2]
        if any(list(shapes[f"conv{n}.weight"][1:]) != [num_features, 3, 3] for n in range(2, num_layers + 1)):
            return None
        return {
            "num_layers": num_layers,
            "num_features": num_features,
            "in_channels": in_channels,
            "bias": bias,
        }


register_model(
    "vdsr",
    VDSR,
    scales=(2, 3, 4),
    paper=PAPER,
    summary="20 layers of 64 channels, on luminance.",
    in_channels=1,
    enlarged_input=True,
    reference="vdsr",
)
register_model(
    "vdsr_nobias",
    VDSR,
    scales=(2, 3, 4),
    paper=PAPER,
    summary="The form of the most used PyTorch port, without biases.",
    hyperparameters={"bias": False},
    in_channels=1,
    enlarged_input=True,
    reference="vdsr_twtygqyy",
)
