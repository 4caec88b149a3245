"""What a network needs to work in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Optional

import paddle
from paddle import nn

from ..private import allocated_bytes

__all__ = ["bytes_per_pixel"]

_SIDE = 16  # of the input that is tried


def bytes_per_pixel(network: nn.Layer, shapes: Sequence[Sequence[Optional[int]]]) -> int:
    """The most memory that a network's features take at once, for each pixel of its input.

    They are counted while the network computes a small input as a Layer; graphs need about as much.

    Args:
        network: The network, in eval mode.
        shapes: Shape of each input without the batch, None for sides that vary.

    Returns:
        The number; 0 for a network whose input has one size.
    """
    if None not in shapes[0]:
        return 0
    inputs = [paddle.rand([1, *(side or _SIDE for side in shape)]) for shape in shapes]
    most = before = _allocated()

    def count(*_: object) -> None:
        nonlocal most
        most = max(most, _allocated())

    hooks = [layer.register_forward_post_hook(count) for layer in network.sublayers() if not layer.sublayers()]
    try:
        with paddle.no_grad():
            network(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return math.ceil((most - before) / (inputs[0].shape[2] * inputs[0].shape[3]))


def _allocated() -> int:
    """Bytes of all tensors."""
    if paddle.get_device().startswith("gpu"):
        return paddle.device.cuda.memory_allocated()
    return allocated_bytes()
