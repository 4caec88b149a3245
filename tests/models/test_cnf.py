"""CNF has no reference implementation: the parameter counts of its paper, and of the tables that quote it."""

import paddle
import pytest

from paddle_cv.analysis import layer_costs
from paddle_cv.models import build_model


@pytest.mark.parametrize("num_layers, count", [((11, 13, 15), 448_059), ((7, 9, 11), 337_467)])
def test_number_of_weights(num_layers, count):
    network = build_model("cnf_x3", num_layers=num_layers)
    assert sum(p.size for key, p in network.named_parameters() if key.endswith("weight")) == count
    # 311.0 G multiply-accumulates at 1280 x 720 are published for the smaller one.
    assert sum(cost.macs for cost in layer_costs(network, [1, 1, 720, 1280])) == count * 1280 * 720


def test_output_is_as_large_as_the_input():
    assert build_model("cnf_x2")(paddle.rand([2, 1, 9, 11])).shape == [2, 1, 9, 11]


def test_shallow_networks_are_refused():
    with pytest.raises(ValueError, match="three layers or more"):
        build_model("cnf_x2", num_layers=(2, 5))
