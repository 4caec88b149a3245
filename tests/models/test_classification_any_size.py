"""Classifiers that round sizes, shuffle or average: an exported graph that takes pictures of any size."""

import numpy as np
import paddle
import pytest

from paddle_cv.engines import make_engine
from paddle_cv.models import build_model

# With fewer blocks, as one of each kind shows what all do.
NETWORKS = {
    "densenet121": (2, 2, 2, 2),
    "legacy_seresnet50": (2, 1, 1, 1),
    "preresnet18": (2, 1, 1, 1),
    "res2net50_26w_4s": (2, 1, 1, 1),
    "resnext50d_32x4d": (2, 1, 1, 1),
    "shufflenet_g3_w1": (2, 2, 2),
    "shufflenet_v2_x0_5": (2, 2, 2),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_any_size_goes_through_the_exported_graph(name):
    paddle.seed(0)
    network = build_model(name, depths=NETWORKS[name], num_classes=5)
    network.eval()
    exported = make_engine(network, [(3, None, None)], "paddle_inference", "cpu", threads=1)
    for batch, height, width in ((1, 64, 64), (2, 33, 70)):
        x = np.random.RandomState(height).randn(batch, 3, height, width).astype(np.float32)
        with paddle.no_grad():
            expected = network(paddle.to_tensor(x)).numpy()
        assert expected.shape == (batch, 5)
        np.testing.assert_allclose(exported(x), expected, atol=1e-4 * expected.std())
