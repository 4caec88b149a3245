import numpy as np
import paddle
import pytest

import paddle_cv as pcv
from paddle_cv.weights import (
    class_names,
    convert_state,
    identify,
    load_weights,
    read_state,
    save_state,
    with_class_names,
)

NAMES = ["ant", "Biene", "猫 1"]


@pytest.fixture
def network():
    return pcv.create_model("lenet", num_classes=3)


def test_names_travel_with_the_weights(network, tmp_path):
    state = with_class_names(network.state_dict(), NAMES)
    save_state(state, tmp_path / "a.pdparams")
    read = read_state(tmp_path / "a.pdparams")
    assert class_names(read) == NAMES
    assert class_names(network.state_dict()) is None
    spec, found = identify(tmp_path / "a.pdparams")
    assert spec.name == "lenet" and spec.hyperparameters["num_classes"] == 3 and class_names(found) == NAMES
    assert class_names(convert_state(read, network)) == NAMES
    other = pcv.create_model("lenet", pretrained=tmp_path / "a.pdparams", num_classes=3)
    x = paddle.rand([1, 1, 32, 32])
    assert np.array_equal(other(x).numpy(), network(x).numpy())
    load_weights(network, read)
    assert pcv.from_checkpoint(tmp_path / "a.pdparams")[1].labels is None


@pytest.mark.parametrize("names", [[], ["a", "a"], ["a", 1], ["a", ""]])
def test_wrong_names(network, names):
    with pytest.raises(ValueError, match="class names"):
        with_class_names(network.state_dict(), names)


@pytest.mark.parametrize("entry", [[1, 2, 3], [], list(b'{"a": 1}'), list(b"[1]")])
def test_a_damaged_entry(entry):
    with pytest.raises(ValueError, match="cannot be read"):
        class_names({"stored_class_names": np.array(entry, np.uint8)})
