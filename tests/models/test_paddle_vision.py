"""Weights in the names and conventions of `paddle.vision.models`."""

import numpy as np
import paddle
import pytest
from paddle.vision import models as theirs

from paddle_cv.models import build_model, list_models, model_spec
from paddle_cv.weights import identify, load_weights, read_weights

# Those of paddle.vision.models that differ from the paper and from us are not here: SqueezeNet pools whole windows only and pads
# in version 1.1 (see below), GoogLeNet has neither biases nor a ReLU after each convolution, LeNet begins with a kernel of 3 x 3.
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
    "mobilenet_v3_large": theirs.mobilenet_v3_large,
}
# PaddlePaddle's width is not the paper's.
HYPERPARAMETERS = {"shufflenet_v2_x2_0": {"widths": (224, 488, 976)}}
# The other depths and widths of these.
OTHERS = (
    *("vgg13", "vgg16", "vgg19"),
    *("resnet34", "resnet101", "resnet152", "wide_resnet50_2", "wide_resnet101_2"),
    *("resnext50_64x4d", "resnext101_32x4d", "resnext101_64x4d", "resnext152_32x4d", "resnext152_64x4d"),
    *("densenet161", "densenet169", "densenet201", "densenet264"),
    "mobilenet_v3_small",
    *("shufflenet_v2_x0_25", "shufflenet_v2_x0_5", "shufflenet_v2_x1_0", "shufflenet_v2_x1_5"),
)


def _fill(network):
    """Statistics of batch normalisation, and biases, that are not those at the start of training."""
    random = np.random.RandomState(5)
    for key, value in network.state_dict().items():
        if key.endswith("_variance"):
            value.set_value(random.uniform(0.5, 1.5, value.shape).astype(np.float32))
        elif value.ndim == 1:
            value.set_value(random.uniform(-0.1, 0.1, value.shape).astype(np.float32) + float(key.endswith("weight")))


@paddle.no_grad()
def _difference(their_network, network, x):
    """The largest one, in standard deviations."""
    their_network.eval()
    network.eval()
    expected, actual = their_network(x).numpy(), network(x).numpy()
    return np.abs(actual - expected).max() / expected.std()


@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_weights_of_paddle_vision_compute_the_same(name, tmp_path):
    paddle.seed(1)
    their_network = CONSTRUCTORS[name]()
    _fill(their_network)
    path = tmp_path / "theirs.pdparams"
    paddle.save(their_network.state_dict(), str(path))
    network = build_model(name, **HYPERPARAMETERS.get(name, {}))
    load_weights(network, read_weights(path, network))
    side = 224 if name in ("alexnet", "vgg11") else max(network.smallest_input, 96)
    x = paddle.to_tensor(np.random.RandomState(0).randn(1, 3, side, side).astype(np.float32))
    assert _difference(their_network, network, x) < 1e-4
    assert identify(path)[0].network is type(network)


@pytest.mark.parametrize("name", OTHERS)
def test_other_depths_and_widths_compute_the_same(name):
    paddle.seed(1)
    their_network, network = getattr(theirs, name)(), build_model(name)
    _fill(their_network)
    rename, convert = network.paddle_key or str, network.paddle_value
    load_weights(
        network, {rename(key): convert(key, value.numpy()) for key, value in their_network.state_dict().items()}
    )
    assert _difference(their_network, network, paddle.randn([1, 3, 64, 64])) < 1e-4


@pytest.mark.parametrize("version, side, padding", [("1_0", 67, 0), ("1_1", 61, 1)])
def test_squeezenet_computes_the_same_where_all_windows_are_whole(version, side, padding):
    paddle.seed(1)
    their_network, network = getattr(theirs, f"squeezenet{version}")(), build_model(f"squeezenet{version}")
    values = [value.numpy() for value in their_network.state_dict().values()]
    values[-2] = values[-2] / 2  # its dropout halves what the last convolution gets when it predicts
    load_weights(network, dict(zip(network.state_dict(), values)))
    pad = paddle.nn.Pad2D(padding)  # version 1.1 has no padding in the authors' form
    assert _difference(their_network, paddle.nn.Sequential(pad, network), paddle.randn([1, 3, side, side])) < 1e-4


def test_published_weights_are_of_networks_that_are_compared():
    """Else nothing shows that the files fit."""
    published = {model_spec(name).network for name in list_models() if model_spec(name).published}
    assert published <= {model_spec(name).network for name in CONSTRUCTORS}
