"""Blocks that several families use."""

import numpy as np
import paddle
import pytest

from paddle_cv.models.layers import ChannelAttention, MeanShift, count_layers, init_like_pytorch


@pytest.mark.parametrize("rgb_range", [1, 255])
def test_mean_shifts_undo_each_other(rgb_range):
    subtract, add = MeanShift(-1, rgb_range), MeanShift(1, rgb_range)
    x = paddle.rand([2, 3, 4, 5])
    shifted = subtract(x)
    np.testing.assert_allclose(shifted[:, 0].numpy(), rgb_range * (x[:, 0].numpy() - 0.4488), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(add(shifted).numpy(), x.numpy(), atol=1e-5)


def test_mean_shifts_are_neither_trained_nor_initialised_anew():
    network = paddle.nn.Sequential(MeanShift(-1))
    init_like_pytorch(network)
    assert all(p.stop_gradient for p in network.parameters())
    np.testing.assert_array_equal(network[0].weight.numpy()[:, :, 0, 0], np.eye(3, dtype=np.float32))


def test_attention_to_contrast_has_gradients_where_a_channel_is_constant():
    x = paddle.full([1, 16, 3, 3], 0.5)
    x.stop_gradient = False
    ChannelAttention(16, contrast=True)(x).sum().backward()
    assert np.isfinite(x.grad.numpy()).all()


def test_count_layers():
    shapes = {"a.1.w": [1], "a.2.w": [1], "a.4.w": [1]}
    assert count_layers(shapes, "a.{}.w", start=1) == 2
    assert count_layers(shapes, "a.{}.w") == 0
