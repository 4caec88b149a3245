import numpy as np
import pytest

from paddle_cv.inference.tiling import tiles


@pytest.mark.parametrize("height, width", [(1, 1), (1, 1000), (64, 64), (65, 64), (100, 300), (1000, 77)])
@pytest.mark.parametrize("tile, overlap", [(64, 0), (64, 10), (33, 16)])
def test_each_pixel_is_kept_once_and_has_its_context(height, width, tile, overlap):
    count = np.zeros((height, width), int)
    shapes = set()
    for piece in tiles(height, width, tile, overlap):
        top, left, bottom, right = piece.kept
        count[top:bottom, left:right] += 1
        w_top, w_left, w_bottom, w_right = piece.window
        shapes.add((w_bottom - w_top, w_right - w_left))
        assert 0 <= w_top and w_bottom <= height and 0 <= w_left and w_right <= width
        assert w_top == 0 or top - w_top >= overlap
        assert w_left == 0 or left - w_left >= overlap
        assert w_bottom == height or w_bottom - bottom >= overlap
        assert w_right == width or w_right - right >= overlap
    assert (count == 1).all()
    [(window_height, window_width)] = shapes
    assert window_height <= tile and window_width <= tile


@pytest.mark.parametrize("height, width", [(1, 1000), (65, 131), (203, 300)])
@pytest.mark.parametrize("tile, overlap, grid", [(64, 10, 2), (64, 7, 8), (67, 16, 8), (33, 0, 4)])
def test_windows_start_on_the_grid(height, width, tile, overlap, grid):
    count = np.zeros((height, width), int)
    for piece in tiles(height, width, tile, overlap, grid):
        top, left, bottom, right = piece.kept
        count[top:bottom, left:right] += 1
        w_top, w_left, w_bottom, w_right = piece.window
        assert w_top % grid == 0 and w_left % grid == 0
        assert w_bottom - w_top <= tile and w_right - w_left <= tile
        for start, end, kept_from, kept_to, length in (
            (w_top, w_bottom, top, bottom, height),
            (w_left, w_right, left, right, width),
        ):
            assert start == 0 or kept_from - start >= overlap
            assert end == length or (end - kept_to >= overlap and end % grid == 0)
    assert (count == 1).all()


def test_windows_are_no_larger_than_needed():
    # Three windows are needed for 512 pixels; of 256 they would compute half as much again.
    windows = [piece.window for piece in tiles(100, 512, 256, 22)]
    assert [(left, right) for _, left, _, right in windows] == [(0, 200), (156, 356), (312, 512)]


def test_a_tile_of_overlap_only_is_refused():
    with pytest.raises(ValueError, match="too small"):
        next(tiles(100, 100, 20, 10))
