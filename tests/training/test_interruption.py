"""Ctrl-C during a step and a validation, once and twice."""

import os
import signal
import subprocess
import sys
import time

import pytest

from paddle_cv.training import Trainer, load_checkpoint, load_config
from paddle_cv.training.interruption import Interrupted, Interruption

#: A step that does not come back, in native code: as long as `sleep` of libc lasts, no Python handler runs.
BUSY = """
import ctypes, sys
from paddle_cv.training.interruption import Interruption
interruption = Interruption()
with interruption.watch():
    print("busy", flush=True)
    for _ in range(60):
        ctypes.CDLL(None).usleep(1_000_000)  # begun again when a signal has ended it
        if interruption.requested and sys.argv[1] == "polite":
            print("stopped", flush=True)
            break
"""


def start(root, manner):
    process = subprocess.Popen(
        [sys.executable, "-c", BUSY, manner],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert process.stdout.readline() == "busy\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_a_second_one_ends_at_once(root, number):
    process = start(root, "polite")
    process.send_signal(number)
    assert process.communicate(timeout=20)[0] == "stopped\n" and process.returncode == 0
    process = start(root, "deaf")
    process.send_signal(number)
    process.send_signal(number)  # together with the first one: from the terminal and a launcher
    time.sleep(1)
    assert process.poll() is None
    process.send_signal(number)
    process.wait(timeout=5)
    assert process.returncode == 128 + number


def test_handlers_and_wakeup_come_back():
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    interruption = Interruption()
    with interruption.watch():
        assert signal.getsignal(signal.SIGINT) is not handlers[0]
        interruption.check()
        signal.raise_signal(signal.SIGINT)
        deadline = time.monotonic() + 10
        while not interruption.requested and time.monotonic() < deadline:
            time.sleep(0.01)
        with pytest.raises(Interrupted):
            interruption.check()
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers
    assert signal.set_wakeup_fd(-1) == -1


@pytest.fixture
def config(root, tmp_path):
    return load_config(
        "homework",
        [
            f"output={tmp_path / 'run'}",
            "model={name: fsrcnn_x2, compile: false}",
            "data={patch_size: 12, batch_size: 2, rescale: [1.0]}",
            "optimizer.name=adam",
            "steps=4",
            "validation.every=2",
            "save_every=1",
        ],
    )


def test_an_interrupted_validation_is_made_again_when_the_run_goes_on(config, tmp_path):
    config.output = str(tmp_path / "whole")
    Trainer(config, progress=False).train()
    config.output = str(tmp_path / "run")
    trainer = Trainer(config, progress=False)
    validate, measured = trainer.task.validate, []

    def interrupted(compute, part, parts):
        measured.append(trainer.step)
        if measured.count(2) == 2:  # the second picture after the second step
            trainer.interruption.requested = True
        return validate(compute, part, parts)

    trainer.task.validate = interrupted
    with pytest.raises(KeyboardInterrupt):
        trainer.train()
    assert measured.count(2) == 2  # of three pictures: the last one was not measured any more
    assert [entry["step"] for entry in trainer.history] == [0]
    trainer = Trainer(config, progress=False)
    trainer.resume(load_checkpoint(tmp_path / "run" / "last.pdckpt"))
    trainer.train()
    whole, halves = (load_checkpoint(tmp_path / name / "last.pdckpt") for name in ("whole", "run"))
    assert [{**entry, "seconds": 0} for entry in halves["history"]] == [
        {**entry, "seconds": 0} for entry in whole["history"]
    ]
    assert halves["best"] == whole["best"]
