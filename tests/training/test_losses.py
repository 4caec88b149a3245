import numpy as np
import paddle
import pytest

from paddle_cv.data import imresize
from paddle_cv.training.losses import LOSSES, mean_over_outputs


def test_losses_of_known_differences():
    target = paddle.zeros([2, 1, 3, 4])
    output = target + 0.5
    wanted = {"l1": 0.5, "mse": 0.25, "charbonnier": 0.5, "charbonnier_sum": 6, "euclidean": 12 * 0.25 / 2}
    assert LOSSES.keys() == wanted.keys()
    for name, value in wanted.items():
        assert float(LOSSES[name](output, target)) == pytest.approx(value, rel=1e-5), name
    assert float(LOSSES["charbonnier"](target, target)) == pytest.approx(1e-3)


def test_outputs_of_all_levels(photo):
    target = photo[:64, :64, :1].astype(np.float32) / 255
    levels = [imresize(target, 0.5), target, target + 0.25]
    outputs = [paddle.to_tensor(level.transpose(2, 0, 1)[None]) for level in levels]
    assert float(mean_over_outputs(LOSSES["l1"], outputs, outputs[1])) == pytest.approx(0.25 / 3, rel=1e-5)
