"""Blocks that more than one family uses."""

from __future__ import annotations

from paddle import nn

__all__ = ["init_like_pytorch"]


def init_like_pytorch(network: nn.Layer) -> None:
    """Draws the convolutions' weights as PyTorch does by default: uniform, of variance 1 / (3 fan-in).

    Paddle's own default is six times that variance, which in networks with many sums and without normalisation lets the first
    outputs explode.
    """
    uniform = nn.initializer.KaimingUniform(negative_slope=5**0.5, nonlinearity="leaky_relu")
    for layer in network.sublayers():
        if isinstance(layer, nn.Conv2D):
            uniform(layer.weight)
