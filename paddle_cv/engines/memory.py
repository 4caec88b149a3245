"""The windows that fit into memory."""

from __future__ import annotations

import math

__all__ = ["window_side"]

# Of all windows that are worked on at once.
_BUDGET = 0.75 * 2**30
# Smaller windows are mostly overlap; larger ones hardly save more of it.
_LEAST, _MOST = 192, 768


def window_side(memory: int, workers: int, overlap: int) -> int:
    """Side in pixels of the windows of which `workers` at once stay within the budget; a third of it at most is overlap.

    Args:
        memory: Bytes that each pixel of a window takes.
        workers: How many windows are worked on at once.
        overlap: Pixels of context on each side.
    """
    fitting = int(math.sqrt(_BUDGET / (max(memory, 1) * workers)))
    return max(min(fitting, _MOST), _LEAST, 6 * overlap)
