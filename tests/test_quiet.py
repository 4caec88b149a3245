"""What Paddle says to its developers does not reach users; all else does."""

import os
import subprocess
import sys
import warnings

import pytest
from PIL import Image

from paddle_cv import quiet

# Variables that would hide, or show, what is looked for here.
_CLEAR = ("GLOG_minloglevel", "PYTHONWARNINGS", "OMP_NUM_THREADS", "FLAGS_use_mkldnn")


@pytest.fixture(scope="module")
def run(root, tmp_path_factory, photo):
    folder = tmp_path_factory.mktemp("quiet")
    Image.fromarray(photo[100:148, 100:148]).save(folder / "photo.png")
    (folder / "photos").mkdir()
    for number in range(3):
        Image.fromarray(photo[:, 100 * number : 100 * number + 128]).save(folder / "photos" / f"{number}.png")
    environment = {name: value for name, value in os.environ.items() if name not in _CLEAR}
    environment |= {"PYTHONPATH": str(root), "HUB_HOME": str(folder / "hub"), "PADDLE_CV_HOME": str(folder / "home")}

    def call(*command, threads="2"):
        done = subprocess.run(
            [sys.executable, *map(str, command)],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=600,
            env={**environment, "OMP_NUM_THREADS": threads},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout, done.stderr

    call.folder = folder
    return call


def noise(errors: str) -> list[str]:
    """Lines that are no progress bar, no log line of training and no report of PaddleHub's."""
    up = "\x1b[A"  # of a bar below another
    lines = [line.replace(up, "").strip() for part in errors.splitlines() for line in part.split("\r")]
    bar = ("%|", "step/s", "s/step", "picture", "megapixels", "network", "INFO]")
    return [line for line in lines if line and not any(mark in line for mark in bar) and not line.startswith("20")]


@pytest.mark.parametrize(
    "command",
    [
        "predict rdn_x4 photo.png -o out",
        "predict rdn_x4 photo.png -o dygraph --engine dygraph",
        "predict rdn_x4 photo.png -o paddle --engine paddle_inference",
        "evaluate bicubic_x2 --data photos",
        "compare rdn_x4 --image photo.png -o figure.png",
        "export rdn_x4 -o rdn.onnx",
        "summary rdn_x4",
        "hub list",
        "hub install rdn_x4",
        "prepare-data photos cut --size 64",
        "convert --help",
        "demo --help",
        "serve --help",
        "data list",
    ],
)
def test_commands_are_quiet(run, command):
    _, errors = run("-m", "paddle_cv", *command.split())
    assert noise(errors) == []


@pytest.mark.slow
@pytest.mark.parametrize("compiled", [True, False])
def test_training_is_quiet(run, root, compiled):
    overrides = [
        "data.folders=[photos]",
        "validation.high=photos",
        "steps=2",
        "model.hyperparameters={num_blocks: 1}",
        f"model.compile={str(compiled).lower()}",
        f"output=run_{compiled}",
        "data.batch_size=2",
    ]
    config = root / "configs" / "restoration" / "rdn_lite_x4.yaml"
    _, errors = run("-m", "paddle_cv", "train", "-c", config, "-o", *overrides)
    assert noise(errors) == []


@pytest.mark.hub
@pytest.mark.slow
@pytest.mark.parametrize("first", ["paddle_cv", "paddle"])
def test_a_module_of_paddlehub_is_quiet(run, first):
    run("-m", "paddle_cv", "hub", "install", "rdn_x4")
    # What `import paddlehub` itself says comes before anything of this project runs.
    code = (
        "import sys, warnings\n"
        f"with warnings.catch_warnings():\n    warnings.simplefilter('ignore')\n    import {first}, paddlehub as hub\n"
        "print('imported', file=sys.stderr)\n"
        "hub.Module(name='rdn_x4').predict(paths=['photo.png'])"
    )
    assert noise(run("-c", code)[1].partition("imported\n")[2]) == []


def test_batch_normalisation_is_quiet(run):
    code = "import paddle_cv as pcv, paddle; pcv.create_model('mnist_cnn_bn')(paddle.zeros([2, 1, 28, 28]))"
    assert noise(run("-c", code)[1]) == []


def test_paddle_first(run):
    # As in a notebook that begins with Paddle: making a graph is when its C++ part notes something.
    code = (
        "import sys, warnings; warnings.simplefilter('ignore'); import paddle; import paddle_cv as pcv\n"
        "print('imported', file=sys.stderr)\n"
        "network = pcv.create_model('rdn_lite_x2')\n"
        "spec = [paddle.static.InputSpec([1, 3, None, None], 'float32')]\n"
        "paddle.jit.save(paddle.jit.to_static(network, input_spec=spec), 'graph')"
    )
    assert noise(run("-c", code)[1].partition("imported\n")[2]) == []


def test_other_messages_of_the_import_stay(tmp_path, run):
    (tmp_path / "paddle.py").write_text(
        "import sys, warnings\n"
        "print('WARNING: OMP_NUM_THREADS set to 4, not 1. The computation ...', file=sys.stderr)\n"
        "print('PLEASE USE OMP_NUM_THREADS WISELY.', file=sys.stderr)\n"
        "print('the disk is full', file=sys.stderr)\n"
        "warnings.warn('No ccache found. Please be aware ...')\n"
        "warnings.warn('your driver is old')\n"
    )
    code = "import sys; sys.path.insert(0, sys.argv[1]); import paddle_cv, paddle"
    lines = run("-c", code, tmp_path)[1]
    assert "the disk is full" in lines and "your driver is old" in lines
    assert "OMP_NUM_THREADS" not in lines and "ccache" not in lines


def test_a_failing_import_tells_all(tmp_path, run):
    (tmp_path / "paddle.py").write_text("import sys\nprint('why', file=sys.stderr)\nraise RuntimeError('no driver')\n")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import paddle_cv\n"
        "try:\n    import paddle\nexcept RuntimeError as error:\n    print('caught', error)"
    )
    output, errors = run("-c", code, tmp_path)
    assert output == "caught no driver\n" and errors == "why\n"


def test_users_filters_have_the_last_word(monkeypatch):
    monkeypatch.setattr(sys, "warnoptions", ["error"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quiet.keep_quiet()
        with pytest.raises(UserWarning):
            warnings.warn_explicit("No ccache found.", UserWarning, "f.py", 1, module="paddle.utils.cpp_extension")


@pytest.mark.hub
@pytest.mark.slow
def test_the_demonstration_is_quiet(run, root):
    run("-m", "paddle_cv", "hub", "install", "rdn_x4")
    output, errors = run(root / "tools" / "quickstart.py", "photo.png")
    assert "beside bicubic" in output and noise(errors) == []
