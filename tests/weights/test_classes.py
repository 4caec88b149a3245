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
    trained_labels,
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


def test_weights_tell_what_they_were_trained_on(network, tmp_path):
    """Ten classes that are called like digits are those of MNIST only where the file says so, or where it says nothing at all."""
    network = pcv.create_model("lenet")
    digits = [str(number) for number in range(10)]
    for labels in (None, "mnist"):
        save_state(with_class_names(network.state_dict(), digits, labels), tmp_path / "a.pdparams")
        assert trained_labels(read_state(tmp_path / "a.pdparams")) == labels
        for spec in (
            pcv.load_network("lenet", tmp_path / "a.pdparams")[1],
            pcv.from_checkpoint(tmp_path / "a.pdparams")[1],
        ):
            assert (spec.labels, list(spec.class_names)) == (labels, digits)
    save_state(network.state_dict(), tmp_path / "b.pdparams")
    assert pcv.load_network("lenet", tmp_path / "b.pdparams")[1].labels == "mnist"
    for name in ("lenet", "mnist_cnn_bn"):  # these are shipped
        assert pcv.load_network(name)[1].labels == "mnist"


@pytest.mark.parametrize("names", [[], ["a", "a"], ["a", 1], ["a", ""]])
def test_wrong_names(network, names):
    with pytest.raises(ValueError, match="class names"):
        with_class_names(network.state_dict(), names)


@pytest.mark.parametrize("entry", [[1, 2, 3], [], list(b'{"a": 1}'), list(b"[1]")])
def test_a_damaged_entry(entry):
    with pytest.raises(ValueError, match="cannot be read"):
        class_names({"stored_class_names": np.array(entry, np.uint8)})
