"""Layers that exported graphs cannot have, and what computes the same in their place."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Optional

import numpy as np
import paddle
import paddle.nn.functional as F
from paddle import nn

from .transposed import as_convolution

__all__ = ["exportable"]

_KERNEL, _BIAS = "replaced_kernel", "replaced_bias"
_FEW = 8


def _nearest(self, x):
    """Enlargement by repetition, as the pixel shuffle of repeated channels.

    Paddle Inference 3.3.1 does not run interpolation by a factor, and paddle2onnx 2.1 converts neither that nor
    `repeat_interleave` or `index_select` rightly.
    """
    repeated = paddle.concat([x.unsqueeze(2)] * self.scale_factor**2, axis=2)
    return F.pixel_shuffle(repeated.flatten(1, 2), self.scale_factor)


def _bicubic(self, x):
    """Bicubic enlargement to a size: paddle2onnx 2.1 does not convert that by a factor."""
    height, width = paddle.shape(x)[2], paddle.shape(x)[3]
    return F.interpolate(x, size=[height * self.scale_factor, width * self.scale_factor], mode="bicubic")


def _channel_shuffle(self, x):
    """Channels as rows and columns that change places: paddle2onnx 2.1 does not convert the operator."""
    channels, groups = x.shape[1], self._groups
    height, width = paddle.shape(x)[2], paddle.shape(x)[3]
    rows = x.flatten(2).reshape([0, groups, channels // groups, -1]).transpose([0, 2, 1, 3])
    return rows.flatten(1, 2).reshape([0, channels, height, width])


def _leaky_relu(self, x):
    """The slope in a multiplication: paddle2onnx 2.1 writes 0 for it."""
    return paddle.maximum(x, x * self._negative_slope)


def _bin_weights(length: paddle.Tensor, bins: int) -> paddle.Tensor:
    """(bins, length): how much each place counts in each of the bins that adaptive pooling averages over."""
    number, place = paddle.arange(bins), paddle.arange(length).unsqueeze(0)
    start = (number * length) // bins
    end = ((number + 1) * length + (bins - 1)) // bins
    inside = paddle.logical_and(place >= start.unsqueeze(1), place < end.unsqueeze(1))
    return inside.astype("float32") / (end - start).unsqueeze(1).astype("float32")


def _adaptive_average(self, x):
    """Adaptive pooling as two matrix products: ONNX has no operator for it, and paddle2onnx 2.1 is wrong for uneven bins."""
    rows = _bin_weights(paddle.shape(x)[2], self._output_size)
    columns = _bin_weights(paddle.shape(x)[3], self._output_size)
    return paddle.matmul(rows, paddle.matmul(x, columns, transpose_y=True))


def _transposed(layer: nn.Conv2DTranspose) -> Optional[Callable[..., Any]]:
    """A transposed convolution as a convolution and a pixel shuffle, where OpenVINO computes that in less time."""
    convolution = as_convolution(layer)
    if convolution is None:
        return None
    kernel, bias, padding, factor = convolution
    # Buffers, as a graph can hold no other tensors.
    layer.register_buffer(_KERNEL, paddle.to_tensor(kernel))
    layer.register_buffer(_BIAS, None if bias is None else paddle.to_tensor(bias))

    def forward(self, x):
        x = F.conv2d(x, self._buffers[_KERNEL], self._buffers[_BIAS], padding=padding)
        return F.pixel_shuffle(x, factor) if factor > 1 else x

    return forward


def _precise(layer: nn.Conv2D) -> Callable[..., Any]:
    """A convolution to few channels with each weight as a sum of two that bfloat16 can hold.

    The last layer's weights are the ones whose rounding shows most. Engines compute 16 channels at once: these cost nothing.
    """
    coarse = rounded_to_bfloat16(layer.weight.numpy())
    layer.register_buffer(_KERNEL, paddle.to_tensor(np.concatenate([coarse, layer.weight.numpy() - coarse])))

    def forward(self, x):
        x = F.conv2d(x, self._buffers[_KERNEL], None, self._stride, self._padding, self._dilation)
        coarse, fine = paddle.split(x, 2, axis=1)
        return coarse + fine if self.bias is None else coarse + fine + self.bias.reshape([1, -1, 1, 1])

    return forward


def _few_channels(layer: nn.Conv2D) -> bool:
    return layer._groups == 1 and layer._padding_mode == "zeros" and layer.weight.shape[0] <= _FEW


def rounded_to_bfloat16(x: np.ndarray) -> np.ndarray:
    """float32 values that bfloat16 can hold, each the one next to the given one; half-way to the even one."""
    bits = x.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)


def _replacement(layer: nn.Layer, kind: str) -> Optional[Callable[..., Any]]:
    if isinstance(layer, nn.Upsample) and isinstance(layer.scale_factor, int) and not layer.align_corners:
        return {"nearest": _nearest, "bicubic": _bicubic if kind != "paddle" else None}.get(layer.mode)
    if kind == "openvino" and isinstance(layer, nn.Conv2DTranspose):
        return _transposed(layer)
    if kind == "openvino" and type(layer) is nn.Conv2D and _few_channels(layer):
        return _precise(layer)
    if kind == "paddle":
        return None
    if isinstance(layer, nn.ChannelShuffle):
        return _channel_shuffle
    if isinstance(layer, nn.LeakyReLU) and 0 <= layer._negative_slope <= 1:
        return _leaky_relu
    if isinstance(layer, nn.AdaptiveAvgPool2D) and isinstance(layer._output_size, int):
        return _adaptive_average if layer._output_size > 1 else None
    return None


@contextmanager
def exportable(network: nn.Layer, kind: str) -> Iterator[None]:
    """Gives layers of a network equal forwards that a graph of a kind can have, and takes them back.

    Args:
        network: The network.
        kind: `paddle`, `onnx` or `openvino`.
    """
    changed = []
    try:
        for layer in network.sublayers():
            forward = _replacement(layer, kind)
            if forward is not None:
                layer.forward = types.MethodType(forward, layer)
                changed.append(layer)
        yield
    finally:
        for layer in changed:
            vars(layer).pop("forward", None)  # gone where `shuffles_moved` has replaced it meanwhile
            for name in (_KERNEL, _BIAS):
                layer._buffers.pop(name, None)
