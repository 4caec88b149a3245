"""Every network against what its reference implementation computes."""

import numpy as np
import paddle
import pytest

from paddle_cv.analysis import layer_costs
from paddle_cv.models import build_model, detect_model, list_models, model_spec
from paddle_cv.weights import convert_state, load_weights

from .. import golden

REFERENCED = [name for name in list_models() if model_spec(name).reference]


def _as_reference(network):
    """Makes it compute what the reference does, where that differs from ours: values in another range, a part only ..."""
    network.forward = getattr(network, "reference_forward", network.forward)
    return network


def test_fixtures_and_networks_name_each_other():
    assert sorted({model_spec(name).reference for name in REFERENCED}) == golden.NAMES


@pytest.mark.parametrize("name", REFERENCED)
def test_output_equals_the_reference(name):
    fixture = golden.load(model_spec(name).reference)
    network = build_model(name)
    load_weights(network, convert_state(golden.state(fixture), network))
    network.eval()
    compute = network.all_outputs if "outputs" in fixture else _as_reference(network)
    with paddle.no_grad():
        results = compute(*[paddle.to_tensor(x) for x in golden.inputs(fixture)])
    results = results if isinstance(results, (list, tuple)) else [results]
    expected = golden.outputs(fixture)
    assert len(results) == len(expected)
    for want, result in zip(expected, results):
        assert golden.difference(want, result.numpy()) < golden.tolerance(fixture)


@pytest.mark.parametrize("name", REFERENCED)
def test_parameters_and_macs_equal_the_reference(name):
    fixture = golden.load(model_spec(name).reference)
    network = build_model(name)
    assert sum(p.size for p in network.parameters() if not p.stop_gradient) == fixture["parameters"]
    costs = layer_costs(_as_reference(network), fixture["macs"]["input"])
    assert sum(cost.macs for cost in costs) == fixture["macs"]["value"]


def _shapes(name):
    return {key: value.shape for key, value in build_model(name).state_dict().items()}


@pytest.mark.parametrize("name", list_models())
def test_a_state_dict_tells_its_network(name):
    shapes = _shapes(name)
    spec, found = model_spec(name), detect_model(shapes)
    if not shapes:
        assert found is None
    elif found != spec:
        # Names for several scales or noise levels may share a network whose entries are the same for all.
        assert found.network is spec.network
        assert {**found.hyperparameters, "scale": None} == {**spec.hyperparameters, "scale": None}
        assert _shapes(found.name) == shapes


@pytest.mark.parametrize(
    "name", [name for name in list_models(task="super_resolution") if "lite" in name or "_a_" in name]
)
def test_output_shape_and_gradients(name):
    spec = model_spec(name)
    network = build_model(name)
    x = paddle.rand([1, spec.in_channels, 8, 9])
    y = network(x)
    assert y.shape == [1, spec.in_channels, 8 * spec.scale, 9 * spec.scale]
    y.square().mean().backward()
    for key, parameter in network.named_parameters():
        assert parameter.grad is not None and np.isfinite(parameter.grad.numpy()).all(), key
        assert float(parameter.grad.abs().max()) > 0, key
