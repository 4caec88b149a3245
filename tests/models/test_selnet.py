"""SelNet against the published numbers of weights and multiply-adds: there is no public code."""

import paddle
import pytest

from paddle_cv.analysis import layer_costs
from paddle_cv.models import build_model


@pytest.mark.parametrize(("scale", "thousands", "billions"), [(2, 974, 225.7), (3, 1159, 120.0), (4, 1417, 83.1)])
def test_weights_and_costs_are_the_published_ones(scale, thousands, billions):
    network = build_model(f"selnet_x{scale}")
    assert round(sum(p.size for p in network.parameters() if p.ndim == 4) / 1e3) == thousands
    # 1280 is no multiple of 3; the published figure counts 1280 x 720 / 9 pixels there.
    pixels = 1280 * 720 // scale**2
    macs = sum(cost.macs for cost in layer_costs(network, [1, 3, 10, 10])) / 100 * pixels
    assert round(macs / 1e9, 1) == billions


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_output_shape(scale):
    with paddle.no_grad():
        assert build_model(f"selnet_x{scale}")(paddle.rand([1, 3, 6, 5])).shape == [1, 3, 6 * scale, 5 * scale]
