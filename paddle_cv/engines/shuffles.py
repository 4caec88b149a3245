"""Convolutions that come after a pixel shuffle, computed before it.

The last convolution of many networks makes 3 channels of 64 that a pixel shuffle has just spread over the enlarged picture. A
convolution of the pixels that are not spread yet, whose kernel holds the same weights in another order, gives the same numbers,
and the shuffle then moves 3 channels instead of 64: CARN-M x4 takes three quarters of the time, and two thirds of the memory.
"""

from __future__ import annotations

import logging
import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Optional

import numpy as np
import paddle
import paddle.nn.functional as F
from paddle import nn

__all__ = ["moved_kernel", "shuffles_moved"]

logger = logging.getLogger(__name__)

# They treat each value alone, wherever it is; so does PReLU where one slope is for all channels.
_ELEMENTWISE = (nn.ReLU, nn.LeakyReLU, nn.PReLU)
# Engines compute at least 16 channels at once: the few of a last convolution cost no more when they are more, up to some 32.
_MAX_CHANNELS = 32
# Pixels of the input that stands for those that vary: large enough for the kernels, small enough to cost nothing.
_SIDE = 16
_KERNEL, _BIAS = "moved_kernel", "moved_bias"


def moved_kernel(kernel: np.ndarray, factor: int) -> np.ndarray:
    """The kernel that does before a pixel shuffle what another does after it.

    Args:
        kernel: (O, C, k, k), k odd; of a convolution with stride 1 that pads by k // 2 zeros.
        factor: Of the pixel shuffle, r.

    Returns:
        (O r^2, C r^2, K, K), also for a convolution that pads by K // 2; its result is shuffled.
    """
    outputs, inputs, side, _ = kernel.shape
    reach = -(-(side // 2) // factor)
    moved = np.zeros((outputs, factor, factor, inputs, factor, factor, 2 * reach + 1, 2 * reach + 1), kernel.dtype)
    for row, column, down, right in np.ndindex(factor, factor, side, side):
        # Where the enlarged pixel that this weight looks at lies: in which pixel, and where in it.
        y, x = row + down - side // 2, column + right - side // 2
        moved[:, row, column, :, y % factor, x % factor, y // factor + reach, x // factor + reach] = kernel[
            :, :, down, right
        ]
    return moved.reshape(outputs * factor**2, inputs * factor**2, 2 * reach + 1, 2 * reach + 1)


@contextmanager
def shuffles_moved(network: nn.Layer, shapes: Sequence[Sequence[Optional[int]]], kind: str) -> Iterator[None]:
    """Within it, the network computes such convolutions before their pixel shuffle.

    Which they are is seen on a small input; the result for it must stay the same, or the network is left as it is.

    Args:
        network: The network, in eval mode.
        shapes: Shape of each input without the batch, None for sides that vary.
        kind: Of the graph that is made meanwhile: `paddle`, `onnx` or `openvino`.
    """
    if not any(isinstance(layer, nn.PixelShuffle) for layer in network.sublayers()):
        yield
        return
    inputs = [paddle.rand([1, *(side or _SIDE for side in shape)]) for shape in shapes]
    with paddle.no_grad():
        expected, pairs = _find(network, inputs)
    changed: list[nn.Layer] = []
    try:
        for shuffle, conv in pairs:
            # With larger kernels oneDNN, which Paddle Inference uses, takes twice the time afterwards.
            if kind != "paddle" or conv.weight.shape[2] == 3:
                _move(shuffle, conv)
                changed += [shuffle, conv]
        if changed and not _computes(network, inputs, expected):
            logger.warning("%s: its last convolution stays behind its pixel shuffle", type(network).__name__)
            _restore(changed)
        yield
    finally:
        _restore(changed)


def _find(network: nn.Layer, inputs: list) -> tuple[paddle.Tensor, list[tuple[nn.Layer, nn.Layer]]]:
    """What the network computes, and its pixel shuffles with the convolution that alone takes their result."""
    # What comes out of which shuffle, by id, and kept alive for that; and the layers that take it.
    sources: dict[int, tuple[paddle.Tensor, nn.Layer]] = {}
    users: dict[nn.Layer, list[nn.Layer]] = {}

    def used(layer: nn.Layer, given: tuple) -> None:
        for tensor in given:
            if id(tensor) in sources and not _elementwise(layer):
                users[sources[id(tensor)][1]].append(layer)

    def made(layer: nn.Layer, given: tuple, result: paddle.Tensor) -> None:
        if isinstance(layer, nn.PixelShuffle):
            sources[id(result)] = (result, layer)
            users.setdefault(layer, [])
        elif _elementwise(layer) and id(given[0]) in sources:
            sources[id(result)] = (result, sources[id(given[0])][1])

    leaves = [layer for layer in network.sublayers() if not layer.sublayers()]
    hooks = [
        hook
        for leaf in leaves
        for hook in (leaf.register_forward_pre_hook(used), leaf.register_forward_post_hook(made))
    ]
    try:
        expected = network(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return expected, [
        (shuffle, found[0]) for shuffle, found in users.items() if len(found) == 1 and _movable(shuffle, found[0])
    ]


def _computes(network: nn.Layer, inputs: list, expected: paddle.Tensor) -> bool:
    try:
        with paddle.no_grad():
            result = network(*inputs)
    except ValueError:  # something else in `forward` uses what was shuffled
        return False
    return bool(paddle.allclose(result, expected, rtol=0.0, atol=1e-4 * float(expected.abs().max())))


def _elementwise(layer: nn.Layer) -> bool:
    return isinstance(layer, _ELEMENTWISE) and (not isinstance(layer, nn.PReLU) or layer._weight.size == 1)


def _movable(shuffle: nn.PixelShuffle, conv: nn.Layer) -> bool:
    if type(conv) is not nn.Conv2D or conv._groups > 1 or conv._padding_mode != "zeros":
        return False
    outputs, _, *sides = conv.weight.shape
    plain = list(conv._stride) == list(conv._dilation) == [1, 1] and sides[0] == sides[1]
    padded = conv._padding in (sides[0] // 2, [sides[0] // 2] * 2, (sides[0] // 2,) * 2)
    return plain and padded and sides[0] % 2 == 1 and outputs * shuffle._upscale_factor**2 <= _MAX_CHANNELS


def _move(shuffle: nn.PixelShuffle, conv: nn.Conv2D) -> None:
    factor = shuffle._upscale_factor
    kernel = moved_kernel(conv.weight.numpy(), factor)
    # Buffers, as a graph can hold no other tensors.
    conv.register_buffer(_KERNEL, paddle.to_tensor(kernel))
    conv.register_buffer(
        _BIAS, None if conv.bias is None else paddle.to_tensor(np.repeat(conv.bias.numpy(), factor**2))
    )

    def forward(self, x):
        spread = F.conv2d(x, self._buffers[_KERNEL], self._buffers[_BIAS], padding=kernel.shape[2] // 2)
        return F.pixel_shuffle(spread, factor)

    shuffle.forward = lambda x: x
    conv.forward = types.MethodType(forward, conv)


def _restore(changed: list) -> None:
    for layer in changed:
        del layer.forward
        for name in (_KERNEL, _BIAS):
            layer._buffers.pop(name, None)
    changed.clear()
