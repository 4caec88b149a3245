"""Intersection over union and boundaries against counting by hand."""

import numpy as np
import pytest

from paddle_cv.metrics.segmentation import boundary_f, class_areas, foreground_iou, mean_iou


def test_areas_and_their_mean():
    target = np.array([[0, 0, 1], [1, 2, 255]])
    result = np.array([[0, 1, 1], [1, 1, 0]])
    areas = class_areas(result, target, 4)
    assert areas.tolist() == [[1, 2, 0, 0], [2, 4, 1, 0]]
    assert mean_iou(areas) == pytest.approx((1 / 2 + 2 / 4 + 0) / 3)
    assert np.isnan(mean_iou(np.zeros((2, 3))))


def test_foreground():
    square, shifted = np.zeros((2, 10, 10), bool)
    square[2:6, 2:6] = shifted[2:6, 4:8] = True
    assert foreground_iou(square, shifted) == pytest.approx(8 / 24)
    assert foreground_iou(~square | square, np.ones((10, 10), bool)) == 1
    assert foreground_iou(np.zeros((2, 2), bool), np.zeros((2, 2), bool)) == 1


def test_boundaries_within_the_tolerance_agree():
    square, near, far = np.zeros((3, 60, 80), bool)
    square[20:40, 20:40] = near[21:41, 20:40] = far[20:40, 30:50] = True
    assert boundary_f(square, square) == 1
    assert boundary_f(square, near) == 1  # one pixel of 100 in the diagonal
    assert boundary_f(square, far) < 0.9
    assert boundary_f(square, near, tolerance=0) < 1
    assert boundary_f(square, np.zeros_like(square)) == 0
    assert boundary_f(np.zeros_like(square), np.ones_like(square)) == 1


def test_other_shapes_are_refused():
    for measure in (foreground_iou, boundary_f, lambda a, b: class_areas(a, b, 2)):
        with pytest.raises(ValueError, match="shapes"):
            measure(np.zeros((2, 2), bool), np.zeros((2, 3), bool))
