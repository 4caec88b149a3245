"""Engines on layers that need care: both must give the same."""

import time

import numpy as np
import paddle
import pytest
from paddle import nn

from paddle_cv.engines import available_engines
from paddle_cv.engines.runtime import Engine, make_engine
from paddle_cv.inference import RestorationPredictor
from paddle_cv.models import build_model, model_spec
from paddle_cv.pictures import ImageError


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PADDLE_CV_HOME", str(tmp_path))


def _assert_engines_agree(network, channels):
    exported = make_engine(network, [(channels, None, None)], "paddle_inference", "cpu", threads=1)
    direct = make_engine(network, [(channels, None, None)], "dygraph", "cpu")
    for shape in ([1, channels, 13, 18], [2, channels, 16, 11]):
        x = np.random.RandomState(0).rand(*shape).astype(np.float32)
        np.testing.assert_allclose(exported(x), direct(x), atol=1e-4)


@pytest.mark.parametrize("activation", [nn.LeakyReLU(0.2), nn.PReLU(8), nn.Softshrink(0.1), nn.GELU()], ids=repr)
def test_activations(activation):
    paddle.seed(1)
    _assert_engines_agree(nn.Sequential(nn.Conv2D(3, 8, 3, padding=1), activation, nn.Conv2D(8, 3, 3, padding=1)), 3)


@pytest.mark.parametrize(
    "name, channels", [("lapsrn_x4", 1), ("scn_x4", 1), ("enhancenet_x4", 3), ("ddbpn_edsr_x2", 3)]
)
def test_networks(name, channels):
    paddle.seed(1)
    _assert_engines_agree(build_model(name), channels)


def test_workers_share_a_batch():
    calls = []

    def beside(x, y):
        calls.append(len(x))
        return x + y

    engine = Engine(lambda x, y: x - y, workers=3, beside=beside)
    x, y = np.arange(10.0).reshape(5, 2), np.ones((5, 2))
    assert np.array_equal(engine(x, y), x + y) and sorted(calls) == [1, 2, 2]
    assert np.array_equal(engine(x[:2], y[:2]), x[:2] - 1)  # too few for all


@pytest.mark.skipif("onnxruntime" not in available_engines(), reason="needs the extra: pip install paddle-cv[onnx]")
@pytest.mark.parametrize("name, threads", [("rdn_lite_x2", 1), ("rdn_lite_x2", 2), ("rdn_lite_x2", 7), ("espcn_x3", 3)])
def test_windows_that_are_worked_on_beside_each_other(name, threads, photo):
    network, spec, crop = build_model(name), model_spec(name), photo[:110, :90]
    predictor = RestorationPredictor(network, spec, engine="onnxruntime", tile=60, threads=threads)
    direct = RestorationPredictor(network, spec, engine="dygraph", tile=60)
    seen = []
    result = predictor.predict(crop, progress=lambda *numbers: seen.append(numbers))
    assert np.abs(result.astype(int) - direct.predict(crop)).max() <= 1
    count = predictor.count_windows(110, 90)
    assert seen == [(number, count) for number in range(1, count + 1)]
    assert np.array_equal(predictor.predict(crop, batch_size=3), result)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_failure_ends_the_work_on_windows(workers, photo):
    """The windows that wait are not begun."""
    calls = []

    def run(x):
        calls.append(x.shape)
        time.sleep(0.05)  # else all of them are through before anybody has looked at the first
        raise MemoryError

    predictor = RestorationPredictor(build_model("espcn_x3"), model_spec("espcn_x3"), engine="dygraph", tile=40)
    predictor.engine = Engine(run, workers=workers, beside=run)
    with pytest.raises(ImageError, match="not enough memory"):
        predictor.predict(photo[:400, :400])
    assert len(calls) < 10
