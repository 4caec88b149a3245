"""IRCNN's 25 denoisers, which are published in one file."""

import sys

import numpy as np
import paddle
import pytest

import paddle_cv as pcv
from paddle_cv.cli import convert
from paddle_cv.weights import read_weights


def _file_of_25(path, channels):
    """A file like the published ones; the bias of the last layer says which denoiser it is."""
    network = pcv.create_model(f"ircnn_{channels}_s15")
    state = {key: value.numpy() for key, value in network.state_dict().items() if not key.startswith("stored")}
    parts = {str(n): {**state, "model.12.bias": np.full_like(state["model.12.bias"], n)} for n in range(25)}
    if path.suffix == ".npz":
        np.savez(path, **{f"{n}.{key}": value for n, part in parts.items() for key, value in part.items()})
    else:
        paddle.save(parts, str(path))
    return path


@pytest.fixture(params=["pdparams", "npz"])
def gray(request, tmp_path):
    return _file_of_25(tmp_path / f"ircnn_gray.{request.param}", "gray")


def test_the_papers_levels_are_registered():
    for kind in ("gray", "color"):
        names = set(pcv.list_models(f"ircnn_{kind}*"))
        assert names == {f"ircnn_{kind}_s{level}" for level in (15, 25, *range(2, 51, 2))}


@pytest.mark.parametrize("level, number", [(2, 0), (15, 7), (16, 7), (25, 12), (26, 12), (50, 24)])
def test_each_level_takes_its_own_denoiser(gray, level, number):
    name = f"ircnn_gray_s{level}"
    network = pcv.create_model(name, pretrained=gray)
    assert network.model[12].bias.numpy().tolist() == [number]
    assert int(network.stored_noise_level) == level


def test_prediction_and_conversion(gray, tmp_path, monkeypatch):
    picture = np.full([8, 8], 0.5, np.float32)
    results = [pcv.load(f"ircnn_gray_s{n}", weights=gray, engine="dygraph").predict(picture) for n in (2, 4)]
    assert np.abs(results[0] - results[1]).max() > 0.1
    target = tmp_path / "out.pdparams"
    monkeypatch.setattr(sys, "argv", ["convert.py", "ircnn_gray_s25", str(gray), "-o", str(target)])
    assert convert.main() == 0
    network, spec = pcv.from_checkpoint(target)
    assert spec.name == "ircnn_gray_s25" and network.model[12].bias.numpy().tolist() == [12]


def test_such_a_file_alone_does_not_say_which(gray):
    with pytest.raises(ValueError, match="holds 25 state dicts .* choose one by the name .*ircnn_gray_s25"):
        pcv.from_checkpoint(gray)
    with pytest.raises(ValueError, match="25 state dicts"):
        read_weights(gray, pcv.create_model("dncnn_gray_s25"))


def test_the_other_kind_of_picture_is_refused(tmp_path):
    color = _file_of_25(tmp_path / "ircnn_color.pdparams", "color")
    with pytest.raises(ValueError, match="holds 25 state dicts .*ircnn_color_s50"):
        pcv.load("ircnn_gray_s50", weights=color)
