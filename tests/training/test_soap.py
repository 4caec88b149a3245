import numpy as np
import paddle
import pytest

from paddle_cv.training.soap import SOAP

# An error from NumPy 2.4 on.
pytestmark = pytest.mark.filterwarnings("error:Conversion of an array with ndim > 0:DeprecationWarning")


def rotation(rng, size):
    return np.linalg.qr(rng.standard_normal((size, size)))[0].astype(np.float32)


def course(make_optimizer, turn, first=0, steps=150):
    """The losses of a linear layer that learns another one from inputs which resemble each other; `first` is the first step.

    The inputs are turned, and what the layer has to learn against that: to an optimizer without coordinates that is all the same.
    """
    rng = np.random.default_rng(0)
    spread = rotation(rng, 10) * np.geomspace(1, 0.03, 10, dtype=np.float32)  # of the inputs: ten directions, unlike
    inputs = rng.standard_normal((steps, 32, 10)).astype(np.float32) @ spread.T
    targets = inputs @ rng.standard_normal((10, 6)).astype(np.float32)
    weight = paddle.create_parameter([10, 6], "float32", default_initializer=paddle.nn.initializer.Constant(0.0))
    optimizer = make_optimizer(parameters=[weight])
    losses = []
    for step, (x, y) in enumerate(zip(inputs @ turn, targets)):
        loss = (paddle.to_tensor(x) @ weight - paddle.to_tensor(y)).square().mean()
        loss.backward()
        if step >= first:
            optimizer.step()
        optimizer.clear_grad()
        losses.append(float(loss))
    return np.array(losses)


UNTURNED, TURNED = np.eye(10, dtype=np.float32), rotation(np.random.default_rng(1), 10)


def soap(**keys):
    return SOAP(0.05, **keys)


def adam(**keys):
    return paddle.optimizer.Adam(0.05, 0.95, 0.95, **keys)


def test_without_a_basis_it_is_adam():
    without = course(lambda **keys: SOAP(0.05, largest=0, **keys), UNTURNED)
    assert np.allclose(without, course(adam, UNTURNED, first=1), rtol=1e-3)  # SOAP's first step only measures


def test_coordinates_do_not_matter():
    """The first steps agree closely. Later ones are parted by rounding, which differs between processors: their mean agrees."""
    plain, turned = (
        course(soap, UNTURNED),
        [course(soap, rotation(np.random.default_rng(seed), 10)) for seed in (1, 2, 3)],
    )
    for other in turned:
        assert np.allclose(plain[:60], other[:60], rtol=0.1)
        assert other[-30:].mean() == pytest.approx(plain[-30:].mean(), rel=0.15)
    assert not np.allclose(course(adam, UNTURNED)[:60], course(adam, TURNED)[:60], rtol=0.3)


def test_it_needs_fewer_steps_than_adam():
    assert course(soap, TURNED)[-20:].mean() < 0.6 * course(adam, TURNED)[-20:].mean()


def test_weights_of_every_shape():
    shapes = [[4, 3, 3, 3], [5], [1, 4, 1, 1], [4, 1], [1], []]
    weights = [paddle.create_parameter(shape, "float32") for shape in shapes]
    before = [weight.numpy() for weight in weights]
    optimizer = SOAP(0.1, largest=20, period=2, parameters=weights)
    for step in range(5):
        paddle.seed(step)
        sum((weight * paddle.randn(weight.shape)).sum() for weight in weights).backward()
        optimizer.step()
        optimizer.clear_grad()
    for weight, old in zip(weights, before):
        change = weight.numpy() - old
        assert np.isfinite(change).all() and (np.abs(change) > 0).all()


@pytest.mark.parametrize("broken", [0, 1, 3])
def test_what_is_not_finite_shows_in_the_weights(broken):
    weight = paddle.create_parameter([4, 3, 3, 3], "float32")
    optimizer = SOAP(0.1, period=2, parameters=[weight])
    for step in range(6):
        (weight * (float("nan") if step == broken else 1.0)).sum().backward()
        optimizer.step()
        optimizer.clear_grad()
    assert not weight.isfinite().all()
