"""Convolutions that are computed before their pixel shuffle."""

import numpy as np
import paddle
import paddle.nn.functional as F
import pytest
from paddle import nn

import paddle_cv as pcv
from paddle_cv.engines.export import graph_shapes
from paddle_cv.engines.shuffles import moved_kernel, shuffles_moved
from paddle_cv.models import build_model


@pytest.mark.parametrize("side", [1, 3, 5, 9])
@pytest.mark.parametrize("factor", [2, 3, 4])
def test_moved_kernel(side, factor):
    random = np.random.RandomState(0)
    kernel = random.randn(2, 3, side, side).astype(np.float32)
    x = paddle.to_tensor(random.randn(1, 3 * factor**2, 4, 5).astype(np.float32))
    after = F.conv2d(F.pixel_shuffle(x, factor), paddle.to_tensor(kernel), padding=side // 2)
    moved = paddle.to_tensor(moved_kernel(kernel, factor))
    before = F.pixel_shuffle(F.conv2d(x, moved, padding=moved.shape[2] // 2), factor)
    np.testing.assert_allclose(before.numpy(), after.numpy(), atol=1e-4)  # the borders too


def _moved(network, kind="onnx", side=None):
    """Whether a convolution was moved, after checks that the network computes the same within, and is itself afterwards."""
    network.eval()
    x = paddle.rand([2, 8, 7, 9])
    with paddle.no_grad():
        expected = network(x).numpy()
        with shuffles_moved(network, [(8, side, side)], kind):
            moved = any("forward" in vars(layer) for layer in network.sublayers())
            np.testing.assert_allclose(network(x).numpy(), expected, atol=1e-5)
        assert np.array_equal(network(x).numpy(), expected)
    assert not any("forward" in vars(layer) for layer in network.sublayers())
    assert not any("moved" in key for key in network.state_dict())
    return moved


def test_elementwise_layers_between():
    conv = nn.Conv2D(2, 3, 3, padding=1)
    assert _moved(nn.Sequential(nn.PixelShuffle(2), conv))
    assert _moved(nn.Sequential(nn.PixelShuffle(2), nn.PReLU(), nn.LeakyReLU(0.2), conv))
    assert not _moved(nn.Sequential(nn.PixelShuffle(2), nn.PReLU(2), conv))  # a slope for each channel
    assert not _moved(nn.Sequential(nn.PixelShuffle(2), nn.BatchNorm2D(2), conv))


@pytest.mark.parametrize(
    "conv",
    [
        nn.Conv2D(2, 3, 3),
        nn.Conv2D(2, 3, 3, padding=1, stride=2),
        nn.Conv2D(2, 3, 3, padding=2, dilation=2),
        nn.Conv2D(2, 4, 3, padding=1, groups=2),
        nn.Conv2D(2, 3, 3, padding=1, padding_mode="reflect"),
        nn.Conv2D(2, 9, 3, padding=1),
    ],
    ids=["unpadded", "stride", "dilation", "groups", "reflect", "many"],
)
def test_other_convolutions_stay(conv):
    assert not _moved(nn.Sequential(nn.PixelShuffle(2), conv))


def test_large_kernels_stay_where_onednn_would_be_slow():
    network = nn.Sequential(nn.PixelShuffle(2), nn.Conv2D(2, 3, 9, padding=4))
    assert _moved(network, "onnx") and not _moved(network, "paddle")


class _Twice(nn.Layer):
    """Uses what is shuffled another time, in a layer or where no layer shows it."""

    def __init__(self, function):
        super().__init__()
        self.shuffle, self.conv, self.function = nn.PixelShuffle(2), nn.Conv2D(2, 2, 3, padding=1), function

    def forward(self, x):
        x = self.shuffle(x)
        return self.conv(x) + self.function(x)


def test_what_is_used_twice_stays_shuffled():
    assert not _moved(_Twice(nn.Conv2D(2, 2, 1)))
    assert not _moved(_Twice(lambda x: x))  # of another shape then
    assert not _moved(_Twice(lambda x: x[:, :1, ::2].mean()))


@pytest.mark.parametrize("name", ["carn_m_x3", "edsr_baseline_x4", "srresnet_x2", "mdsr_baseline_x3"])
def test_networks_have_such_convolutions(name):
    network = build_model(name)
    network.eval()
    with shuffles_moved(network, graph_shapes(pcv.model_spec(name)), "onnx"):
        assert sum("forward" in vars(layer) for layer in network.sublayers()) == 2
