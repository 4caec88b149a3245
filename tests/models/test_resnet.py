"""ResNet's relatives that have no reference implementation."""

import pytest

from paddle_cv.analysis import layer_costs
from paddle_cv.models import build_model
from paddle_cv.weights import identify_state


def _gigamacs(network):
    return sum(cost.macs for cost in layer_costs(network, [1, 3, 224, 224])) / 1e9


@pytest.mark.parametrize("layers", [18, 34])
def test_plain_networks_have_the_convolutions_of_the_residual_ones(layers):
    plain, residual = (
        {key: list(value.shape) for key, value in build_model(f"{kind}{layers}").state_dict().items()}
        for kind in ("plain", "resnet")
    )
    assert plain == {key: shape for key, shape in residual.items() if ".downsample." not in key}
    weights = [key for key, shape in plain.items() if len(shape) == 4 or key == "fc.weight"]
    assert len(weights) == layers


@pytest.mark.parametrize("name, published", [("resnet50", 3.8), ("resnet101", 7.6), ("plain34", 3.6)])
def test_operations_of_the_paper(name, published):
    """The paper counts 3.6 billion for 34 layers without projections, as plain34 has them."""
    network = build_model(name, stride_first=True)
    assert _gigamacs(network) == pytest.approx(published, abs=0.06)


def test_the_place_of_the_stride_is_in_the_state_dict():
    network = build_model("resnet50", depths=(1, 1, 1, 1), stride_first=True)
    spec, _ = identify_state({key: value.numpy() for key, value in network.state_dict().items()})
    assert spec.hyperparameters["stride_first"] and spec.hyperparameters["depths"] == (1, 1, 1, 1)


def test_names_of_paddlehub_s_resnet_vd():
    rename = build_model("resnet50d").paddle_key
    theirs = [f"conv1_{number}" for number in (1, 2, 3)]
    for stage, depth in enumerate((3, 4, 6, 3)):
        for place in range(depth):
            parts = ("conv0", "conv1", "conv2", *(["short"] if place == 0 else []))
            theirs += [f"bb_{stage}_{place}.{part}" for part in parts]
    entries = [f"{layer}._conv.weight" for layer in theirs] + ["out.weight", "out.bias"]
    entries += [f"{layer}._batch_norm.{last}" for layer in theirs for last in ("weight", "bias", "_mean", "_variance")]
    own = build_model("resnet50d").state_dict()
    assert sorted(map(rename, entries)) == sorted(own)
    assert rename("bb_1_0.conv1._batch_norm._mean") == "layer2.0.bn2._mean"
    assert all(rename(key) == key for key in own)
