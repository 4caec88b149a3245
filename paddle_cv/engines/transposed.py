"""Transposed convolutions as a convolution and a pixel shuffle, which compute the same.

A transposed convolution of stride s gives s x s pixels for each that it gets, and each of them is a sum over some of the pixels
around that one: an ordinary convolution with s^2 times the channels, whose result a pixel shuffle spreads (Shi et al., "Is the
deconvolution layer the same as a convolutional layer?", 2016, arXiv:1609.07009). Engines compute that by their fastest kernels.
"""

from __future__ import annotations

from typing import Optional

import numpy as np
from paddle import nn

__all__ = ["as_convolution", "shuffled_kernel"]

# Engines compute at least 16 channels at once: few channels, as a network's last layer has, cost no more when they are more, up
# to some 32. Elsewhere it pays where the kernel of the convolution is not filled up with zeros.
_MOST_CHANNELS = 32


def shuffled_kernel(kernel: np.ndarray, stride: int, padding: int) -> tuple[np.ndarray, list[int]]:
    """The kernel that does before a pixel shuffle what another does in a transposed convolution.

    Args:
        kernel: (C, O, k, k), of the transposed convolution.
        stride: Its stride, s.
        padding: Its padding.

    Returns:
        (O s^2, C, K, K), for a convolution of stride 1, and by how many zeros that pads: [top, bottom, left, right].
    """
    inputs, outputs, side, _ = kernel.shape
    # What input pixel m - d gives to output pixel s m + r goes through weight r + padding + s d.
    first, last = -((padding + stride - 1) // stride), (side - 1 - padding) // stride
    spread = np.zeros((outputs, stride, stride, inputs, last - first + 1, last - first + 1), kernel.dtype)
    for row, column, down, right in np.ndindex(stride, stride, last - first + 1, last - first + 1):
        y, x = row + padding + stride * (last - down), column + padding + stride * (last - right)
        if 0 <= y < side and 0 <= x < side:
            spread[:, row, column, :, down, right] = kernel[:, :, y, x].T
    return spread.reshape(outputs * stride**2, inputs, *spread.shape[4:]), [last, -first, last, -first]


def as_convolution(layer: nn.Layer) -> Optional[tuple[np.ndarray, Optional[np.ndarray], list[int], int]]:
    """Kernel, bias and padding of the convolution that stands for a layer, and the factor of the shuffle after it.

    None for layers that are no such transposed convolution: with groups, dilation, or a result that is not exactly `stride` times
    as large; and for those that would take more time so.
    """
    if type(layer) is not nn.Conv2DTranspose or layer._groups > 1:
        return None
    stride, padding, more = (_single(value) for value in (layer._stride, layer._padding, layer.output_padding))
    height, width = layer.weight.shape[2:]
    if None in (stride, padding, more) or height != width or _single(layer._dilation) != 1:
        return None
    if height + more - 2 * padding != stride or padding >= height:
        return None
    kernel, zeros = shuffled_kernel(layer.weight.numpy(), stride, padding)
    if len(kernel) > _MOST_CHANNELS and kernel.shape[2] * stride > height:
        return None
    bias = None if layer.bias is None else np.repeat(layer.bias.numpy(), stride**2)
    return kernel, bias, zeros, stride


def _single(value) -> Optional[int]:
    """The number of which a pair or four consist; None where they differ."""
    values = {value} if isinstance(value, int) else set(value)
    return values.pop() if len(values) == 1 else None
