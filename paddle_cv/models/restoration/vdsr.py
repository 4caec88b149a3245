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
from ..layers import store
from ..network import Network
from .base import register_model

__all__ = ["VDSR"]

PAPER = "Kim, Lee, Lee: Accurate Image Super-Resolution Using Very Deep Convolutional Networks, CVPR 2016"

# What ports call the first layer, those between, which they number, and the last one.
_FIRST = (
    "input",
    "input.0",
    "input_conv",
    "input_layer",
    "in_conv",
    "conv_in",
    "conv_input",
    "conv_1",
    "conv1",
    "conv1.0",
)
_INNER = re.compile(
    r"(?:residual_layers?|trunk|conv_layers?|hidden_layers?|layers|conv_2_to_19|conv_relu_block|conv2d_relu|body\.layers)"
    r"\.(?:conv_?)?(\d+)(?:\.conv)?(?:\.0)?"
)
_LAST = ("output", "output_conv", "output_layer", "out_conv", "conv_out", "conv_output", "conv_20", "conv2")


class VDSR(Network):
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
        """The entries of ports that name the first and the last layer, and number those between; others stay as they are."""
        layers = dict.fromkeys(key.rpartition(".")[0] for key in state)
        inner = {layer: int(match[1]) for layer in layers if (match := _INNER.fullmatch(layer))}
        first = [layer for layer in layers if layer in _FIRST]
        last = [layer for layer in layers if layer in _LAST]
        if not inner or len(first) != 1 or len(last) != 1 or len(inner) + 2 != len(layers):
            return state
        order = [*first, *sorted(inner, key=inner.get), *last]
        names = {layer: f"conv{number}" for number, layer in enumerate(order, 1)}
        return {f"{names[key.rpartition('.')[0]]}.{key.rpartition('.')[2]}": value for key, value in state.items()}

    @staticmethod
    def official_key(key: str) -> str:
        """Layers that are numbered with an underscore."""
        return re.sub(r"^conv_(\d+)\.", r"conv\1.", key)

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
