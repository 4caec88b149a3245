"""Weights in the names and conventions of `paddle.vision.models`."""

import numpy as np
import paddle
import pytest
from paddle.vision import models as theirs

from paddle_cv.models import build_model, list_models, model_spec
from paddle_cv.weights import identify, load_weights, read_weights

# Those of paddle.vision.models that differ from the paper and from us are not here: SqueezeNet pools whole windows only and pads
# in version 1.1, GoogLeNet has neither biases nor a ReLU after each convolution.
CONSTRUCTORS = {
    "alexnet": theirs.alexnet,
    "vgg11": theirs.vgg11,
    "inception_v3": theirs.inception_v3,
    "resnet18": theirs.resnet18,
    "resnet50": theirs.resnet50,
    "resnext50_32x4d": theirs.resnext50_32x4d,
    "densenet121": theirs.densenet121,
    "shufflenet_v2_x0_33": theirs.shufflenet_v2_x0_33,
    "shufflenet_v2_x2_0": theirs.shufflenet_v2_x2_0,
    "mobilenet_v2": theirs.mobilenet_v2,
}
# PaddlePaddle's width is not the paper's.
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


def _fill(network):
    """Statistics of batch normalisation, and biases, that are not those at the start of training."""
    random = np.random.RandomState(5)
    for key, value in network.state_dict().items():
        if key.endswith("_variance"):
            value.set_value(random.uniform(0.5, 1.5, value.shape).astype(np.float32))
        elif value.ndim == 1:
            value.set_value(random.uniform(-0.1, 0.1, value.shape).astype(np.float32) + float(key.endswith("weight")))


@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_weights_of_paddle_vision_compute_the_same(name, tmp_path):
    paddle.seed(1)
    their_network = CONSTRUCTORS[name]()
    _fill(their_network)
    their_network.eval()
    path = tmp_path / "theirs.pdparams"
    paddle.save(their_network.state_dict(), str(path))
    network = build_model(name, **HYPERPARAMETERS.get(name, {}))
    load_weights(network, read_weights(path, network))
    network.eval()
    side = 224 if name in ("alexnet", "vgg11") else max(network.smallest_input, 96)
    x = paddle.to_tensor(np.random.RandomState(0).randn(1, 3, side, side).astype(np.float32))
    with paddle.no_grad():
        expected, actual = their_network(x).numpy(), network(x).numpy()
    assert np.abs(actual - expected).max() < 1e-4 * expected.std()
    assert identify(path)[0].network is type(network)


def _shapes(entries):
    return {key: list(value.shape) for key, value in entries.items()}


@pytest.mark.parametrize("name", SAME_BLOCKS)
def test_names_and_shapes_of_paddle_vision(name):
    with paddle.LazyGuard():  # shapes without values
        their_network, network = SAME_BLOCKS[name](), build_model(name)
    rename = getattr(network, "paddle_key", lambda key: key)
    renamed = {rename(key): value for key, value in their_network.state_dict().items()}
    assert _shapes(renamed) == _shapes(network.state_dict())


def test_published_weights_are_of_networks_that_are_compared():
    """Else nothing shows that the files fit."""
    published = {model_spec(name).network for name in list_models() if model_spec(name).published}
    assert published <= {model_spec(name).network for name in CONSTRUCTORS}
