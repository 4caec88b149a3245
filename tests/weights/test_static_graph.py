"""The folders of static-graph models."""

import os
import shutil
import subprocess
import sys

import numpy as np
import paddle
import pytest

import paddle_cv as pcv
from paddle_cv.models.classification.mobilenet_v2 import MobileNetV2
from paddle_cv.models.classification.resnet import ResNet
from paddle_cv.weights import read_state

from .static_names import mobilenet_v2_names, resnet_vd_names, save_static


@pytest.mark.parametrize(
    "name, names", [("resnet50d", resnet_vd_names((3, 4, 6, 3))), ("mobilenet_v2", mobilenet_v2_names())]
)
def test_every_name(name, names):
    with paddle.LazyGuard():  # names without values
        options = {"always_expand": True} if name == "mobilenet_v2" else {}
        network = pcv.create_model(name, **options)
    assert sorted(map(type(network).paddle_key, names)) == sorted(network.state_dict())


@pytest.mark.parametrize(
    "network, name, own",
    [
        (ResNet, "conv1_2_weights", "conv1.3.weight"),
        (ResNet, "bnv1_2_mean", "conv1.4._mean"),
        (ResNet, "bnv1_3_offset", "bn1.bias"),
        (ResNet, "res2a_branch1_weights", "layer1.0.downsample.1.weight"),
        (ResNet, "bn3d_branch2b_variance", "layer2.3.bn2._variance"),
        (ResNet, "res4b12_branch2c_weights", "layer3.12.conv3.weight"),  # of 101 layers
        (MobileNetV2, "conv2_1_expand_weights", "features.1.conv.0.0.weight"),
        (MobileNetV2, "conv4_2_dwise_bn_scale", "features.5.conv.1.1.weight"),
        (MobileNetV2, "conv8_1_linear_weights", "features.17.conv.2.weight"),
        (MobileNetV2, "conv9_bn_offset", "features.18.1.bias"),
    ],
)
def test_names(network, name, own):
    assert network.paddle_key(name) == own


def _varied(network):
    """No two entries alike, so that none can be taken for another."""
    for number, value in enumerate(network.state_dict().values()):
        value.set_value(np.random.RandomState(number).uniform(0.5, 1.5, value.shape).astype(np.float32))
    return network


def test_a_folder_is_read(tmp_path):
    depths = (1, 2, 1, 1)
    network = _varied(pcv.create_model("resnet50d", depths=depths, num_classes=5))
    save_static(network, resnet_vd_names(depths), tmp_path / "model", prefix="@HUB_resnet50_vd_animals@")
    found, spec = pcv.from_checkpoint(tmp_path / "model")
    assert spec.network is ResNet and spec.hyperparameters["num_classes"] == 5
    state = found.state_dict()
    assert state.keys() == network.state_dict().keys()
    for key, value in network.state_dict().items():
        assert np.array_equal(value.numpy(), state[key].numpy()), key


def test_the_form_of_the_first_block(tmp_path):
    """It shows in the entries, and changes what is computed."""
    network = _varied(pcv.create_model("mobilenet_v2", always_expand=True, width=0.25, num_classes=4))
    save_static(network, mobilenet_v2_names(), tmp_path / "model")
    found, spec = pcv.from_checkpoint(tmp_path / "model")
    assert spec.hyperparameters["always_expand"] is True
    network.eval()
    x = paddle.to_tensor(np.random.RandomState(0).randn(1, 3, 32, 32).astype(np.float32))
    assert np.array_equal(network(x).numpy(), found(x).numpy())
    usual = pcv.create_model("mobilenet_v2", width=0.25)
    assert len(usual.state_dict()) == len(network.state_dict()) - 5


def test_other_types_and_damage(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "__model__").write_bytes(b"the graph")
    values = {"half": np.float16([[1, 2], [3, 4]]), "counts": np.int64([5, 6, 7]), "double": np.float64([0.5])}
    for name, value in values.items():
        paddle.save(paddle.to_tensor(value), str(folder / name), use_binary_format=True)
    state = read_state(folder)
    assert {key: value.tolist() for key, value in state.items()} == {
        key: value.tolist() for key, value in values.items()
    }
    whole = (folder / "half").read_bytes()
    for damaged in (
        b"",
        whole[:-1],
        whole[:20],
        whole + b"\0",
        b"\1" + whole[1:],
        b"text, and no variable at all",
        whole[:22],
    ):
        (folder / "half").write_bytes(damaged)
        with pytest.raises(ValueError, match="half is no variable"):
            read_state(folder)
    with pytest.raises(FileNotFoundError, match="no weight file"):
        read_state(tmp_path)


_SAVE = """
import sys, numpy as np, paddle
from paddle import nn
network = nn.Sequential(nn.Conv2D(3, 4, 3), nn.BatchNorm2D(4), nn.Linear(6, 2)); network.eval()
spec = [paddle.static.InputSpec([None, 3, 8, 8], "float32")]
paddle.jit.save(network, sys.argv[1] + "/inference", input_spec=spec)
np.savez(sys.argv[1] + "/expected.npz", **{value.name: value.numpy() for value in network.state_dict().values()})
"""


def test_variables_in_one_file(tmp_path):
    """As Paddle 2 writes them, which Paddle 3 still can."""
    environment = {**os.environ, "FLAGS_enable_pir_api": "0"}
    subprocess.run([sys.executable, "-c", _SAVE, str(tmp_path)], env=environment, check=True, capture_output=True)
    expected = dict(np.load(tmp_path / "expected.npz"))
    assert len(expected) == 8
    (tmp_path / "folder").mkdir()
    shutil.copy(tmp_path / "inference.pdmodel", tmp_path / "folder" / "__model__")
    shutil.copy(tmp_path / "inference.pdiparams", tmp_path / "folder" / "__params__")
    for path in (tmp_path / "inference.pdmodel", tmp_path / "inference.pdiparams", tmp_path / "folder"):
        state = read_state(path)
        assert state.keys() == expected.keys()
        assert all(np.array_equal(state[key], value) for key, value in expected.items())
    file = tmp_path / "inference.pdiparams"
    content = file.read_bytes()
    for damaged in (content[:-1], content + b"0", content[40:]):
        file.write_bytes(damaged)
        with pytest.raises(ValueError, match="inference.pdiparams cannot be read as weights"):
            read_state(file)


def test_a_shape_beyond_its_values(tmp_path):
    network = _varied(pcv.create_model("resnet50d", depths=(1, 1, 1, 1), num_classes=5))
    save_static(network, resnet_vd_names((1, 1, 1, 1)), tmp_path / "model")
    file = tmp_path / "model" / "fc_0.b_0"
    content = file.read_bytes()
    assert content.count(b"\x08\x05\x10\x05") == 1
    # 2**40 values, by a description that is longer.
    file.write_bytes(
        content.replace(b"\x04\x00\x00\x00\x08\x05\x10\x05", b"\x09\x00\x00\x00\x08\x05\x10\x80\x80\x80\x80\x80\x20")
    )
    with pytest.raises(ValueError, match="fc_0.b_0 is no variable"):
        read_state(tmp_path / "model")
