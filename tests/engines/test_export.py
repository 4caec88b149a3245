"""Exported files: every network class in both formats, and what is refused."""

import subprocess
import sys

import numpy as np
import paddle
import pytest
from paddle import nn

import paddle_cv as pcv
from paddle_cv.engines import available_engines, export
from paddle_cv.engines.export import export_network
from paddle_cv.engines.exportable import exportable
from paddle_cv.engines.graphs import ExportError, write_onnx_graph
from paddle_cv.engines.runtime import open_onnx_graph, open_paddle_graph
from paddle_cv.models import build_model, model_spec

needs_onnx = pytest.mark.skipif(
    "onnxruntime" not in available_engines(), reason="needs the extra: pip install paddle-cv[onnx]"
)


@needs_onnx
@pytest.mark.parametrize("name", ["rdn_lite_x2", "btsrn_narrow_x2", "srmd_x2", "lenet", "mnist_cnn"])
def test_both_formats(name, tmp_path):
    paddle.seed(1)
    spec, network = model_spec(name), build_model(name)
    file = export_network(network, spec, tmp_path / "net.onnx", "onnx")
    folder = export_network(network, spec, tmp_path / "net", "paddle")
    assert max(file.difference, folder.difference) < 1e-4
    assert file.any_size == folder.any_size == (name != "lenet")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net", "net.onnx"]
    assert sorted(path.name for path in folder.path.iterdir()) == ["model.json", "model.pdiparams"]
    height, width = (32, 32) if name == "lenet" else (30, 41)
    inputs = [np.random.rand(2, spec.in_channels, height, width).astype(np.float32)]
    inputs += [np.random.rand(2, *shape).astype(np.float32) for shape in spec.extra_inputs.values()]
    with paddle.no_grad():
        expected = network(*map(paddle.to_tensor, inputs)).numpy()
    for run in (open_onnx_graph(file.path, 1), open_paddle_graph(folder.path, "cpu", 1)):
        np.testing.assert_allclose(run(*inputs), expected, atol=1e-4 * np.abs(expected).max())


@needs_onnx
def test_opset_and_size(tmp_path):
    onnx = pytest.importorskip("onnx")
    network, spec = build_model("espcn_x3"), model_spec("espcn_x3")
    exported = export_network(network, spec, tmp_path / "net.onnx", opset=13, size=(12, 20))
    graph = onnx.load(str(exported.path))
    assert [entry.version for entry in graph.opset_import if entry.domain in ("", "ai.onnx")] == [13]
    dims = graph.graph.input[0].type.tensor_type.shape.dim
    assert [dim.dim_value for dim in dims[1:]] == [1, 12, 20] and not exported.any_size and dims[0].dim_param
    with pytest.raises(ExportError, match="cannot convert ESPCN: .*opset"):
        export_network(network, spec, tmp_path / "old.onnx", opset=7)
    assert not (tmp_path / "old.onnx").exists()


def test_what_is_there_stays(tmp_path):
    network, spec = build_model("espcn_x3"), model_spec("espcn_x3")
    first = export_network(network, spec, tmp_path / "net", "paddle").path
    before = (first / "model.pdiparams").read_bytes()
    other = build_model("espcn_x3")
    with pytest.raises(FileExistsError):
        export_network(other, spec, tmp_path / "net", "paddle")
    assert (first / "model.pdiparams").read_bytes() == before
    export_network(other, spec, tmp_path / "net", "paddle", overwrite=True)
    assert (first / "model.pdiparams").read_bytes() != before
    (tmp_path / "file").write_bytes(b"before")
    export_network(network, spec, tmp_path / "file", "paddle", overwrite=True)
    assert (tmp_path / "file" / "model.pdiparams").is_file()
    with pytest.raises(ValueError, match="no format 'caffe'"):
        export_network(network, spec, tmp_path / "x", "caffe")


def test_a_graph_that_differs_is_not_kept(tmp_path, monkeypatch):
    network, spec = build_model("espcn_x3"), model_spec("espcn_x3")
    export_network(network, spec, tmp_path / "net", "paddle")
    before = (tmp_path / "net" / "model.pdiparams").read_bytes()
    real = export.open_paddle_graph
    for wrong, message in (
        (lambda run: lambda x: run(x) + 0.1, "differs"),
        (lambda run: lambda x: run(x) * np.nan, "by nan"),
        (lambda run: lambda x: run(x)[:, :, 1:], "gives"),
    ):
        monkeypatch.setattr(export, "open_paddle_graph", lambda *a, wrong=wrong, **k: wrong(real(*a, **k)))
        with pytest.raises(ExportError, match=message):
            export_network(network, spec, tmp_path / "net", "paddle", overwrite=True)
    assert (tmp_path / "net" / "model.pdiparams").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["net"]


@needs_onnx
@pytest.mark.parametrize(
    "layer",
    [
        nn.LeakyReLU(0.2),
        nn.Upsample(scale_factor=3, mode="nearest"),
        nn.Upsample(scale_factor=2, mode="bicubic"),
        nn.AdaptiveAvgPool2D(4),
        nn.ChannelShuffle(2),
    ],
    ids=["leaky", "nearest", "bicubic", "adaptive", "shuffle"],
)
def test_layers_that_graphs_cannot_have(layer, tmp_path):
    """As they stand, the converter refuses them or computes something else."""
    network = nn.Sequential(nn.Conv2D(3, 4, 1), layer, nn.Conv2D(4, 3, 1))
    network.eval()
    write_onnx_graph(network, [(3, None, None)], tmp_path)
    run = open_onnx_graph(tmp_path / "model.onnx", 1)
    for shape in ((1, 3, 9, 6), (2, 3, 7, 14)):
        x = np.random.RandomState(1).randn(*shape).astype(np.float32)
        np.testing.assert_allclose(run(x), network(paddle.to_tensor(x)).numpy(), atol=1e-4)


def test_layers_get_their_own_forward_back():
    network = nn.Sequential(nn.Conv2D(3, 4, 1), nn.LeakyReLU(0.2))
    with pytest.raises(RuntimeError), exportable(network, "onnx"):
        assert "forward" in vars(network[1])
        raise RuntimeError
    assert "forward" not in vars(network[1])


@needs_onnx
def test_int8(tmp_path):
    onnx = pytest.importorskip("onnx")
    from paddle_cv.inference.quantization import calibration_pictures, export_int8

    network, spec = pcv.load_network("rdn_x4")
    pictures = calibration_pictures([])[-2:]
    report = export_int8(network, spec, tmp_path / "int8.onnx", pictures)
    assert report.size < 0.4 and report.agreement > 38 and report.int8_score > report.float_score - 0.3
    assert "chelsea.png" in str(report) and report.float_score > 25
    operators = {node.op_type for node in onnx.load(str(report.path)).graph.node}
    assert {"QuantizeLinear", "DequantizeLinear"} <= operators
    with pytest.raises(FileExistsError):
        export_int8(network, spec, tmp_path / "int8.onnx", pictures)
    with pytest.raises(ValueError, match="at least"):
        export_int8(network, spec, tmp_path / "other.onnx", pictures, size=(100, 100))
    with pytest.raises(FileNotFoundError, match="two pictures"):
        calibration_pictures([pictures[0]])
    assert [path.name for path in tmp_path.iterdir()] == ["int8.onnx"]


@needs_onnx
@pytest.mark.parametrize("name, channels", [("fsrcnn_x2", 1), ("espcn_x3", 1), ("srdensenet_x4", 1), ("carn_m_x2", 3)])
def test_onnx_graphs_declare_no_wrong_sizes(tmp_path, name, channels, capfd):
    import onnxruntime

    paddle.seed(1)
    spec = model_spec(name)
    export_network(build_model(name), spec, tmp_path / "a.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "a.onnx"), providers=["CPUExecutionProvider"])
    batch, declared, height, width = session.get_outputs()[0].shape
    assert declared == channels and all(isinstance(side, str) for side in (batch, height, width))
    side = spec.network_scale
    capfd.readouterr()
    [result] = session.run(None, {session.get_inputs()[0].name: np.zeros((2, spec.in_channels, 20, 30), np.float32)})
    assert result.shape == (2, channels, 20 * side, 30 * side) and "shape" not in capfd.readouterr().err


@needs_onnx
def test_graphs_for_one_size_declare_it(tmp_path):
    import onnxruntime

    export_network(build_model("fsrcnn_x2"), model_spec("fsrcnn_x2"), tmp_path / "a.onnx", size=(20, 30))
    session = onnxruntime.InferenceSession(str(tmp_path / "a.onnx"), providers=["CPUExecutionProvider"])
    assert session.get_outputs()[0].shape[1:] == [1, 40, 60]


@needs_onnx
def test_int8_classifier(tmp_path):
    from paddle_cv.inference.quantization import calibration_pictures, export_int8

    paddle.seed(1)
    network, spec = build_model("lenet"), model_spec("lenet")
    report = export_int8(network, spec, tmp_path / "int8.onnx", calibration_pictures([])[-2:])
    assert report.float_score is None and 0 < report.agreement < 0.1 and "probabilities" in str(report)


def test_the_tool(tmp_path, root):
    command = [sys.executable, str(root / "tools" / "export.py"), "rdn_x4", "--format", "paddle"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and "rdn_x4: pictures of any size; differs" in done.stdout, done.stderr
    assert (tmp_path / "rdn_x4" / "model.pdiparams").is_file()


def test_the_tool_says_what_the_system_refuses(monkeypatch, capsys):
    from paddle_cv.cli import export

    def refuse(*_):
        raise FileNotFoundError(2, "No such file or directory", "/proc/.export-1")

    monkeypatch.setattr(export.pcv, "load_network", refuse)
    monkeypatch.setattr(sys, "argv", ["export.py", "rdn_x4", "-o", "/proc/rdn.onnx"])
    with pytest.raises(SystemExit):
        export.main()
    assert "No such file or directory: '/proc/.export-1'" in capsys.readouterr().err
