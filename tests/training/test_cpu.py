import numpy as np
import paddle
import pytest
from paddle import nn

from paddle_cv.models import build_model
from paddle_cv.training.cpu import compile_for_cpu


class Ending(nn.Layer):
    """A small network with the given last operation."""

    def __init__(self, last: str):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2D(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2D(4, 3, 3, padding=1, bias_attr=False)
        )
        self.last = last

    def forward(self, x):
        y = self.body(x)
        if self.last == "sum":
            return y + x
        if self.last == "concatenation":
            return paddle.concat([x, y], axis=1)
        return [y, y + x] if self.last == "two outputs" else y


def gradients(network, forward, x):
    outputs = forward(x)
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    # A smooth loss: the gradient of |x| flips its sign by rounding.
    loss = sum((output - 0.3).square().mean() for output in outputs)
    loss.backward()
    result = {name: parameter.grad.numpy() for name, parameter in network.named_parameters()}
    network.clear_gradients()
    return float(loss), result


@pytest.fixture(autouse=True)
def _seed():
    paddle.seed(1)


def check_equal(plain, compiled_from):
    compiled_from.set_state_dict(plain.state_dict())
    names = list(plain.state_dict())
    compiled = compile_for_cpu(compiled_from)
    x = paddle.rand([2, 3, 17, 20])
    # Three times: memory that happens to be right at first is not, later.
    for _ in range(3):
        want_loss, want = gradients(plain, plain, x)
        loss, found = gradients(compiled_from, compiled, x)
        assert loss == pytest.approx(want_loss, rel=1e-5)
        for name in want:
            unit = np.abs(want[name]).max()
            assert np.abs(found[name] - want[name]).max() <= 1e-3 * unit, name
    assert list(compiled_from.state_dict()) == names


@pytest.mark.parametrize("last", ["convolution", "sum", "concatenation", "two outputs"])
def test_small_networks_equal_dygraph(last):
    check_equal(Ending(last), Ending(last))


@pytest.mark.parametrize("name, sizes", [("rdn_lite_x3", {}), ("rdn_a_x2", {"num_blocks": 2})])
def test_networks_equal_dygraph(name, sizes):
    check_equal(build_model(name, **sizes), build_model(name, **sizes))


@pytest.mark.parametrize("layer", [nn.BatchNorm2D(4), nn.Conv2DTranspose(4, 4, 3)])
def test_layers_that_would_be_trained_wrongly_are_refused(layer):
    with pytest.raises(ValueError, match="model.compile=false"):
        compile_for_cpu(nn.Sequential(nn.Conv2D(3, 4, 3), layer))
