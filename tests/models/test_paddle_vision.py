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
    network = build_model(name)
    load_weights(network, read_weights(path, network))
    network.eval()
    side = 224 if name in ("alexnet", "vgg11") else max(network.smallest_input, 96)
    x = paddle.to_tensor(np.random.RandomState(0).randn(1, 3, side, side).astype(np.float32))
    with paddle.no_grad():
        expected, actual = their_network(x).numpy(), network(x).numpy()
    assert np.abs(actual - expected).max() < 1e-4 * expected.std()
    if hasattr(network, "paddle_key"):
        assert identify(path)[0].network is type(network)


def test_published_weights_are_of_networks_that_are_compared():
    """Else nothing shows that the files fit."""
    published = {model_spec(name).network for name in list_models() if model_spec(name).published}
    assert published <= {model_spec(name).network for name in CONSTRUCTORS}
