"""Runs that go on: with another configuration, after damage, and after --overwrite."""

import json
import pickle
import sys

import numpy as np
import pytest
from PIL import Image

from paddle_cv.cli import train as program
from paddle_cv.training import Trainer, load_checkpoint, load_config
from paddle_cv.training.resuming import changes, state_to_go_on_with


@pytest.fixture(scope="module")
def pictures(tmp_path_factory, photo):
    folder = tmp_path_factory.mktemp("pictures")
    Image.fromarray(photo[100:160, 150:210]).save(folder / "cat.png")
    return folder


@pytest.fixture
def options(pictures, tmp_path):
    return [
        f"output={tmp_path / 'run'}",
        f"data.folders={pictures}",
        f"validation.high={pictures}",
        "model={name: fsrcnn_x2, compile: false}",
        "data={patch_size: 8, batch_size: 1}",
        "steps=4",
        "save_every=2",
        "optimizer={name: adam, learning_rate: 1e-3, final_rate: 0.0, warmup_steps: 0, clip_norm: null}",
    ]


@pytest.fixture
def run(options, monkeypatch):
    """Runs the program; its exit code."""

    def run(*arguments, options=options):
        monkeypatch.setattr(sys, "argv", ["paddle-cv train", "-c", "homework", "--quiet", *arguments, "-o", *options])
        return program.main()

    return run


@pytest.mark.parametrize("warmup", [0, 2])
@pytest.mark.parametrize("schedule", ["cosine", "exponential", "step", "multistep"])
def test_the_rate_is_that_of_the_present_configuration_at_the_step(options, tmp_path, schedule, warmup):
    shape = [f"optimizer.schedule={schedule}", "optimizer.step_size=3", "optimizer.milestones=[3,5]"]
    shape += [f"optimizer.warmup_steps={warmup}", "optimizer.final_rate=1e-6"]
    Trainer(load_config("homework", [*options, *shape]), progress=False).train()
    longer = load_config("homework", [*options, *shape, "steps=8", "optimizer.learning_rate=5e-4"])
    resumed, fresh = (Trainer(longer, progress=False) for _ in range(2))
    resumed.resume(load_checkpoint(tmp_path / "run" / "last.pdckpt"))
    fresh.schedule.step(4)
    for _ in range(4):
        assert resumed.optimizer.get_lr() == fresh.optimizer.get_lr() > 0
        resumed.schedule.step()
        fresh.schedule.step()


def test_what_changed_is_told_in_a_line_each(run, options, tmp_path, capsys):
    assert run() == 0
    changed = [*options, "steps=6", "optimizer.learning_rate=5e-4", "optimizer.weight_decay=1e-5"]
    assert run("--resume", options=changed) == 0
    lines = [line.split(" ", 2)[2] for line in capsys.readouterr().err.splitlines() if " from here on" in line]
    assert sorted(lines) == [
        "optimizer.learning_rate was 0.001, and is 0.0005 from here on",
        "optimizer.weight_decay was 0.0, and is 1e-05 from here on",
        "steps was 4, and is 6 from here on",
    ]
    log = (tmp_path / "run" / "train.log").read_text()
    assert "steps was 4" in log and "step 0:" in log  # the run's log goes on
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["step"] == 6


@pytest.mark.parametrize(
    "option, message",
    [
        ("optimizer.name=sgd", "optimizer.name was adam in the run of this checkpoint and is sgd now"),
        ("optimizer.name=soap", "is soap now: that cannot be continued; model.weights"),
        ("model.name=fsrcnn_x3", "the checkpoint is of fsrcnn_x2, this run trains fsrcnn_x3"),
        ("model.hyperparameters={num_shrunk: 6}", "model.hyperparameters.num_shrunk was None"),
        ("steps=3", "the checkpoint is from step 4, and the run shall have 3 steps"),
    ],
)
def test_what_cannot_be_continued_is_refused(run, options, tmp_path, capsys, option, message):
    assert run() == 0
    before = (tmp_path / "run" / "config.yaml").read_bytes()
    assert run("--resume", options=[*options, option]) == 1
    printed = capsys.readouterr().err
    assert message in printed and "Traceback" not in printed
    assert (tmp_path / "run" / "config.yaml").read_bytes() == before


def test_mixed_precision_may_be_added(options, tmp_path, monkeypatch):
    """On a device where it has an effect, the scaling of the loss begins anew."""
    Trainer(load_config("homework", options), progress=False).train()
    resumed = Trainer(load_config("homework", [*options, "steps=6"]), progress=False)
    monkeypatch.setattr(resumed.learner.scaler, "is_enable", lambda: True)
    resumed.resume(load_checkpoint(tmp_path / "run" / "last.pdckpt"))
    assert resumed.step == 4


def test_damaged_checkpoints_are_no_reason_to_begin_anew(run, tmp_path, capsys):
    assert run() == 0
    weights = (tmp_path / "run" / "last.pdparams").read_bytes()
    for name in ("last.pdckpt", "previous.pdckpt"):
        (tmp_path / "run" / name).write_bytes(b"damaged")
    assert run("--resume") == 1 and "every checkpoint is damaged; --overwrite starts again" in capsys.readouterr().err
    for name in ("last.pdckpt", "previous.pdckpt"):
        (tmp_path / "run" / name).unlink()
    assert run("--resume") == 1 and "no checkpoint, but results of 4 steps" in capsys.readouterr().err
    assert run() == 1 and "there is a run in" in capsys.readouterr().err
    assert (tmp_path / "run" / "last.pdparams").read_bytes() == weights
    assert run("--overwrite") == 0
    assert state_to_go_on_with(tmp_path / "none") is None


@pytest.mark.parametrize(
    "names, message",
    [
        (["last.pdckpt", "previous.pdckpt"], "last.pdckpt and previous.pdckpt of an earlier version of paddle_cv"),
        (["previous.pdckpt", "last.pdparams"], "run/last.pdparams starts from its weights elsewhere"),
        (["20.pdparams", "20.pdopt"], "no checkpoint of this program, but 20.pdopt"),
        (["step_100.pdckpt"], "no checkpoint of this program, but step_100.pdckpt"),
    ],
)
def test_what_cannot_be_read_any_more_is_no_reason_to_begin_anew(run, tmp_path, capsys, names, message):
    folder = tmp_path / "run"
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(pickle.dumps({"step": 7}, 2))
    assert run("--resume") == 1 and message in capsys.readouterr().err
    assert run() == 1 and "there is a run in" in capsys.readouterr().err
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)


def test_after_overwrite_the_old_run_is_gone_before_the_first_step(run, tmp_path, capsys, monkeypatch):
    assert run() == 0
    (tmp_path / "run" / "train.log").write_text("old\n")
    step = Trainer._train_step

    def killed(self, batch):
        raise KeyboardInterrupt  # before there is a checkpoint

    monkeypatch.setattr(Trainer, "_train_step", killed)
    assert run("--overwrite") == 130 and "nothing was saved yet" in capsys.readouterr().err
    monkeypatch.setattr(Trainer, "_train_step", step)
    assert run("--resume") == 0
    assert "going on after" not in capsys.readouterr().err
    assert "old" not in (tmp_path / "run" / "train.log").read_text()


@pytest.mark.parametrize("option", ["loss=l7", "data.folders=none", "model.weights=none.pdparams", "model.name=rnd"])
def test_a_failed_start_leaves_no_run_folder_and_an_old_run_as_it_was(run, options, tmp_path, capsys, option):
    assert run(options=[*options, option]) == 1
    assert not (tmp_path / "run").exists() and "Traceback" not in capsys.readouterr().err
    assert run() == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir() if path.is_file()}
    assert run("--overwrite", options=[*options, option]) == 1
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir() if path.is_file()} == before


def test_flat_pictures_spoil_no_score(options, pictures, tmp_path, caplog):
    """A black frame has an infinite PSNR; a tiny picture has no SSIM."""
    folder = tmp_path / "val"
    folder.mkdir()
    Image.new("RGB", (32, 32)).save(folder / "black.png")
    frame = np.asarray(Image.open(pictures / "cat.png"))
    Image.fromarray(frame).save(folder / "cat.png")
    Image.fromarray(frame[:12, :12]).save(folder / "tiny.png")
    trainer = Trainer(load_config("homework", [*options, f"validation.high={folder}"]), progress=False)
    best = trainer.train()
    assert "left out of the validation" in caplog.text and "black" in caplog.text
    metrics = (tmp_path / "run" / "metrics.json").read_text()
    assert "Infinity" not in metrics and "NaN" not in metrics
    assert 5 < best["psnr"] < 50 and 0 < best["ssim"] <= 1 and json.loads(metrics)["baseline"]["name"] == "bicubic"


def test_changes_are_of_values_not_of_spelling():
    before = {"a": {"b": 1, "c": []}, "output": "x", "old": 3}
    after = {"a": {"b": 2, "c": None}, "output": "y", "new": {"d": 0.5}, "off": 0}
    assert changes(before, after) == {"a.b": (1, 2), "old": (3, None), "new.d": (None, 0.5)}
