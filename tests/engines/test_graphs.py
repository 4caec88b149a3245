"""The cache of exported graphs, and ONNX Runtime on them."""

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

from paddle_cv.engines import cache as cache_module
from paddle_cv.engines import makers, runtime
from paddle_cv.engines.cache import cached_graph
from paddle_cv.engines.cores import physical_cores
from paddle_cv.engines.graphs import ExportError
from paddle_cv.engines.runtime import available_engines, make_engine
from paddle_cv.models import build_model

SHAPES = [(3, None, None)]


@pytest.fixture
def onnx():
    pytest.importorskip("paddle2onnx", reason="ONNX graphs need the extra: pip install paddle-cv[onnx]")
    return pytest.importorskip("onnxruntime", reason="ONNX graphs need the extra: pip install paddle-cv[onnx]")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PADDLE_CV_HOME", str(tmp_path))
    return tmp_path / f"graphs-{os.getuid()}"


def small_network(seed=1):
    paddle.seed(seed)
    network = nn.Sequential(nn.Conv2D(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2D(8, 3, 3, padding=1))
    network.eval()
    return network


def random_input(*shape):
    return np.random.RandomState(sum(shape)).rand(*shape).astype(np.float32)


def test_a_graph_belongs_to_its_weights(cache):
    first = cached_graph(small_network(1), SHAPES, "paddle")
    assert cached_graph(small_network(1), SHAPES, "paddle") == first
    assert cached_graph(small_network(2), SHAPES, "paddle") != first
    assert cached_graph(small_network(1), [(3, 8, 8)], "paddle") != first
    assert len(list(cache.iterdir())) == 3


@pytest.mark.parametrize("damage", ["changed", "missing", "no checksums", "list of checksums"])
def test_a_damaged_graph_is_made_anew(cache, damage):
    network, x = small_network(), random_input(1, 3, 5, 6)
    folder = cached_graph(network, SHAPES, "paddle")
    weights = folder / "model.pdiparams"
    whole = weights.read_bytes()
    if damage == "changed":
        weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    elif damage == "missing":
        weights.unlink()
    else:
        (folder / "checksums.json").write_text("[]" if damage.startswith("list") else "")
    run = make_engine(network, SHAPES, "paddle_inference", "cpu", threads=1)
    assert weights.read_bytes() == whole and json.loads((folder / "checksums.json").read_text())
    np.testing.assert_allclose(run(x), network(paddle.to_tensor(x)).numpy(), atol=1e-5)
    assert list(cache.iterdir()) == [folder]  # and nothing is left beside it


def test_an_export_that_fails_leaves_nothing(cache, monkeypatch):
    def fail(network, shapes, folder):
        (folder / "model.json").write_text("half")
        raise ExportError("no")

    monkeypatch.setitem(cache_module._WRITERS, "paddle", fail)
    with pytest.raises(ExportError):
        cached_graph(small_network(), SHAPES, "paddle")
    assert list(cache.iterdir()) == []


def test_processes_that_start_at_once(cache, root):
    code = (
        "import numpy as np, paddle; from paddle_cv.engines import make_engine; from paddle_cv.models import build_model;"
        "paddle.seed(3); run = make_engine(build_model('espcn_x3'), [(1, None, None)], 'paddle_inference', 'cpu', 1);"
        "print(run(np.full((1, 1, 9, 9), 0.5, np.float32)).sum())"
    )
    environment = {**os.environ, "PYTHONPATH": str(root)}
    started = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    results = [process.communicate()[0].split()[-1] for process in started]
    assert [process.returncode for process in started] == [0, 0] and results[0] == results[1]
    assert len(list(cache.iterdir())) == 1


def test_several_predictors_in_several_threads(cache):
    networks = [small_network(seed) for seed in (1, 2)]
    inputs = [random_input(1, 3, 8, 5 + n) for n in range(6)]
    expected = [[network(paddle.to_tensor(x)).numpy() for x in inputs] for network in networks]
    failures = []

    def work(engine, network, wanted):
        try:
            run = make_engine(network, SHAPES, engine, "cpu", threads=1)
            for _ in range(5):
                for x, y in zip(inputs, wanted):
                    np.testing.assert_allclose(run(x), y, atol=1e-5)
        except BaseException as error:
            failures.append((engine, error))

    threads = [
        threading.Thread(target=work, args=(engine, network, wanted))
        for engine in available_engines()
        for network, wanted in zip(networks, expected)
    ]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert failures == []


def test_loading_in_several_threads(cache, photo):
    import paddle_cv as pcv

    crop, results = photo[:9, :12], []

    def work(engine):
        results.append(pcv.load("rdn_x4", engine=engine).predict(crop))

    threads = [
        threading.Thread(target=work, args=(engine,)) for engine in ("auto", "dygraph", "paddle_inference", "dygraph")
    ]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(results) == 4
    assert all(np.abs(result.astype(int) - results[0]).max() <= 1 for result in results)


def test_one_onnx_session_in_several_threads(cache, onnx):
    network = build_model("espcn_x3")
    run = make_engine(network, [(1, None, None)], "onnxruntime", "cpu", threads=1)
    inputs = [random_input(1, 1, 6, 5 + n) for n in range(8)]
    expected, results = [run(x) for x in inputs], [None] * 8

    def work(n):
        results[n] = run(inputs[n])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert all(np.array_equal(a, b) for a, b in zip(expected, results))
    with paddle.no_grad():
        np.testing.assert_allclose(results[3], network(paddle.to_tensor(inputs[3])).numpy(), atol=1e-5)


class Unknown(nn.Layer):
    """Something that ONNX has no form of."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2D(3, 3, 1)

    def forward(self, x):
        return paddle.erfinv(self.conv(x).tanh())


def test_what_onnx_cannot_do_runs_elsewhere(cache, onnx, caplog):
    network, x = Unknown(), random_input(1, 3, 4, 4)
    with pytest.raises(ExportError, match="cannot convert Unknown"):
        make_engine(network, SHAPES, "onnxruntime", "cpu")
    with caplog.at_level(logging.INFO, "paddle_cv"):
        run = make_engine(network, SHAPES, "auto", "cpu")
    assert "paddle_inference runs it instead" in caplog.text
    np.testing.assert_allclose(run(x), network(paddle.to_tensor(x)).numpy(), atol=1e-5)


def test_the_fastest_available_engine(cache, onnx, monkeypatch):
    chosen, missing = [], set()
    for name in ("openvino", "onnxruntime", "paddle_inference"):
        monkeypatch.setitem(makers.MAKERS, name, lambda *_, name=name: chosen.append(name))
    monkeypatch.setattr(runtime, "_missing", lambda engine: [engine] if engine in missing else [])
    for name in ("openvino", "onnxruntime"):
        missing.add(name)
        make_engine(small_network(), SHAPES, "auto", "cpu")
    assert chosen == ["onnxruntime", "paddle_inference"] and "onnxruntime" not in available_engines()
    with pytest.raises(ValueError, match=r"needs onnxruntime: pip install"):
        make_engine(small_network(), SHAPES, "onnxruntime", "cpu")


def test_physical_cores(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 5}, raising=False)
    for cpu, core in ((0, 0), (1, 1), (2, 0), (5, 1)):  # two cores of two threads each
        folder = tmp_path / str(cpu)
        folder.mkdir()
        (folder / "physical_package_id").write_text("0\n")
        (folder / "core_id").write_text(f"{core}\n")
    topology, quota = str(tmp_path / "{}"), tmp_path / "cpu.max"
    assert physical_cores(topology, str(quota)) == 2
    quota.write_text("max 100000\n")
    assert physical_cores(topology, str(quota)) == 2
    quota.write_text("100000 100000\n")
    assert physical_cores(topology, str(quota)) == 1
    assert physical_cores(str(tmp_path / "none{}"), "") == 4
