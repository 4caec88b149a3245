"""Blocks that several families use."""

import numpy as np
import paddle
import pytest

from paddle_cv.models.layers import ChannelAttention, Fusion, MeanShift, count_layers, init_like_he, init_like_pytorch


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


def _features(count, channels=6):
    random = np.random.RandomState(0)
    return [paddle.to_tensor(random.rand(2, channels, 5, 4).astype(np.float32)) for _ in range(count)]


def test_fusion_without_layers_is_the_sum_or_the_concatenation():
    features = _features(3)
    arrays = [feature.numpy() for feature in features]
    np.testing.assert_allclose(Fusion("sum")(features).numpy(), arrays[0] + arrays[1] + arrays[2], rtol=1e-6)
    np.testing.assert_array_equal(Fusion("concat")(features).numpy(), np.concatenate(arrays, axis=1))
    with pytest.raises(ValueError, match="mean"):
        Fusion("mean")


def test_a_1x1_convolution_of_the_concatenation_contains_that_of_the_sum():
    features = _features(3)
    by_sum = Fusion("sum", paddle.nn.Conv2D(6, 8, 1))
    by_concat = Fusion("concat", paddle.nn.Conv2D(18, 8, 1))
    assert list(by_concat.state_dict()) == ["0.weight", "0.bias"]
    weight, bias = by_sum[0].weight.numpy(), by_sum[0].bias.numpy()
    by_concat.set_state_dict({"0.weight": np.concatenate([weight] * 3, axis=1), "0.bias": bias})
    np.testing.assert_allclose(by_concat(features).numpy(), by_sum(features).numpy(), atol=1e-5)


def test_a_1x1_convolution_of_the_sum_does_not_contain_that_of_the_concatenation():
    """The sum is blind to which map a value comes from; the concatenation is not."""
    first, second = _features(2)
    by_sum = Fusion("sum", paddle.nn.Conv2D(6, 8, 1))
    by_concat = Fusion("concat", paddle.nn.Conv2D(12, 8, 1))
    np.testing.assert_array_equal(by_sum([first, second]).numpy(), by_sum([second, first]).numpy())
    assert np.abs((by_concat([first, second]) - by_concat([second, first])).numpy()).max() > 0.01


def test_he_initialisation_keeps_the_size_of_what_goes_through_relus():
    paddle.seed(0)
    layers = [
        paddle.nn.Sequential(paddle.nn.Conv2D(64, 64, 3, padding=1, groups=g), paddle.nn.ReLU()) for g in (1, 8, 1, 8)
    ]
    network = paddle.nn.Sequential(*layers)
    init_like_he(network)
    x = paddle.to_tensor(np.random.RandomState(0).randn(4, 64, 32, 32).astype(np.float32))
    assert float(network(x).square().mean()) == pytest.approx(1, abs=0.4)
