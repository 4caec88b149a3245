"""Blocks that more than one family uses."""

from __future__ import annotations

from typing import Optional

import paddle
from paddle import nn

__all__ = ["STORED", "init_like_pytorch", "store"]

#: With this begin the names of the hyperparameters in a state dict.
STORED = "stored_"


def store(network: nn.Layer, **hyperparameters: Optional[int]) -> None:
    """Keeps hyperparameters in the state dict that the shape of no weight shows, such as the scale of a deconvolution.

    A checkpoint then tells by itself what network it is for. State dicts of reference implementations have no such entries,
    and loading does without them. None is not kept.
    """
    for name, value in hyperparameters.items():
        if value is not None:
            network.register_buffer(STORED + name, paddle.to_tensor(value, "int32"))


def init_like_pytorch(network: nn.Layer) -> None:
    """Draws the convolutions' weights as PyTorch does by default: uniform, of variance 1 / (3 fan-in).

    Paddle's own default is six times that variance, which in networks with many sums and without normalisation lets the first
    outputs explode.
    """
    uniform = nn.initializer.KaimingUniform(negative_slope=5**0.5, nonlinearity="leaky_relu")
    for layer in network.sublayers():
        if isinstance(layer, nn.Conv2D):
            uniform(layer.weight)
