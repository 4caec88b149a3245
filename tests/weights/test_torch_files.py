"""Files of PyTorch, which need not be installed."""

import zipfile
from collections import OrderedDict

import numpy as np
import pytest

import paddle_cv as pcv
from paddle_cv.weights import read_state

from .torch_writer import Tensor, module, save


@pytest.fixture
def arrays():
    random = np.random.default_rng(0)
    return {"a.weight": random.normal(size=(2, 3, 3, 3)).astype("f4"), "a.bias": random.normal(size=2).astype("f4")}


def check(path, arrays):
    read = read_state(path)
    assert read.keys() == arrays.keys()
    for key, value in arrays.items():
        assert np.array_equal(read[key], value), key


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("name", ["a.pth", "a.pt", "a.ckpt", "a.pth.tar", "a.bin", "a.pkl"])
def test_state_dicts(arrays, tmp_path, legacy, name):
    tensors = OrderedDict((f"module.{key}", Tensor(value, parameter="bias" in key)) for key, value in arrays.items())
    tensors["module.bn.num_batches_tracked"] = Tensor(np.array(7))
    save({"epoch": 3, "state_dict": tensors, "best": np.float64(31.5)}, tmp_path / name, legacy)
    check(tmp_path / name, {**arrays, "bn.num_batches_tracked": np.array(7)})


@pytest.mark.parametrize("legacy", [False, True])
def test_kinds_of_numbers_and_views_of_storages(tmp_path, legacy):
    base = np.arange(24, dtype="f4")
    whole = Tensor(base)
    halves = np.array([0.5, -2.0, 1.5], "f4")
    tensors = {
        "whole": whole,
        "part": Tensor(base[:6].reshape(2, 3), storage=whole, offset=4, strides=(3, 1)),
        "turned": Tensor(base[:6].reshape(2, 3), storage=whole, offset=1, strides=(1, 2)),
        "half": Tensor(halves.astype("f2")),
        "double": Tensor(halves.astype("f8")),
        "bfloat16": Tensor((halves.view("u4") >> 16).astype("u2"), "bf"),
        "count": Tensor(np.array([3, 4])),
        "none": Tensor(np.zeros((0, 3), "f4")),
    }
    save(tensors, tmp_path / "a.pth", legacy)
    part, turned = base[4:10].reshape(2, 3), base[1:7].reshape(3, 2).T
    expected = {"whole": base, "part": part, "turned": turned, "count": np.array([3, 4]), "none": np.zeros((0, 3))}
    check(tmp_path / "a.pth", {**expected, **dict.fromkeys(("half", "double", "bfloat16"), halves)})
    kinds = {value.dtype for key, value in read_state(tmp_path / "a.pth").items() if key != "count"}
    assert kinds == {np.dtype("f4")}


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("wrapped", [False, True])
def test_whole_pickled_networks(arrays, tmp_path, legacy, wrapped):
    def network():
        weight, bias = (Tensor(arrays[key], parameter=True) for key in arrays)
        conv = module("torch.nn.modules.conv.Conv2d", _parameters={"weight": weight, "bias": bias}, stride=(1, 1))
        relu = module("torch.nn.modules.activation.ReLU", inplace=True)
        shown = {"mean": Tensor(np.ones(3, "f4")), "cache": Tensor(np.ones(5, "f4")), "nothing": None}
        layers = {"a": conv, "relu": relu, "gone": None}
        kept = {"_buffers": shown, "_modules": layers, "_non_persistent_buffers_set": {"cache"}}
        whole = module("somebodys.model.Net", **kept)
        return {"epoch": 7, "model": whole, "ema": None} if wrapped else whole

    save(network, tmp_path / "whole.pth", legacy)
    check(tmp_path / "whole.pth", {"mean": np.ones(3, "f4"), **arrays})


def test_a_network_from_a_published_file(tmp_path):
    network = pcv.create_model("espcn_x3")
    state = {key: Tensor(value.numpy()) for key, value in network.state_dict().items() if "stored" not in key}
    save({"params": state}, tmp_path / "a.pth.tar")
    again, spec = pcv.from_checkpoint(tmp_path / "a.pth.tar")
    assert spec.name == "espcn_x3"
    assert np.array_equal(again.first_part[0].weight.numpy(), network.first_part[0].weight.numpy())


def test_tensors_stay_in_their_storage(tmp_path):
    base = Tensor(np.arange(6, dtype="f4"))
    for number, (shape, offset, strides) in enumerate(
        [
            ((7,), 0, (1,)),
            ((2,), 5, (1,)),
            ((2, 3), 0, (4, 1)),
            ((1000, 1000), 0, (0, 0)),
            ((2,), 0, (-1,)),
            ((2,), -1, (1,)),
        ]
    ):
        path = tmp_path / f"{number}.pth"
        view = Tensor(np.broadcast_to(np.float32(1), (2,)), storage=base, offset=offset, strides=strides)
        view.array = np.broadcast_to(np.float32(1), shape)
        save({"base": base, "view": view}, path)
        with pytest.raises(ValueError, match="cannot be read as weights"):
            read_state(path)


def test_networks_within_themselves_end(tmp_path):
    def endless():
        layer = module("a.Net")
        layer._modules = {"": layer}
        return layer

    def doubled():
        layer = module("a.Net", _parameters={"weight": Tensor(np.ones(3, "f4"))})
        for _ in range(60):
            layer = module("a.Net", _modules={"a": layer, "b": layer})
        return layer

    for number, network in enumerate((endless, doubled)):
        save(network, tmp_path / f"{number}.pth")
        with pytest.raises(ValueError, match="without an end|recursion"):
            read_state(tmp_path / f"{number}.pth")


def test_compressed_archives_are_no_bombs(tmp_path):
    save({"a": Tensor(np.zeros(2**26, "f4"))}, tmp_path / "a.pth", compression=zipfile.ZIP_DEFLATED)
    assert (tmp_path / "a.pth").stat().st_size < 2**19
    with pytest.raises(ValueError, match="unpacked are no weights"):
        read_state(tmp_path / "a.pth")
