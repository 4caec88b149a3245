"""Every network against what its reference implementation computes."""

import numpy as np
import paddle
import pytest

from paddle_cv.analysis import layer_costs
from paddle_cv.models import build_model, list_models, model_spec
from paddle_cv.models.layers import STORED
from paddle_cv.models.restoration.interpolation import Interpolation
from paddle_cv.weights import convert_state, identify_state, load_weights

from .. import golden

WITH_WEIGHTS = [name for name in list_models() if not issubclass(model_spec(name).network, Interpolation)]
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
    several = "outputs" in fixture and hasattr(network, "all_outputs")
    compute = network.all_outputs if several else _as_reference(network)
    with paddle.no_grad():
        results = compute(*[paddle.to_tensor(x) for x in golden.inputs(fixture)])
    results = results if isinstance(results, (list, tuple)) else [results]
    expected = golden.outputs(fixture, model_spec(name).scale)
    assert len(results) == len(expected)
    for want, result in zip(expected, results):
        assert golden.difference(want, result.numpy()) < golden.tolerance(fixture)


@pytest.mark.parametrize("name", REFERENCED)
def test_parameters_and_macs_equal_the_reference(name):
    fixture = golden.load(model_spec(name).reference)
    network = build_model(name)
    assert sum(p.size for p in network.parameters() if not p.stop_gradient) == fixture["parameters"]
    if golden.SCALE_OF_MACS.get(fixture["name"], model_spec(name).scale) != model_spec(name).scale:
        pytest.skip("the fixture has the multiply-accumulates of another scale of this network")
    extra = [spec["shape"] for spec in fixture.get("extra_inputs", {}).values()]
    costs = layer_costs(_as_reference(network), fixture["macs"]["input"], *extra)
    assert sum(cost.macs for cost in costs) == fixture["macs"]["value"]


@pytest.mark.parametrize("name", WITH_WEIGHTS)
def test_a_state_dict_tells_its_network(name):
    state = {key: value.numpy() for key, value in build_model(name).state_dict().items()}
    spec, entries = identify_state(state)
    assert spec == model_spec(name)
    assert entries.keys() == state.keys()


@pytest.mark.parametrize("name", REFERENCED)
def test_a_reference_state_dict_tells_its_network(name):
    spec, entries = identify_state(golden.state(golden.load(model_spec(name).reference)))
    assert spec.network is model_spec(name).network
    stored = {key[len(STORED) :] for key in build_model(name).state_dict() if key.startswith(STORED)}
    for key, value in model_spec(name).hyperparameters.items():
        assert key in stored or spec.hyperparameters[key] == value
    load_weights(spec.network(**spec.hyperparameters), entries)


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
