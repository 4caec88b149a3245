"""tools/train.py as a program: killed, interrupted, torn and in several processes."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from paddle_cv.training import load_latest
from paddle_cv.weights import read_state

STEPS = 24


@pytest.fixture(scope="module")
def pictures(tmp_path_factory, photo):
    folder = tmp_path_factory.mktemp("pictures")
    Image.fromarray(photo[100:200, 150:250]).save(folder / "cat.png")
    return folder


@pytest.fixture(scope="module")
def start(root, pictures):
    """Starts a run."""

    def start(output, *more, launcher=(), more_options=()):
        overrides = [
            f"data.folders=[{pictures}]",
            f"validation.high={pictures}",
            "model.hyperparameters={num_blocks: 1, num_features: 16, growth_rate: 16}",
            "data={patch_size: 12, batch_size: 4, rescale: [1.0]}",
            f"steps={STEPS}",
            "validation.every=6",
            "save_every=3",
            "log_every=2",
            f"output={output}",
            *more_options,
        ]
        program = [str(root / "tools/train.py"), "-c", str(root / "configs/restoration/rdn_lite_x4.yaml"), "--quiet"]
        return subprocess.Popen(
            [sys.executable, *launcher, *program, *more, "-o", *overrides],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


@pytest.fixture(scope="module")
def undisturbed(start, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    run = start(folder)
    assert "finished after 24 steps" in run.communicate()[0]
    return folder


def _wait_for_step(folder, step):
    """Until the run has saved this step, or a later one."""
    for _ in range(1200):
        if (folder / "last.pdckpt").is_file():
            try:
                if load_latest(folder)["step"] >= step:
                    return
            except FileNotFoundError:  # between two names
                pass
        time.sleep(0.05)
    raise AssertionError("the run did not get so far")


def _children(process):
    """The numbers of a process' own processes."""
    return [int(number) for number in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def _have_ended(processes):
    for _ in range(200):
        if not any(Path(f"/proc/{process}").exists() for process in processes):
            return True
        time.sleep(0.05)
    return False


def _same(a, b):
    for name in ("last.pdparams", "best.pdparams"):
        first, second = read_state(a / name), read_state(b / name)
        assert first.keys() == second.keys()
        assert all(np.array_equal(first[key], second[key]) for key in first), name
    histories = [json.loads((folder / "metrics.json").read_text())["history"] for folder in (a, b)]
    for one, other in zip(*histories):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}
    states = [load_latest(folder) for folder in (a, b)]
    for part in ("weights", "average", "optimizer"):
        for key, value in states[0][part].items():
            if hasattr(value, "numpy"):
                assert np.array_equal(value.numpy(), states[1][part][key].numpy()), (part, key)


def test_killed_runs_go_on_as_if_nothing_had_happened(start, undisturbed, tmp_path):
    step = random.randrange(3, 18)
    run = start(tmp_path, more_options=["data.num_workers=2"])  # the undisturbed run has none
    _wait_for_step(tmp_path, step)
    time.sleep(random.uniform(0, 0.1))
    workers = _children(run.pid)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert run.returncode == -signal.SIGKILL and load_latest(tmp_path)["step"] >= 3
    assert len(workers) == 2 and _have_ended(workers)
    # As if the disk had not got all of the newest checkpoint: the one before is taken.
    newest = tmp_path / "last.pdckpt"
    had_two = (tmp_path / "previous.pdckpt").is_file()
    newest.write_bytes(newest.read_bytes()[: -random.randrange(1, 2000)])
    run = start(tmp_path, "--resume", "auto")
    printed = run.communicate()[0]
    assert "last.pdckpt is no checkpoint, or a damaged one" in printed
    assert ("going on after step" in printed) == had_two
    _same(undisturbed, tmp_path)


def test_an_interrupted_run_has_lost_no_step(start, undisturbed, tmp_path):
    run = start(tmp_path)
    _wait_for_step(tmp_path, 3)
    run.send_signal(signal.SIGINT)
    printed = run.communicate()[0]
    stopped = load_latest(tmp_path)["step"]
    assert run.returncode == 130 and "--resume goes on" in printed and "Traceback" not in printed
    run = start(tmp_path, "--resume")
    assert f"going on after step {stopped}" in run.communicate()[0]
    _same(undisturbed, tmp_path)


def test_two_processes_with_half_the_batch_each_are_one(start, tmp_path):
    launcher = ["-m", "paddle.distributed.launch", "--nproc_per_node", "2", "--log_dir", str(tmp_path / "log")]
    adam = ["optimizer.name=adam", "optimizer.learning_rate=1e-3"]  # SOAP's first steps make much of every rounding
    alone = tmp_path / "alone"
    for folder, options in ((alone, {}), (tmp_path, {"launcher": launcher})):
        run = start(folder, more_options=adam, **options)
        printed = run.communicate()[0]
        assert run.returncode == 0, printed
    one, two = load_latest(alone), load_latest(tmp_path)
    assert [step for step, _ in one["losses"]] == [step for step, _ in two["losses"]]
    assert np.allclose([loss for _, loss in one["losses"]], [loss for _, loss in two["losses"]], rtol=1e-3)
    assert one["history"][-1]["psnr"] == pytest.approx(two["history"][-1]["psnr"], abs=0.01)
    assert (tmp_path / "train.log").read_text().count("step 6:") == 1


def test_a_folder_that_cannot_be_written_is_named(start, tmp_path):
    (tmp_path / "file").touch()
    run = start(tmp_path / "file" / "run")
    printed = run.communicate()[0]
    assert run.returncode == 1 and "Traceback" not in printed and f"{tmp_path}/file" in printed


def test_print_config(start):
    run = start("/nowhere", "--print-config")
    printed = run.communicate()[0]
    assert run.returncode == 0 and "output: /nowhere" in printed and "patch_size: 12" in printed
