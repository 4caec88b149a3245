"""OpenVINO: the results of the other engines, in float32 or bfloat16, and what it keeps in the cache."""

import json
import logging
import os
import subprocess
import sys
import threading

import numpy as np
import paddle
import pytest
from paddle import nn

from paddle_cv.engines import make_engine, makers, openvino_graphs, runtime
from paddle_cv.engines.cache import cached_graph
from paddle_cv.engines.exportable import exportable, rounded_to_bfloat16
from paddle_cv.engines.graphs import ExportError
from paddle_cv.engines.openvino_graphs import Loss
from paddle_cv.engines.shuffles import shuffles_moved
from paddle_cv.inference import ClassificationPredictor, RestorationPredictor
from paddle_cv.inference.samples import dead_leaves, rounding_loss, sample_pictures
from paddle_cv.models import build_model, model_spec
from paddle_cv.pictures.images import open_picture

pytest.importorskip("openvino", reason="needs the extra: pip install paddle-cv[openvino]")

SHAPES = [(3, None, None)]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PADDLE_CV_HOME", str(tmp_path))
    return tmp_path / f"graphs-{os.getuid()}" if hasattr(os, "getuid") else tmp_path / "graphs"


@pytest.fixture
def bfloat16(monkeypatch):
    """A processor that computes in bfloat16: OpenVINO rounds as it would there, or not at all where it cannot."""
    monkeypatch.setattr(openvino_graphs, "bfloat16_here", lambda: True)


def small_network(seed=1):
    paddle.seed(seed)
    network = nn.Sequential(nn.Conv2D(3, 16, 3, padding=1), nn.ReLU(), nn.Conv2D(16, 3, 3, padding=1))
    network.eval()
    return network


def random_input(*shape):
    return np.random.default_rng(sum(shape)).random(shape, np.float32)


def free_trial(exact, rounded):
    return Loss(0.0, 0.01, "dB")


@pytest.mark.parametrize("name", ["rdn_lite_x2", "espcn_x3", "fsrcnn_x3", "idn_x2", "squeezenet1_0", "resnet18"])
def test_the_same_results_as_the_layers(name):
    paddle.seed(1)
    network, spec = build_model(name), model_spec(name)
    classifies = spec.task == "classification"
    shape = (spec.in_channels, *((64, 64) if classifies else (None, None)))
    engine = make_engine(network, [shape], "openvino", "cpu", threads=1, precision="float32")
    direct = make_engine(network, [shape], "dygraph", "cpu")
    for size in [(2, 64, 64)] if classifies else [(1, 13, 18), (2, 16, 11)]:
        x = random_input(size[0], spec.in_channels, *size[1:])
        expected = direct(x)
        np.testing.assert_allclose(engine(x), expected, atol=1e-4 * max(1, np.abs(expected).max()))


def test_calls_from_several_threads():
    network = small_network()
    engine = make_engine(network, SHAPES, "openvino", "cpu", threads=2, precision="float32")
    inputs = [random_input(1, 3, 9, 5 + n) for n in range(8)]
    expected, results = [network(paddle.to_tensor(x)).numpy() for x in inputs], [None] * 16

    def work(n):
        results[n] = (engine.run if n % 2 else engine.beside)(inputs[n % 8])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    for n, result in enumerate(results):
        np.testing.assert_allclose(result, expected[n % 8], atol=1e-5)


def test_results_stay_when_the_next_are_computed():
    engine = make_engine(small_network(), SHAPES, "openvino", "cpu", threads=1)
    first = engine(random_input(1, 3, 8, 8))
    kept = first.copy()
    engine(random_input(1, 3, 8, 8) + 1)
    assert np.array_equal(first, kept)


@pytest.mark.parametrize(
    "stride, side, padding, more", [(2, 9, 4, 1), (3, 9, 4, 2), (4, 9, 4, 3), (2, 2, 0, 0), (1, 3, 1, 0)]
)
def test_transposed_convolutions_become_convolutions(stride, side, padding, more):
    paddle.seed(2)
    layer = nn.Conv2DTranspose(5, 2, side, stride=stride, padding=padding, output_padding=more)
    network, x = nn.Sequential(layer), paddle.rand([2, 5, 6, 7])
    expected = network(x).numpy()
    with exportable(network, "openvino"):
        assert "forward" in vars(layer)
        np.testing.assert_allclose(network(x).numpy(), expected, atol=1e-5)  # the borders too
    assert "forward" not in vars(layer) and list(network.state_dict()) == ["0.weight", "0.bias"]
    with exportable(network, "onnx"):
        assert "forward" not in vars(layer)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2DTranspose(4, 4, 3, stride=2),  # one row more than twice as many
        nn.Conv2DTranspose(4, 4, 2, stride=2, groups=2),
        nn.Conv2DTranspose(4, 4, 3, stride=1, dilation=2, padding=2),
        nn.Conv2DTranspose(4, 64, 8, stride=4, padding=2),  # much more work
        nn.Conv2DTranspose(4, 4, (2, 4), stride=(2, 4)),
    ],
    ids=["size", "groups", "dilation", "work", "sides"],
)
def test_other_transposed_convolutions_stay(layer):
    with exportable(nn.Sequential(layer), "openvino"):
        assert "forward" not in vars(layer)


def test_the_weights_of_last_layers_keep_their_digits():
    layer = nn.Conv2D(16, 3, 3, padding=1)
    network, x = nn.Sequential(layer), paddle.rand([1, 16, 8, 8])
    expected, weight = network(x).numpy(), layer.weight.numpy()
    with exportable(network, "openvino"):
        coarse, fine = np.split(layer._buffers["replaced_kernel"].numpy(), 2)
        assert np.array_equal(coarse, rounded_to_bfloat16(weight))
        assert np.abs(coarse + rounded_to_bfloat16(fine) - weight).max() < 1e-4 * np.abs(coarse - weight).max() * 2**7
        np.testing.assert_allclose(network(x).numpy(), expected, atol=1e-5)
    assert np.array_equal(network(x).numpy(), expected)


def test_last_layers_behind_a_pixel_shuffle():
    """Their convolution is computed before it, with its weights as they are."""
    network, x = nn.Sequential(nn.PixelShuffle(2), nn.Conv2D(2, 3, 3, padding=1)), paddle.rand([1, 8, 6, 6])
    expected = network(x).numpy()
    with exportable(network, "openvino"), shuffles_moved(network, [(8, None, None)], "openvino"):
        np.testing.assert_allclose(network(x).numpy(), expected, atol=1e-5)
    assert np.array_equal(network(x).numpy(), expected)
    assert sorted(network.state_dict()) == ["1.bias", "1.weight"]


def test_rounded_to_bfloat16():
    values = np.array([1, 1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-20, -0.1, 0], np.float32)
    expected = [1, 1, 1 + 2**-6, 1 + 2**-7, np.float32(-0.10009765625), 0]
    assert np.array_equal(rounded_to_bfloat16(values), np.array(expected, np.float32))


def test_bfloat16_where_it_costs_nothing(bfloat16, cache):
    engine = make_engine(small_network(), SHAPES, "auto", "cpu", threads=1, trial=free_trial)
    engine(random_input(1, 3, 8, 8))
    [folder] = cache.iterdir()
    [found] = folder.glob("bfloat16-*.json")
    assert json.loads(found.read_text()) == {"value": 0.0, "allowed": 0.01, "unit": "dB"}


def test_the_trial_is_kept_with_the_graph(bfloat16, cache):
    calls = []

    def trial(exact, rounded):
        calls.append(exact(random_input(1, 3, 8, 8)) - rounded(random_input(1, 3, 8, 8)))
        return Loss(0.0, 0.01, "dB")

    for _ in range(2):
        make_engine(small_network(), SHAPES, "openvino", "cpu", threads=1, trial=trial)
    assert len(calls) == 1 and np.abs(calls[0]).max() < 0.05
    [found] = cache.glob("*/bfloat16-*.json")
    found.write_text('{"value": 0}')  # damaged
    make_engine(small_network(), SHAPES, "openvino", "cpu", threads=1, trial=trial)
    assert len(calls) == 2


@pytest.mark.parametrize("faster", ["openvino", "onnxruntime"])
def test_float32_where_bfloat16_would_show(bfloat16, cache, caplog, monkeypatch, faster):
    """And then by the engine that is faster on this machine."""
    tried, measured, chosen = [], [], []

    def trial(exact, rounded):
        tried.append(1)
        return Loss(0.2, 0.01, "dB")

    def seconds(asked):
        measured.append(asked.precision)
        return {"openvino": 1.0, "onnxruntime": 2.0 if faster == "openvino" else 0.5}

    monkeypatch.setattr(makers, "_seconds", seconds)
    for name in ("openvino", "onnxruntime", "paddle_inference"):
        monkeypatch.setitem(makers.MAKERS, name, lambda _, name=name: chosen.append(name))
    with caplog.at_level(logging.INFO, "paddle_cv"):
        for _ in range(2):
            make_engine(small_network(), SHAPES, "auto", "cpu", threads=1, trial=trial)
    assert chosen == [faster] * 2 and tried == [1] and measured == ["float32"]
    assert "bfloat16 would cost 0.2000 dB, and 0.01 are allowed" in caplog.text


def test_which_engine_is_faster_is_measured():
    asked = makers.Request(small_network(), SHAPES, "cpu", 1, "float32")
    seconds = makers._seconds(asked)
    assert set(seconds) == {"openvino", "onnxruntime"} and min(seconds.values()) > 0


def test_no_trial_is_made_for_float32(bfloat16):
    def trial(exact, rounded):
        raise AssertionError

    for engine in ("auto", "openvino"):
        make_engine(small_network(), SHAPES, engine, "cpu", threads=1, precision="float32", trial=trial)


def test_processors_without_bfloat16(monkeypatch, cache):
    monkeypatch.setattr(openvino_graphs, "bfloat16_here", lambda: False)
    make_engine(small_network(), SHAPES, "openvino", "cpu", threads=1, trial=free_trial)
    assert not list(cache.glob("*/bfloat16-*"))
    with pytest.raises(ValueError, match="does not compute in bfloat16"):
        make_engine(small_network(), SHAPES, "auto", "cpu", precision="bfloat16")


@pytest.mark.parametrize("engine", ["onnxruntime", "paddle_inference", "dygraph"])
def test_other_engines_compute_in_float32(engine):
    with pytest.raises(ValueError, match="engine='openvino'"):
        make_engine(small_network(), SHAPES, engine, "cpu", precision="bfloat16")


def test_unknown_precisions():
    with pytest.raises(ValueError, match="no precision 'half', only auto, float32, bfloat16"):
        make_engine(small_network(), SHAPES, "auto", "cpu", precision="half")


def test_a_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setattr(runtime, "_missing", lambda engine: ["openvino"] * (engine == "openvino"))
    with pytest.raises(ValueError, match=r'needs openvino: pip install "paddle-cv\[openvino\]"'):
        make_engine(small_network(), SHAPES, "openvino", "cpu")
    assert "openvino" not in runtime.available_engines()
    make_engine(small_network(), SHAPES, "auto", "cpu", threads=1)


def test_what_openvino_cannot_do_runs_elsewhere(bfloat16, monkeypatch, caplog):
    def fail(*_):
        raise RuntimeError("unsupported operation")

    network, x = small_network(), random_input(1, 3, 8, 8)
    monkeypatch.setattr(openvino_graphs, "_compiled", fail)
    with caplog.at_level(logging.INFO, "paddle_cv"):
        engine = make_engine(network, SHAPES, "auto", "cpu", threads=1, trial=lambda exact, rounded: exact(x))
    assert "unsupported operation" in caplog.text
    np.testing.assert_allclose(engine(x), network(paddle.to_tensor(x)).numpy(), atol=1e-5)


def test_compiled_graphs_are_kept(cache, monkeypatch):
    network, x = small_network(), random_input(1, 3, 8, 8)
    first = make_engine(network, SHAPES, "openvino", "cpu", threads=1, precision="float32")(x)
    [kept] = cache.glob("*/compiled-*.blob")
    core = openvino_graphs._core()

    class Core:
        """One that cannot compile."""

        def __getattr__(self, name):
            return getattr(core, name) if name != "compile_model" else None

    monkeypatch.setattr(openvino_graphs, "_core", Core)
    again = make_engine(network, SHAPES, "openvino", "cpu", threads=1, precision="float32")(x)
    assert np.array_equal(first, again)
    monkeypatch.undo()


@pytest.mark.parametrize(
    "damage", [lambda blob: blob[:-1], lambda blob: b"", lambda blob: blob[:99] + b"?" + blob[100:]]
)
def test_damaged_compiled_graphs_are_made_anew(cache, damage):
    folder = cached_graph(small_network(), SHAPES, "openvino")
    x = random_input(1, 3, 8, 8)
    expected = openvino_graphs.open_openvino_graph(folder / "model.onnx", 1)(x)
    [kept] = folder.glob("compiled-*.blob")
    whole = kept.read_bytes()
    kept.write_bytes(damage(whole))
    assert np.array_equal(openvino_graphs.open_openvino_graph(folder / "model.onnx", 1)(x), expected)
    assert len(kept.read_bytes()) == len(whole)


def test_networks_that_onnx_has_no_form_of():
    class Unknown(nn.Layer):
        def forward(self, x):
            return paddle.erfinv(x.tanh())

    with pytest.raises(ExportError, match="cannot convert Unknown"):
        make_engine(Unknown(), SHAPES, "openvino", "cpu")


@pytest.mark.parametrize(
    "name", ["rdn_lite_x2", "srmd_x3", "dncnn_gray_s25", "ffdnet_color", "srcnn_955_x2", "lapsrn_x8"]
)
def test_what_rounding_costs_restoration(name):
    spec = model_spec(name)

    def exact(x, *conditions):
        factor = 1 if spec.enlarged_input else spec.scale or 1
        return np.repeat(np.repeat(x, factor, 2), factor, 3)

    def rounded(x, *conditions):
        return exact(x) + np.float32(0.05)

    assert rounding_loss(spec, exact, exact).value == 0
    loss = rounding_loss(spec, exact, rounded)
    assert loss.unit == "dB" and loss.value > loss.allowed == 0.01


def test_what_rounding_costs_classifiers():
    spec, calls = model_spec("squeezenet1_0"), []

    def scores(*values):
        def run(x):
            calls.append(x.shape)
            return np.array([values], np.float32)

        return run

    assert rounding_loss(spec, scores(1, 2), scores(1, 2)).value == 0
    assert 0 < rounding_loss(spec, scores(1, 2), scores(1, 2.01)).value < 0.02
    assert rounding_loss(spec, scores(1, 1.0001), scores(1.0001, 1)).value == 1  # another class
    assert set(calls) == {(1, 3, 224, 224)}


def test_pictures_without_scikit_image(monkeypatch):
    monkeypatch.setattr("paddle_cv.inference.samples.photograph_files", list)
    pictures = sample_pictures()
    assert len(pictures) == 4 and pictures[0].size == (384, 384)
    # Neighbours are alike as in photographs, and there are edges.
    pixels = dead_leaves(0).astype(float)
    steps = np.abs(np.diff(pixels, axis=1))
    assert np.median(steps) < 8 and np.percentile(steps, 99) > 60
    assert np.array_equal(dead_leaves(0), dead_leaves(0)) and not np.array_equal(dead_leaves(0), dead_leaves(1))


@pytest.mark.skipif(not openvino_graphs.bfloat16_here(), reason="this processor does not compute in bfloat16")
def test_the_shipped_networks_in_bfloat16(photo):
    import paddle_cv as pcv

    crop = photo[:90, :120]
    for name in ("rdn_x4", "dncnn_gray_s25"):
        exact = pcv.load(name, precision="float32").predict(crop)
        rounded = pcv.load(name).predict(crop)
        difference = np.abs(exact.astype(int) - rounded)
        assert 0 < difference.max() <= 4 and difference.mean() < 0.3


def test_predictors_take_the_precision(photo):
    network, spec = build_model("espcn_x3"), model_spec("espcn_x3")
    RestorationPredictor(network, spec, engine="openvino", precision="float32").predict(photo[:9, :9])
    with pytest.raises(ValueError, match="no precision"):
        RestorationPredictor(network, spec, precision="fp8")
    with pytest.raises(ValueError, match="no precision"):
        ClassificationPredictor(build_model("squeezenet1_0"), model_spec("squeezenet1_0"), precision="fp8")


def test_samples_are_pictures():
    assert all(picture.color.dtype == np.uint8 for picture in sample_pictures())
    assert open_picture(dead_leaves(1)).size == (384, 384)


def test_nothing_is_reported(tmp_path):
    """OpenVINO's telemetry leaves an identity of the user at home when it is on."""
    code = "from paddle_cv.engines import openvino_graphs; openvino_graphs.bfloat16_here()"
    environment = {**os.environ, "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], env=environment, check=True)
    assert not (tmp_path / "intel").exists()
