"""Interpolation against MATLAB's imresize, Paddle's own and the definition."""

import numpy as np
import paddle
import pytest
from paddle.nn import functional as F

from paddle_cv.data.imresize import imresize
from paddle_cv.models import build_model


def enlarged(method, scale, picture):
    network = build_model(f"{method}_x{scale}")
    assert network.state_dict() == {}
    x = paddle.to_tensor(picture.transpose(2, 0, 1)[None])
    return network(x).numpy()[0].transpose(1, 2, 0)


def random_picture(height, width):
    return np.random.RandomState(height + width).rand(height, width, 3).astype(np.float32)


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
@pytest.mark.parametrize("size", [(11, 7), (2, 3), (1, 5), (1, 1)])
def test_bicubic_is_that_of_matlab(scale, size):
    picture = random_picture(*size)
    np.testing.assert_allclose(enlarged("bicubic", scale, picture), imresize(picture, scale), atol=2e-6)


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_nearest_and_bilinear_are_those_of_paddle(scale):
    picture = random_picture(9, 6)
    x = paddle.to_tensor(picture.transpose(2, 0, 1)[None])
    for method in ("nearest", "bilinear"):
        expected = F.interpolate(x, scale_factor=scale, mode=method).numpy()[0].transpose(1, 2, 0)
        np.testing.assert_allclose(enlarged(method, scale, picture), expected, atol=2e-6)


@pytest.mark.parametrize("scale", [2, 3])
@pytest.mark.parametrize("width", [1, 2, 12])
def test_lanczos_is_the_sum_of_its_definition(scale, width):
    row = random_picture(1, width)
    actual = enlarged("lanczos", scale, row)
    period = np.concatenate([row[0], row[0][::-1]])
    for place in range(scale * width):
        centre = (place + 0.5) / scale - 0.5
        pixels = np.arange(-8, width + 8)
        distance = centre - pixels
        weights = np.where(np.abs(distance) < 3, np.sinc(distance) * np.sinc(distance / 3), 0)
        expected = (weights / weights.sum()) @ period[pixels % (2 * width)]
        np.testing.assert_allclose(actual[:, place], np.tile(expected, (scale, 1)), atol=2e-6)


def test_an_unknown_method_is_named():
    with pytest.raises(ValueError, match="bicubic"):
        build_model("bicubic_x4", method="cubic")


def test_exported_graphs_are_told_apart():
    """There are no weights, and the cache of graphs goes by what `repr` shows."""
    assert len({repr(build_model(f"{method}_x2")) for method in ("nearest", "bilinear", "bicubic", "lanczos")}) == 4
