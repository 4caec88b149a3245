"""Networks whose reference gives other outputs than ours: how the two belong together."""

import numpy as np
import paddle
from paddle.nn import functional as F

from paddle_cv.models import build_model


def _pair(network, x, reference_input):
    network.eval()
    with paddle.no_grad():
        return network(x).numpy(), network.reference_forward(reference_input)


def test_lapsrn_gives_the_last_of_its_pictures():
    network = build_model("lapsrn_x4")
    x = paddle.rand([1, 1, 8, 7])
    with paddle.no_grad():
        pictures = network.all_outputs(x)
        assert [picture.shape for picture in pictures] == [[1, 1, 16, 14], [1, 1, 32, 28]]
        assert np.array_equal(network(x).numpy(), pictures[1].numpy())


def test_srfeat_converts_the_range():
    x = paddle.rand([1, 3, 8, 7])
    y, symmetric = _pair(build_model("srfeat_x4"), x, 2 * x - 1)
    np.testing.assert_allclose(y, symmetric.numpy() / 2 + 0.5, atol=1e-5)


def test_enhancenet_adds_to_the_enlarged_picture():
    network = build_model("enhancenet_x4")
    x = paddle.rand([1, 3, 8, 7])
    mean = paddle.to_tensor([0.47614917, 0.45001204, 0.40904046]).reshape([1, 3, 1, 1])
    y, residual = _pair(network, x, x - mean)
    enlarged = F.interpolate(x, scale_factor=4, mode="bicubic")
    np.testing.assert_allclose(y, (enlarged + residual).numpy(), atol=1e-5)
