"""Parameters and multiply-accumulate operations, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Union

import numpy as np
import paddle
from paddle import nn

from ..models.tracing import trace_as_written
from ..private import leave_home_alone

__all__ = ["LayerCost", "layer_costs"]

_COUNTED = (nn.Conv2D, nn.Conv2DTranspose, nn.Linear)


@dataclass(frozen=True)
class LayerCost:
    """One convolution, transposed convolution or fully connected layer.

    Attributes:
        name: Its place in the network.
        kind: Class of the layer.
        output_shape: Shape of what it computes.
        parameters: Learned numbers in it.
        weights: The same without the biases.
        macs: Multiply-accumulates of all its calls together, biases not counted. A transposed convolution is counted for
            each input pixel.
        macs_per_output: The same, but a transposed convolution counted as if each output pixel saw the whole kernel: the convention
            of the published super-resolution tables.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    weights: int
    macs: int
    macs_per_output: int


def layer_costs(network: nn.Layer, *input_shapes: Sequence[int]) -> list[LayerCost]:
    """Costs of all convolutions and fully connected layers, in the order of their first call.

    The network is only traced, not run, so that large inputs cost nothing.

    Args:
        network: Any network; it is put into eval mode.
        *input_shapes: Shape of each input, the batch dimension included.

    Raises:
        ValueError: The network cannot be traced with these shapes.
    """
    costs: dict[str, LayerCost] = {}
    hooks = []
    for name, layer in network.named_sublayers():
        if isinstance(layer, _COUNTED):
            hooks.append(layer.register_forward_post_hook(_counter(name, costs)))
    was_training = network.training
    network.eval()
    specs = [paddle.static.InputSpec(list(shape), "float32") for shape in input_shapes]
    trace_as_written(network)
    try:
        leave_home_alone()
        paddle.jit.to_static(network.forward, input_spec=specs, full_graph=True).concrete_program  # noqa: B018
    except Exception as error:  # the tracer's errors are of many kinds
        raise ValueError(f"{type(network).__name__} cannot be traced with input {input_shapes}: {error}") from error
    finally:
        for hook in hooks:
            hook.remove()
        if was_training:
            network.train()
    return list(costs.values())


def _counter(name: str, costs: dict[str, LayerCost]):
    def count(layer, inputs, output):
        x = inputs[0] if isinstance(inputs, (tuple, list)) else inputs
        weight = layer.weight.shape
        if isinstance(layer, nn.Linear):
            macs = per_output = _size(output.shape[:-1]) * weight[0] * weight[1]
        elif isinstance(layer, nn.Conv2D):
            macs = per_output = _size(output.shape) * _size(weight[1:])
        else:
            macs = _size(x.shape) * _size(weight[1:])
            per_output = _size(output.shape) * weight[0] // layer._groups * _size(weight[2:])
        parameters = sum(_size(p.shape) for p in (layer.weight, layer.bias) if p is not None)
        before = costs.get(name)
        if before:
            macs, per_output = macs + before.macs, per_output + before.macs_per_output
        costs[name] = LayerCost(
            name, type(layer).__name__, tuple(output.shape), parameters, _size(weight), macs, per_output
        )

    return count


def _size(shape: Union[Sequence[int], tuple[int, ...]]) -> int:
    return int(np.prod([int(side) for side in shape], dtype=np.int64)) if len(shape) else 1
