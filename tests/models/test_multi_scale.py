"""Networks for several scales, and scales that have no reference."""

import paddle
import pytest

from paddle_cv.models import build_model


@pytest.mark.parametrize("name", ["mdsr_baseline_x2", "carn_m_x2"])
def test_scale_chooses_the_branch(name):
    network = build_model(name)
    x = paddle.rand([1, 3, 5, 6])
    with paddle.no_grad():
        for scale in (2, 3, 4):
            network.scale = scale
            assert network(x).shape == [1, 3, 5 * scale, 6 * scale]


@pytest.mark.parametrize("family", ["rcan", "drln"])
def test_eight_times_adds_one_doubling_to_four_times(family):
    four, eight = (sum(p.size for p in build_model(f"{family}_x{scale}").parameters()) for scale in (4, 8))
    assert eight - four == 256 * 64 * 9 + 256


@pytest.mark.parametrize("name", ["idn_x3", "esrgan_x1", "esrgan_x2"])
def test_odd_sizes(name):
    network = build_model(name, num_blocks=1)
    channels = 1 if name == "idn_x3" else 3
    with paddle.no_grad():
        y = network(paddle.rand([1, channels, 5, 7]))
    assert y.shape == [1, channels, 5 * network.scale, 7 * network.scale]
