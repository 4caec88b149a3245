"""Starts without Paddle."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

import paddle_cv as pcv
from paddle_cv import api, starts
from paddle_cv.loading import load
from paddle_cv.starts import Later, Start
from paddle_cv.weights import save_state, shipped_weights

pytest.importorskip("onnxruntime", reason="only graphs in ONNX open without Paddle")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """As in processes that have not seen the networks, which this one has."""
    monkeypatch.setenv("PADDLE_CV_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(starts, "_REGISTRY", "nowhere")
    return tmp_path / "home"


NAME, OPTIONS = "srcnn_955_x2", {"engine": "onnxruntime", "threads": 1}


def start(weights=None, **options) -> Start:
    return Start(NAME, weights, "onnxruntime", "auto", {"threads": 1, **options})


def test_the_second_start_builds_no_network(cache, monkeypatch):
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    first = load(NAME, **OPTIONS)
    monkeypatch.setattr(api, "load_network", None)
    second = load(NAME, **OPTIONS)
    assert (second.predict(picture) == first.predict(picture)).all()
    assert (second.spec.name, second.scale, second.overlap, second.tile, second.takes("noise_level")) == (
        *(first.spec.name, first.scale, first.overlap, first.tile),
        False,
    )


def test_classifiers_keep_their_names(cache, monkeypatch):
    first = load("mnist_cnn_bn", **OPTIONS)
    monkeypatch.setattr(api, "load_network", None)
    second = load("mnist_cnn_bn", **OPTIONS)
    assert second.names == first.names and len(second.names) == 10


def test_a_chain(cache, monkeypatch):
    load([NAME, "bicubic_x2"], **OPTIONS)
    monkeypatch.setattr(api, "load_network", None)
    assert load([NAME, "bicubic_x2"], **OPTIONS).predict(np.zeros((8, 9, 3), np.uint8)).shape == (32, 36, 3)


def test_what_is_not_asked_for_first_is_made(cache):
    load(NAME, **OPTIONS)
    network, spec, _ = start().find()
    assert spec.network is pcv.model_spec(NAME).network and isinstance(spec, pcv.ModelSpec)
    assert "conv1.weight" in network.state_dict()


def test_changes_are_seen(cache, tmp_path, monkeypatch):
    weights = tmp_path / "weights.pdparams"
    network = pcv.create_model(NAME)
    save_state({key: value.numpy() for key, value in network.state_dict().items()}, weights)
    os.utime(weights, (1, 1))
    load(NAME, weights, **OPTIONS)
    assert start(weights).find() is not None
    assert start().find() is None and start(weights, precision="float32").find() is None
    with monkeypatch.context() as patch:
        patch.setattr(starts, "digest_of_sources", lambda *_: "edited")
        assert start(weights).find() is None
    with monkeypatch.context() as patch:
        patch.setattr(starts, "cpu_build", lambda: None)  # a GPU may be there
        assert start(weights).find() is None
    [kept] = cache.glob("graphs*/start-*.json")
    graph = kept.parent / json.loads(kept.read_text())["graph"]["folder"] / "model.onnx"
    content = graph.read_bytes()
    graph.write_bytes(content[:-1])
    assert start(weights).find() is None
    graph.write_bytes(content)
    assert start(weights).find() is not None
    kept.write_text("{")
    assert start(weights).find() is None
    load(NAME, weights, **OPTIONS)
    assert start(weights).find() is not None
    save_state({key: value.numpy() * 2 for key, value in network.state_dict().items()}, weights)
    assert start(weights).find() is None


def test_weights_written_meanwhile_are_not_taken_for_those_that_were_read(cache, tmp_path):
    weights = tmp_path / "weights.pdparams"
    shutil.copy(shipped_weights(pcv.model_spec("rdn_lite_x4")), weights)
    begun = start(weights)
    os.utime(weights, (begun._began + 10,) * 2)
    with pytest.raises(ValueError, match="not a file that was there"):
        begun._weights(pcv.create_model(NAME), pcv.model_spec(NAME))


def test_where_networks_may_have_been_changed_nothing_is_kept(cache, monkeypatch):
    monkeypatch.setattr(starts, "_REGISTRY", "paddle_cv.models.registry")
    load(NAME, **OPTIONS)
    assert not list(cache.glob("graphs*/start-*")) and start().find() is None


def test_later():
    made = []
    later = Later({"known": 1}, lambda: made.append(1) or 2 + 3j)
    assert later.known == 1 and not made
    assert later.real == 2 and isinstance(later, complex) and made


@pytest.mark.slow
def test_no_paddle_in_the_second_process(tmp_path, root):
    code = (
        "import sys, numpy as np, paddle_cv as pcv\n"
        f"result = pcv.load({NAME!r}).predict(np.full((8, 9, 3), 77, np.uint8))\n"
        "print('paddle' in sys.modules, result.sum())"
    )
    environment = {**os.environ, "PADDLE_CV_HOME": str(tmp_path), "PYTHONPATH": str(root)}
    first, second = (
        subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        for _ in range(2)
    )
    assert first.stdout.split()[0] == "True" and second.stdout.split()[0] == "False"
    assert first.stdout.split()[1] == second.stdout.split()[1]
