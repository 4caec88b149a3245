"""What the golden fixture does not show of SCN: the start of the training, the cascade, flat pictures."""

import numpy as np
import paddle

from paddle_cv.models import build_model
from paddle_cv.models.restoration.scn import BORDER


def test_the_mean_and_the_differences_from_it_are_the_picture():
    stage = build_model("scn_x2").stages[0]
    x = paddle.rand([1, 1, 20, 23])
    result = stage.mean2(x)
    patches = stage.diffms(x) * stage.addp.reshape([1, -1, 1, 1])
    height, width = result.shape[2:]
    for channel, (row, column) in enumerate(stage.places):
        top, left = 4 - row, 4 - column
        result += patches[:, channel : channel + 1, top : top + height, left : left + width]
    np.testing.assert_allclose(result.numpy(), x[:, :, BORDER:-BORDER, BORDER:-BORDER].numpy(), atol=1e-5)


def test_the_cascade_enlarges_twice():
    double, fourfold = build_model("scn_x2"), build_model("scn_x4")
    for stage in fourfold.stages:
        stage.set_state_dict(double.stages[0].state_dict())
    x = paddle.rand([1, 1, 9, 8])
    y = fourfold(x)
    assert y.shape == [1, 1, 36, 32]
    np.testing.assert_allclose(y.numpy(), double(double(x)).numpy(), atol=1e-6)


def test_a_flat_picture_stays_flat_and_gives_finite_gradients():
    network = build_model("scn_x2")
    y = network(paddle.full([1, 1, 8, 8], 0.5))
    np.testing.assert_allclose(y.numpy(), 0.5, atol=1e-4)
    y.square().mean().backward()
    assert all(np.isfinite(p.grad.numpy()).all() for p in network.parameters())
