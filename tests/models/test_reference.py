"""Every network against what its reference implementation computes."""

import numpy as np
import paddle
import pytest
from paddle import nn

from paddle_cv.analysis import layer_costs
from paddle_cv.models import build_model, list_models, model_spec
from paddle_cv.models.layers import STORED
from paddle_cv.models.restoration.interpolation import Interpolation
from paddle_cv.weights import convert_state, identify_state, load_weights

from .. import golden

REFERENCED = [name for name in list_models() if model_spec(name).reference]
UNREFERENCED = [
    name
    for name in list_models()
    if not model_spec(name).reference and not issubclass(model_spec(name).network, Interpolation)
]
# Fixtures of networks in training, without dropout: <name>_training, or <name>_training_frozen_bn where batch normalisation takes
# its running statistics nevertheless.
TRAINING = [name for name in golden.NAMES if golden.load(name).get("mode") == "train"]


class Reference:
    """A network with the weights of its fixture. The tests of one share it, as making large weights takes longest."""

    def __init__(self, name: str):
        self.name, self.spec = name, model_spec(name)
        self.fixture = golden.load(self.spec.reference)
        self.state = golden.state(self.fixture)
        self.network = build_model(name)
        self.converted = convert_state(self.state, self.network)
        load_weights(self.network, self.converted)
        self.network.eval()


@pytest.fixture(scope="module")
def reference(request):
    return Reference(request.param)


each_reference = pytest.mark.parametrize("reference", REFERENCED, indirect=True)


def _as_reference(network):
    """Makes it compute what the reference does, where that differs from ours: values in another range, a part only ..."""
    network.forward = getattr(network, "reference_forward", network.forward)
    return network


def _expect(fixture, case, results, scale=None):
    results = results if isinstance(results, (list, tuple)) else [results]
    expected = golden.outputs({**case, "name": fixture["name"]}, scale)
    assert len(results) == len(expected)
    for want, result in zip(expected, results):
        assert golden.difference(want, result.numpy()) < golden.tolerance(fixture)


def test_fixtures_and_networks_name_each_other():
    assert sorted({*(model_spec(name).reference for name in REFERENCED), *TRAINING}) == golden.NAMES


@each_reference
def test_output_equals_the_reference(reference):
    fixture, network = reference.fixture, reference.network
    several = "outputs" in fixture and network.all_outputs is not None
    compute = network.all_outputs if several else _as_reference(network)
    for case in [fixture, *fixture.get("also", ())]:
        inputs = golden.inputs(case)
        if case is not fixture and fixture["name"] in golden.ALSO_TOLD:
            inputs.append(golden.ALSO_TOLD[fixture["name"]])
        with paddle.no_grad():
            results = compute(*map(paddle.to_tensor, inputs))
        _expect(fixture, case, results, reference.spec.scale)


@each_reference
def test_parameters_and_macs_equal_the_reference(reference):
    fixture, network = reference.fixture, reference.network
    # An auxiliary head may not be among the fixture's.
    learned = [p for key, p in network.named_parameters() if not p.stop_gradient and key in reference.converted]
    assert sum(p.size for p in learned) == fixture["parameters"]
    if golden.SCALE_OF_MACS.get(fixture["name"], reference.spec.scale) != reference.spec.scale:
        pytest.skip("the fixture has the multiply-accumulates of another scale of this network")
    extra = [spec["shape"] for spec in fixture.get("extra_inputs", {}).values()]
    if fixture["name"] == "adain":
        extra = [fixture["macs"]["input"]]  # the style is as large
    network = _as_reference(network)
    if fixture["name"] == "msgnet":
        network.forward, extra = network.transfer, [[1, 512, 512]]  # without what the style takes
    costs = layer_costs(network, fixture["macs"]["input"], *extra)
    assert sum(cost.macs for cost in costs) == fixture["macs"]["value"]


def _tells_its_network(name, network):
    state = {key: value.numpy() for key, value in network.state_dict().items()}
    spec, entries = identify_state(state)
    if "dropout" in model_spec(name).hyperparameters:  # no weight shows it, and it changes nothing but training
        assert spec.network is model_spec(name).network
    else:
        assert spec == model_spec(name)
    assert entries.keys() == state.keys()


@each_reference
def test_a_state_dict_tells_its_network(reference):
    _tells_its_network(reference.name, reference.network)


@pytest.mark.parametrize("name", UNREFERENCED)
def test_a_state_dict_without_a_reference_tells_its_network(name):
    _tells_its_network(name, build_model(name))


@each_reference
def test_a_reference_state_dict_tells_its_network(reference):
    spec, entries = identify_state(reference.state)
    assert spec.network is reference.spec.network
    stored = {key[len(STORED) :] for key in reference.network.state_dict() if key.startswith(STORED)}
    for key, value in reference.spec.hyperparameters.items():
        assert key in stored or spec.hyperparameters[key] == value
    if spec.name != reference.name:  # another scale, say
        load_weights(spec.network(**spec.hyperparameters), entries)
        return
    for key, value in reference.network.state_dict().items():
        if key in reference.converted:
            assert np.array_equal(entries[key], value.numpy())


@pytest.mark.parametrize("name", TRAINING)
def test_outputs_in_training_equal_the_reference(name):
    fixture = golden.load(name)
    network = build_model(name.partition("_training")[0])
    load_weights(network, convert_state(golden.state(fixture), network))
    for layer in network.sublayers():
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0
        if isinstance(layer, nn.BatchNorm2D) and name.endswith("frozen_bn"):
            layer.eval()
    with paddle.no_grad():
        results = network(*[paddle.to_tensor(x) for x in golden.inputs(fixture)])
    _expect(fixture, fixture, results)


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
