"""Every class of the registry in both formats, with few and narrow layers."""

import inspect
import json
import subprocess
import sys
from dataclasses import replace

import paddle
import pytest

from paddle_cv.engines import available_engines, graphs
from paddle_cv.engines.export import FORMATS, LIMITS, ExportError, export_network
from paddle_cv.models import list_models, model_spec, networks

pytestmark = pytest.mark.skipif(
    "onnxruntime" not in available_engines(), reason="needs the extra: pip install paddle-cv[onnx]"
)

#: Of the networks that are exported: those with a predictor, and those that judge images in training.
TASKS = ("super_resolution", "denoising", "classification", "discriminator")

#: Largest values of hyperparameters: one or two of each part show what all do.
FEW = {
    "code_size": 16,
    "growth_rate": 8,
    "middle_blocks": 1,
    "num_blocks": 2,
    "num_classes": 5,
    "num_features": 16,
    "num_groups": 2,
    "num_high": 2,
    "num_initial_features": 16,
    "num_layers": 3,
    "num_low": 2,
    "num_recursions": 2,
    "num_stages": 2,
    "num_units": 2,
}
WIDE = ("ShuffleNet",)  # whose channels are divided among branches and groups


def small_network(spec):
    """The network of a spec with few layers."""
    defaults = {key: parameter.default for key, parameter in inspect.signature(spec.network).parameters.items()}
    arguments = dict(spec.hyperparameters)
    for key, value in {**defaults, **arguments}.items():
        if key == "depths":
            arguments[key] = (1,) * len(value)
        elif key in FEW and isinstance(value, int) and not (key == "num_features" and spec.network.__name__ in WIDE):
            arguments[key] = min(value, FEW[key])
        elif key == "num_features" and isinstance(value, tuple):
            arguments[key] = tuple(min(number, FEW[key]) for number in value)
    return spec.network(**arguments)


# paddle2onnx imports Paddle, which takes longer than its work: here it is imported once, and each conversion is a child.
CONVERTER = """
import json, os, sys, paddle2onnx
for line in sys.stdin:
    script, *arguments = json.loads(line)
    child = os.fork()
    if child == 0:
        os.dup2(os.open("log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
        os.dup2(1, 2)
        sys.argv = ["-c", *arguments]
        exec(script)
        os._exit(0)
    print(os.waitpid(child, 0)[1], flush=True)
"""


@pytest.fixture
def converter(tmp_path, monkeypatch):
    """Conversions by one process instead of one each."""
    options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen([sys.executable, "-c", CONVERTER], cwd=tmp_path, **options) as process:

        def run(command, **_):
            process.stdin.write(json.dumps(command[2:]) + "\n")
            process.stdin.flush()
            status = int(process.stdout.readline())
            return subprocess.CompletedProcess(command, status, (tmp_path / "log").read_text(errors="replace"))

        monkeypatch.setattr(graphs.subprocess, "run", run)
        yield
        process.stdin.close()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(graphs.os, "fork"), reason="needs POSIX")
@pytest.mark.parametrize("classifiers", [True, False], ids=["classifiers", "others"])
def test_every_class_exports_to_both_formats(classifiers, tmp_path, converter):
    paddle.seed(0)
    specs = {model_spec(name).network: model_spec(name) for name in reversed(list_models())}
    assert list(specs) and set(specs) == set(networks())
    specs = {network: spec for network, spec in specs.items() if spec.task in TASKS}
    limits = {}
    for network_class, spec in specs.items():
        if (spec.task == "classification") != classifiers:
            continue
        name, network = network_class.__name__, small_network(spec)
        if classifiers:
            spec = replace(spec, input_size=network_class.smallest_input)
        for form in FORMATS:
            try:
                exported = export_network(network, spec, tmp_path / "graph", form, overwrite=True)
            except ExportError as error:
                limits[name] = str(error)
            else:
                if not exported.any_size:
                    limits[name] = "one size"
                assert exported.difference < 1e-4, (name, form)
    expected = {
        name
        for name in LIMITS
        if any(cls.__name__ == name and (s.task == "classification") == classifiers for cls, s in specs.items())
    }
    assert set(limits) == expected, limits
