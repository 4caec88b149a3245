"""Large pictures in pieces, so that memory is bounded by the piece and not by the picture."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Tile", "tiles"]


@dataclass(frozen=True)
class Tile:
    """A window to compute, and the part of it that is kept: (top, left, bottom, right) in input pixels."""

    window: tuple[int, int, int, int]
    kept: tuple[int, int, int, int]


def _spans(length: int, tile: int, overlap: int) -> list[tuple[int, int, int, int]]:
    """Windows (start, end) along one side, with the part (from, to) that each contributes."""
    if length <= tile:
        return [(0, length, 0, length)]
    # As few windows as possible, and these as small as possible, but all of one size, so that the engine meets one shape.
    count = math.ceil((length - 2 * overlap) / (tile - 2 * overlap))
    step = math.ceil((length - 2 * overlap) / count)
    side, done, spans = step + 2 * overlap, 0, []
    for number in range(count):
        start = min(number * step, length - side)
        kept_to = length if number == count - 1 else start + side - overlap
        spans.append((start, start + side, done, kept_to))
        done = kept_to
    return spans


def tiles(height: int, width: int, tile: int, overlap: int) -> Iterator[Tile]:
    """Covers a picture with windows, row by row; each pixel is kept from exactly one of them.

    Args:
        height: Height of the picture in pixels.
        width: Width of the picture in pixels.
        tile: Largest side of a window, the overlap included.
        overlap: Pixels of a window, on each side that is no edge of the picture, that only give context.

    Raises:
        ValueError: The windows would be all overlap.
    """
    if overlap < 0 or tile <= 2 * overlap:
        raise ValueError(f"a tile of {tile} pixels is too small for an overlap of {overlap} on both sides")
    for top, bottom, kept_top, kept_bottom in _spans(height, tile, overlap):
        for left, right, kept_left, kept_right in _spans(width, tile, overlap):
            yield Tile((top, left, bottom, right), (kept_top, kept_left, kept_bottom, kept_right))
