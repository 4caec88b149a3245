import os
import socket
import subprocess
import sys

import pytest

from paddle_cv.training.run_folder import clear, has_results, hold

HOLD = """
import sys, time
from pathlib import Path
from paddle_cv.training.run_folder import hold
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path, root):
    """Another process that holds the folder `run`."""
    environment = {**os.environ, "PYTHONPATH": str(root)}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "run")], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_a_folder_is_held_by_one_process(tmp_path, holder):
    with pytest.raises(BlockingIOError, match=f"process {holder.pid} on {socket.gethostname()}"):
        with hold(tmp_path / "run"):
            pass
    holder.kill()  # leaves the file, not the lock
    holder.wait()
    assert (tmp_path / "run" / ".lock").is_file()
    with hold(tmp_path / "run"), hold(tmp_path / "run"):
        assert (tmp_path / "run" / ".lock").read_text() == f"process {os.getpid()} on {socket.gethostname()}"
    assert not (tmp_path / "run" / ".lock").exists()


def test_a_folder_that_stays_empty_is_gone_again(tmp_path):
    with pytest.raises(ValueError), hold(tmp_path / "a" / "b"):
        raise ValueError
    assert not (tmp_path / "a").exists()
    (tmp_path / "a").mkdir()
    with hold(tmp_path / "a" / "b"):
        pass
    assert (tmp_path / "a").is_dir() and not (tmp_path / "a" / "b").exists()
    with hold(tmp_path / "a" / "b"):
        (tmp_path / "a" / "b" / "file").touch()
    assert (tmp_path / "a" / "b" / "file").is_file()


def test_what_dead_processes_have_left_is_removed(tmp_path):
    for name in (".123-0a1b2c3d.tmp.pdparams", "next.pdckpt", "last.pdckpt", ".hidden"):
        (tmp_path / name).touch()
    with hold(tmp_path):
        assert {path.name for path in tmp_path.iterdir()} == {"last.pdckpt", ".hidden", ".lock"}


def test_clearing_leaves_what_is_no_run(tmp_path):
    (tmp_path / "visualdl").mkdir()
    for name in ("last.pdckpt", "previous.pdckpt", "best.pdparams", "metrics.json", "visualdl/log", "notes.txt"):
        (tmp_path / name).touch()
    assert has_results(tmp_path)
    clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"] and not has_results(tmp_path)
