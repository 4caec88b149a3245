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


def _spans(length: int, tile: int, overlap: int, grid: int) -> list[tuple[int, int, int, int]]:
    """Windows (start, end) along one side, with the part (from, to) that each contributes."""
    if length <= tile:
        return [(0, length, 0, length)]
    tile, overlap = tile // grid * grid, _up(overlap, grid)
    # As few windows as possible, and these as small as possible, but all of one size, so that the engine meets one shape. (With a
    # grid the last one may be less than a grid's step smaller.)
    inner = length - 2 * overlap
    step = _up(math.ceil(inner / math.ceil(inner / (tile - 2 * overlap))), grid)
    side, last = step + 2 * overlap, _up(length - step - 2 * overlap, grid)
    count, done, spans = math.ceil(inner / step), 0, []
    for number in range(count):
        start = min(number * step, last)
        end = min(start + side, length)
        kept_to = length if number == count - 1 else end - overlap
        spans.append((start, end, done, kept_to))
        done = kept_to
    return spans


def _up(length: int, grid: int) -> int:
    """The next multiple of `grid`."""
    return math.ceil(length / grid) * grid


def tiles(height: int, width: int, tile: int, overlap: int, grid: int = 1) -> Iterator[Tile]:
    """Covers a picture with windows, row by row; each pixel is kept from exactly one of them.

    Args:
        height: Height of the picture in pixels.
        width: Width of the picture in pixels.
        tile: Largest side of a window, the overlap included.
        overlap: Pixels of a window, on each side that is no edge of the picture, that only give context.
        grid: Windows start at multiples of it, for networks that work on squares of so many pixels.

    Raises:
        ValueError: The windows would be all overlap.
    """
    if overlap < 0 or tile // grid * grid <= 2 * _up(overlap, grid):
        raise ValueError(f"a tile of {tile} pixels is too small for an overlap of {overlap} on both sides")
    for top, bottom, kept_top, kept_bottom in _spans(height, tile, overlap, grid):
        for left, right, kept_left, kept_right in _spans(width, tile, overlap, grid):
            yield Tile((top, left, bottom, right), (kept_top, kept_left, kept_bottom, kept_right))
