"""Names of Paddle that are not public, gathered here: a new release may take them away.

`missing` tells which ones it has, and tests/test_private.py asks it.
"""

from __future__ import annotations

import atexit
import ctypes
import functools
import shutil
import sys
import tempfile

import paddle
from paddle import nn

__all__ = ["affine_channel", "allocated_bytes", "hide_notes", "leave_home_alone", "missing"]

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
_FUNCTIONS = (
    "_C_ops.affine_channel",
    "base.core.host_memory_stat_current_value",
    "jit.dy2static.utils.get_temp_dir",
)
#: glog's variable in Paddle's library, which `GLOG_minloglevel` sets when Paddle is imported.
_LOG_LEVEL = "_ZN3fLI17FLAGS_minloglevelE"


def affine_channel(x: paddle.Tensor, scale: paddle.Tensor, bias: paddle.Tensor) -> paddle.Tensor:
    """x * scale + bias for each channel of (N, C, H, W), by a kernel that oneDNN does not replace."""
    return paddle._C_ops.affine_channel(x, scale, bias, "NCHW")


def allocated_bytes() -> int:
    """What all tensors on the CPU take."""
    return paddle.base.core.host_memory_stat_current_value("Allocated", 0)


def leave_home_alone() -> None:
    """Lets `paddle.jit.to_static` write the sources that it makes to a temporary folder.

    By itself it makes ~/.cache/paddle, and fails where there is no home that can be written to.
    """
    utils = paddle.jit.dy2static.utils
    if hasattr(utils, "get_temp_dir"):
        utils.get_temp_dir = _trace_folder


@functools.cache
def _trace_folder() -> str:
    folder = tempfile.mkdtemp(prefix="paddle_cv-trace-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def hide_notes(level: int) -> bool:
    """Hides what Paddle's C++ part logs below a level (2: errors) though Paddle is imported already; whether that went.

    Windows' build shows no such variable.
    """
    try:
        ctypes.c_int.in_dll(_library(), _LOG_LEVEL).value = level
    except (AttributeError, KeyError, OSError, ValueError):
        return False
    return True


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(sys.modules["paddle.base.libpaddle"].__file__)


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
