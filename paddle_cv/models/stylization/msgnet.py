"""MSG-Net: Hang Zhang, Kristin Dana, "Multi-style Generative Network for Real-time Transfer", ECCV Workshops 2018
(arXiv:1703.06953).

One network for many styles, given by an image each: the CoMatch layer matches the correlations of the features with those of
the style. Agrees with the authors' PyTorch implementation, names of the sublayers included; it takes and gives blue, green and
red in this order. Values inside are in 0...255, as there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn

from ..detection import detector
from ..network import Network
from ..registry import register_model
from .base import ReflectedConv, StylizationSpec, UpsampledConv

__all__ = ["MSGNet"]


def norm(channels: int) -> nn.InstanceNorm2D:
    return nn.InstanceNorm2D(channels, weight_attr=False, bias_attr=False)


class Bottleneck(nn.Layer):
    """Normalisation before each of three convolutions, and the sum with the input or its projection.

    Args:
        in_channels: Channels of the input.
        width: Channels of the 3x3 convolution; the output has four times as many.
        scale: 0.5 halves the resolution, 2 doubles it, 1 leaves it and the channels as they are.
    """

    def __init__(self, in_channels: int, width: int, scale: float = 1):
        super().__init__()
        out_channels = 4 * width
        stride = 2 if scale == 0.5 else 1
        if scale == 2:
            middle, self.residual_layer = UpsampledConv(width, width, 3), UpsampledConv(in_channels, out_channels, 1)
        else:
            middle = ReflectedConv(width, width, 3, stride)
            self.residual_layer = nn.Conv2D(in_channels, out_channels, 1, stride) if stride == 2 else None
        self.conv_block = nn.Sequential(
            norm(in_channels),
            nn.ReLU(),
            nn.Conv2D(in_channels, width, 1),
            norm(width),
            nn.ReLU(),
            middle,
            norm(width),
            nn.ReLU(),
            nn.Conv2D(width, out_channels, 1),
        )

    def forward(self, x):
        return self.conv_block(x) + (x if self.residual_layer is None else self.residual_layer(x))


class CoMatch(nn.Layer):
    """Features times the style's Gram matrix times a learned matrix (section 3.2)."""

    def __init__(self, channels: int):
        super().__init__()
        self.weight = self.create_parameter(
            [1, channels, channels], default_initializer=nn.initializer.Uniform(0.0, 0.02)
        )

    def forward(self, x, gram):
        shape = paddle.shape(x)
        product = paddle.matmul(paddle.matmul(self.weight, gram), x.flatten(2), transpose_x=True)
        return product.reshape(shape)


class Decoder(nn.LayerList):
    """The layers behind the encoder, under the numbers that they have in the authors' state dicts."""

    def __init__(self, channels: int, width: int, num_blocks: int):
        super().__init__()
        layers = [
            *(Bottleneck(channels, width) for _ in range(num_blocks)),
            Bottleneck(channels, 32, 2),
            Bottleneck(128, 16, 2),
            norm(64),
            nn.ReLU(),
            ReflectedConv(64, 3, 7),
        ]
        for number, layer in enumerate(layers, 2):
            self.add_sublayer(str(number), layer)

    def forward(self, x):
        for layer in self._sub_layers.values():
            x = layer(x)
        return x


class MSGNet(Network):
    """Images (N, 3, H, W) and an image of the style each -> painted images as large, BGR in [0, 1] (not clipped).

    The sides are multiples of 4; the style may have any size.

    Args:
        width: Channels of the residual blocks' 3x3 convolutions.
        num_blocks: Residual blocks.
    """

    def __init__(self, width: int = 128, num_blocks: int = 6):
        super().__init__()
        self.model1 = nn.Sequential(
            ReflectedConv(3, 64, 7), norm(64), nn.ReLU(), Bottleneck(64, 32, 0.5), Bottleneck(128, width, 0.5)
        )
        self.ins = CoMatch(4 * width)
        self.model = Decoder(4 * width, width, num_blocks)

    def forward(self, x, style):
        return self.reference_forward(x * 255.0, style * 255.0) / 255.0

    def reference_forward(self, x: paddle.Tensor, style: paddle.Tensor) -> paddle.Tensor:
        """The same for values in 0...255."""
        return self.transfer(x, self.gram(style))

    def gram(self, style: paddle.Tensor) -> paddle.Tensor:
        """What the network knows of a style, values in 0...255: (N, C, C), the means of the products of its features over C."""
        features = self.model1(style).flatten(2)
        count = paddle.shape(features)[1:].prod().astype("float32")
        return paddle.matmul(features, features, transpose_y=True) / count

    def transfer(self, x: paddle.Tensor, gram: paddle.Tensor) -> paddle.Tensor:
        """Paints images, values in 0...255, in the style of a Gram matrix."""
        return self.model(self.ins(self.model1(x), gram))

    @staticmethod
    def official_state(state: Mapping[str, Any]) -> Mapping[str, Any]:
        """The authors' entries; they have the encoder and the CoMatch layer twice."""
        return {key: value for key, value in state.items() if not key.startswith(("model.0.", "model.1."))}

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """Hyperparameters of the MSGNet that has a state dict of these shapes; None if it is none."""
        inner = shapes.get("model1.4.conv_block.2.weight")
        if not inner or "ins.weight" not in shapes:
            return None
        blocks = [key for key in shapes if key.startswith("model.") and key.endswith(".conv_block.2.weight")]
        return {"width": inner[0], "num_blocks": len(blocks) - 2}


register_model(
    "msgnet",
    MSGNet,
    paper="Zhang, Dana: Multi-style Generative Network for Real-time Transfer, ECCV Workshops 2018",
    summary="Paints in the style of another image, one of those that it has learned.",
    spec=StylizationSpec,
    any_style=True,
    bgr=True,
    extra_inputs={"style": (3, None, None)},
)
