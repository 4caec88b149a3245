"""Paddle's MKL takes its slow path on processors that are not Intel's; this keeps it from doing so.

Paddle's wheels for x86-64 bring MKL 2019 (`libmklml_intel.so`, `mklml.dll`), in which matrix products, and with them most
training in dygraph, take a generic and several times slower path wherever the processor does not call itself Intel. It reads
the variable `MKL_DEBUG_CPU_TYPE` when it is first asked for something that depends on the processor. There 5 stands for AVX2
and FMA, which AMD's processors have had since 2015. Newer MKL (2020.1 and later, as in PyTorch) does not know it.

Source: https://danieldk.eu/Posts/2020-08-31-MKL-Zen.html; the slowness itself: https://github.com/PaddlePaddle/Paddle/issues/75760.
docs/speed.md has what it changes.
"""

from __future__ import annotations

import ctypes
import logging
import os
import platform
import sys
from collections.abc import MutableMapping
from pathlib import Path

__all__ = ["choose_kernels", "slow_by_name"]

logger = logging.getLogger(__name__)

_VARIABLE, _AVX2 = "MKL_DEBUG_CPU_TYPE", "5"
_PF_AVX2_INSTRUCTIONS_AVAILABLE = 40  # winnt.h


def choose_kernels(environment: MutableMapping[str, str] = os.environ) -> bool:
    """Sets the variable for this process and those that it starts, where it helps; before MKL has computed anything.

    Nothing happens on other processors, where the variable is set already, and with `PADDLE_CV_MKL=off`.

    Returns:
        Whether it was set.
    """
    if environment.get("PADDLE_CV_MKL", "").lower() == "off" or _VARIABLE in environment:
        return False
    if platform.machine() not in ("x86_64", "AMD64") or not _slow_here():
        return False
    environment[_VARIABLE] = _AVX2
    logger.debug(
        "%s=%s: Paddle's MKL uses AVX2, though this is no Intel processor (PADDLE_CV_MKL=off)", _VARIABLE, _AVX2
    )
    return True


def _slow_here() -> bool:
    try:
        if sys.platform == "win32":
            intel = "GenuineIntel" in platform.processor()
            return not intel and bool(ctypes.windll.kernel32.IsProcessorFeaturePresent(_PF_AVX2_INSTRUCTIONS_AVAILABLE))
        return slow_by_name(Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace"))
    except OSError:  # not Linux, or a container without /proc
        return False


def slow_by_name(cpuinfo: str) -> bool:
    """Whether `/proc/cpuinfo` describes a processor that has AVX2 and FMA and is not Intel's."""
    first = dict.fromkeys(("vendor_id", "flags"), "")
    for line in cpuinfo.partition("\n\n")[0].splitlines():
        name, _, value = line.partition(":")
        first[name.strip()] = value.strip()
    return first["vendor_id"] not in ("", "GenuineIntel") and {"avx2", "fma"} <= set(first["flags"].split())
