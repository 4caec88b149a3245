"""MobileNetV3, of which no fixture speaks: the counts of the paper and of torchvision, and torchvision's names."""

import numpy as np
import pytest

from paddle_cv.analysis import layer_costs
from paddle_cv.models import build_model
from paddle_cv.weights import convert_state, identify_state


# The paper's table 3 has 5.4 and 2.5 million parameters, 219 and 56 million multiply-accumulates; the exact counts of
# parameters are torchvision's.
@pytest.mark.parametrize(
    "name, parameters, macs", [("mobilenet_v3_large", 5_483_032, 219e6), ("mobilenet_v3_small", 2_542_856, 56.5e6)]
)
def test_parameters_and_macs(name, parameters, macs):
    network = build_model(name)
    assert sum(p.size for p in network.parameters() if not p.stop_gradient) == parameters
    total = sum(cost.macs for cost in layer_costs(network, [1, 3, 224, 224]))
    assert total == pytest.approx(macs, rel=0.02)


def _torchvision_key(key: str, blocks: int) -> str:
    """What torchvision calls an entry of ours."""
    first, number, layer, *rest = key.split(".")
    if first == "lastconv":
        return ".".join([f"features.{blocks + 1}", number, layer])
    if layer not in ("expand", "depthwise", "squeeze", "project"):
        return key
    expands = 0 if number == "1" else 1  # the first block does not widen
    place = {"expand": 0, "depthwise": expands, "squeeze": expands + 1, "project": None}[layer]
    return ".".join([first, number, "block", "?" if place is None else str(place), *rest])


@pytest.mark.parametrize("name, blocks", [("mobilenet_v3_large", 15), ("mobilenet_v3_small", 11)])
def test_names_of_torchvision(name, blocks):
    network = build_model(name)
    own = {key: value.numpy() for key, value in network.state_dict().items()}
    theirs = {}
    for key, value in own.items():
        number = key.split(".")[1]
        place = (0 if number == "1" else 1) + (2 if f"features.{number}.squeeze.fc1.weight" in own else 1)
        theirs[_torchvision_key(key, blocks).replace("?", str(place))] = value.T if value.ndim == 2 else value
    assert "features.1.block.0.0.weight" in theirs and "features.2.block.2.1._mean" in theirs
    converted = convert_state(theirs, network)
    assert converted.keys() == own.keys() and all(np.array_equal(converted[key], own[key]) for key in own)
    assert identify_state(theirs)[0].name == name
