"""Engines on layers that need care: both must give the same."""

import numpy as np
import paddle
import pytest
from paddle import nn

from paddle_cv.inference.engines import make_engine
from paddle_cv.models import build_model


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PADDLE_CV_HOME", str(tmp_path))


def _assert_engines_agree(network, channels):
    exported = make_engine(network, [(channels, None, None)], "paddle_inference", "cpu", threads=1)
    direct = make_engine(network, [(channels, None, None)], "dygraph", "cpu")
    for shape in ([1, channels, 13, 18], [2, channels, 16, 11]):
        x = np.random.RandomState(0).rand(*shape).astype(np.float32)
        np.testing.assert_allclose(exported(x), direct(x), atol=1e-4)


@pytest.mark.parametrize("activation", [nn.LeakyReLU(0.2), nn.PReLU(8), nn.Softshrink(0.1), nn.GELU()], ids=repr)
def test_activations(activation):
    paddle.seed(1)
    _assert_engines_agree(nn.Sequential(nn.Conv2D(3, 8, 3, padding=1), activation, nn.Conv2D(8, 3, 3, padding=1)), 3)


@pytest.mark.parametrize(
    "name, channels", [("lapsrn_x4", 1), ("scn_x4", 1), ("enhancenet_x4", 3), ("ddbpn_edsr_x2", 3)]
)
def test_networks(name, channels):
    paddle.seed(1)
    _assert_engines_agree(build_model(name), channels)
