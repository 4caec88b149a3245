"""Names of Paddle that are not public, gathered here: a new release may take them away.

`missing` tells which ones it has, and tests/test_private.py asks it.
"""

from __future__ import annotations

import paddle
from paddle import nn

__all__ = ["affine_channel", "allocated_bytes", "missing"]

#: Attributes of a convolution that the library reads: Paddle keeps a layer's settings under private names only.
_CONV2D = (
    "_data_format",
    "_dilation",
    "_groups",
    "_padding",
    "_padding_mode",
    "_stride",
    "_updated_padding",
    "_buffers",
)
_FUNCTIONS = ("_C_ops.affine_channel", "base.core.host_memory_stat_current_value")


def affine_channel(x: paddle.Tensor, scale: paddle.Tensor, bias: paddle.Tensor) -> paddle.Tensor:
    """x * scale + bias for each channel of (N, C, H, W), by a kernel that oneDNN does not replace."""
    return paddle._C_ops.affine_channel(x, scale, bias, "NCHW")


def allocated_bytes() -> int:
    """What all tensors on the CPU take."""
    return paddle.base.core.host_memory_stat_current_value("Allocated", 0)


def missing() -> list[str]:
    """The private names that this release of Paddle does not have any more."""
    gone = []
    for name in _FUNCTIONS:
        value = paddle
        for part in name.split("."):
            value = getattr(value, part, None)
        if value is None:
            gone.append(f"paddle.{name}")
    conv = nn.Conv2D(1, 1, 1)
    return gone + [f"paddle.nn.Conv2D.{name}" for name in _CONV2D if not hasattr(conv, name)]
