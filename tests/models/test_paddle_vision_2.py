"""Weights under the names of `paddle.vision.models`."""

import numpy as np
import paddle
import pytest
from paddle.vision import models as theirs

from paddle_cv.models import build_model
from paddle_cv.weights import load_weights, read_state

# Each is compared in what it computes: one for every kind of block. x2.0 of ShuffleNet v2 is theirs, not the paper's.
COMPUTED = {
    "resnet18": theirs.resnet18,
    "resnet50": theirs.resnet50,
    "resnext50_32x4d": theirs.resnext50_32x4d,
    "densenet121": theirs.densenet121,
    "shufflenet_v2_x0_33": theirs.shufflenet_v2_x0_33,
    "shufflenet_v2_x2_0": theirs.shufflenet_v2_x2_0,
    "mobilenet_v2": theirs.mobilenet_v2,
}
HYPERPARAMETERS = {"shufflenet_v2_x2_0": {"widths": (224, 488, 976)}}
# Of the others, which have the same blocks, names and shapes are compared.
SAME_BLOCKS = {
    name: getattr(theirs, name)
    for name in (
        *("resnet34", "resnet101", "resnet152", "wide_resnet50_2", "wide_resnet101_2"),
        *("resnext50_64x4d", "resnext101_32x4d", "resnext101_64x4d", "resnext152_32x4d", "resnext152_64x4d"),
        *("densenet161", "densenet169", "densenet201", "densenet264"),
        *("shufflenet_v2_x0_25", "shufflenet_v2_x0_5", "shufflenet_v2_x1_0", "shufflenet_v2_x1_5"),
    )
}


def _renamed(entries, network):
    rename = getattr(network, "paddle_key", lambda key: key)
    return {rename(key): value for key, value in entries.items()}


def _shapes(entries):
    return {key: list(value.shape) for key, value in entries.items()}


def _fill(network):
    """Statistics of batch normalisation, and biases, that are not those at the start of training."""
    random = np.random.RandomState(5)
    for key, value in network.state_dict().items():
        if key.endswith("_variance"):
            value.set_value(random.uniform(0.5, 1.5, value.shape).astype(np.float32))
        elif value.ndim == 1:
            value.set_value(random.uniform(-0.1, 0.1, value.shape).astype(np.float32) + float(key.endswith("weight")))


@pytest.mark.parametrize("name", COMPUTED)
def test_weights_of_paddle_vision_compute_the_same(name, tmp_path):
    paddle.seed(1)
    their_network, network = COMPUTED[name](), build_model(name, **HYPERPARAMETERS.get(name, {}))
    _fill(their_network)
    path = tmp_path / "theirs.pdparams"
    paddle.save(their_network.state_dict(), str(path))
    load_weights(network, _renamed(read_state(path), network))
    x = paddle.to_tensor(np.random.RandomState(0).randn(2, 3, 64, 96).astype(np.float32))
    their_network.eval()
    network.eval()
    with paddle.no_grad():
        expected, actual = their_network(x).numpy(), network(x).numpy()
    assert np.abs(actual - expected).max() < 1e-4 * expected.std()


@pytest.mark.parametrize("name", SAME_BLOCKS)
def test_names_and_shapes_of_paddle_vision(name):
    with paddle.LazyGuard():  # shapes without values
        their_network, network = SAME_BLOCKS[name](), build_model(name)
    own = network.state_dict()
    assert _shapes(_renamed(their_network.state_dict(), network)) == _shapes(own)
    assert _renamed(own, network).keys() == own.keys()
