"""A training step that oneDNN runs well on CPUs.

Paddle's dygraph mode runs no oneDNN kernel in training. A static graph does, but three of oneDNN's helper primitives fall
back to a slow reference implementation there: the gradient of ReLU and the sum that makes the gradient of a convolution's
bias are the two that a network meets in every layer. Both have an equal in Paddle that oneDNN does not implement, and
whose ordinary CPU kernel is fast. `compile_for_cpu` puts these in their places; parameters and their names stay as they are.

Not every network can be trained in this way. As of Paddle 3.3.1, oneDNN's batch normalisation does not update the running
statistics, its transposed convolution has no gradient, and the gradients of x - y and x / y with respect to y have the wrong
sign. Interpolation raises an error, and a few graphs crash. Configurations of such networks say `model.compile: false`, and
tests/training/test_recipes.py compares the gradients of all others with those of dygraph.
"""

from __future__ import annotations

import types

import paddle
import paddle.nn.functional as F
from paddle import nn

from ..private import affine_channel, leave_home_alone

__all__ = ["compile_for_cpu"]


#: What can be told from the layers; operations that a `forward` calls cannot.
_NOT_TRAINABLE = {
    nn.BatchNorm2D: "whose running statistics oneDNN does not update",
    nn.Conv2DTranspose: "for which oneDNN has no gradient",
}


def _conv_forward(self, x):
    y = F.conv2d(
        x, self.weight, None, self._stride, self._updated_padding, self._dilation, self._groups, self._data_format
    )
    return affine_channel(y, self._unit_scale, self.bias)


def _relu_forward(self, x):
    return F.thresholded_relu(x, 0.0)


class _Plain(nn.Layer):
    """A network whose outputs come from an ordinary kernel: an oneDNN operation as the last one of a graph crashes Paddle."""

    def __init__(self, network: nn.Layer, method: str):
        super().__init__()
        self.network = network
        self.compute = network if method == "forward" else getattr(network, method)

    def forward(self, x, condition=None):  # static graphs take no *inputs
        outputs = self.compute(x) if condition is None else self.compute(x, condition)
        if isinstance(outputs, (list, tuple)):
            return [paddle.assign(output) for output in outputs]
        return paddle.assign(outputs)


def compile_for_cpu(network: nn.Layer, method: str = "forward") -> nn.Layer:
    """A static graph of a network whose training step is fast on CPUs.

    `FLAGS_use_mkldnn=1` must be in the environment before paddle is imported, or no oneDNN kernel is used.

    Args:
        network: Any Layer that takes one tensor, or two. Its convolutions and ReLUs get other, equal forwards.
        method: Which of its methods is compiled.

    Returns:
        A Layer around it, with the same parameters; `train()` and `eval()` reach the network through it.

    Raises:
        ValueError: The network has a layer that Paddle's oneDNN kernels train wrongly or not at all.
    """
    for layer in network.sublayers():
        if type(layer) in _NOT_TRAINABLE:
            raise ValueError(
                f"{type(network).__name__} has {type(layer).__name__}, {_NOT_TRAINABLE[type(layer)]}; "
                "it is trained in dygraph: model.compile=false"
            )
    for layer in network.sublayers():
        if type(layer) is nn.Conv2D and layer.bias is not None and layer._padding_mode == "zeros":
            scale = paddle.ones([layer.bias.shape[0]])
            # The kernel fills the gradient of the bias only where the gradient of the scale is wanted as well: with
            # stop_gradient=True it returns uninitialised memory.
            scale.stop_gradient = False
            layer.register_buffer("_unit_scale", scale, persistable=False)
            layer.forward = types.MethodType(_conv_forward, layer)
        elif type(layer) is nn.ReLU:
            layer.forward = types.MethodType(_relu_forward, layer)
    leave_home_alone()
    return paddle.jit.to_static(_Plain(network, method), full_graph=True)
