"""The Makefile's environment, with an interpreter and a pip that only pretend."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.skipif(os.name == "nt" or not shutil.which("make"), reason="make is not here"),
    pytest.mark.skipif(not (3, 10) <= sys.version_info[:2] <= (3, 12), reason="PaddleHub needs Python 3.10 to 3.12"),
]


@pytest.fixture
def clone(tmp_path, root):
    """A folder with the Makefile, in which pip does nothing."""
    folder = tmp_path / "clone"
    folder.mkdir()
    shutil.copy(root / "Makefile", folder)
    (folder / "setup.py").touch()
    (folder / "pyproject.toml").touch()
    return folder


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def make(folder, *arguments, code=0):
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PYTHON"))
    }
    done = subprocess.run(
        ["make", *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_without_venv_no_broken_folder_stays(clone, tmp_path):
    # As on Debian without python3-venv: the folder is there, with an interpreter and no pip, and the exit code says so.
    half = program(
        tmp_path / "python3",
        f'case "$*" in *venv*) mkdir -p .venv/bin; ln -s {sys.executable} .venv/bin/python; exit 1;; esac\n'
        f'exec {sys.executable} "$@"',
    )
    for _ in range(2):
        assert "apt install python3-venv" in make(clone, "interpreter", f"PYTHON={half}", code=2)
        assert not (clone / ".venv").exists()


def test_a_half_made_environment_is_made_anew(clone):
    (clone / ".venv" / "bin").mkdir(parents=True)
    broken = program(clone / ".venv" / "bin" / "python", "exit 1")
    make(clone, "interpreter", f"PYTHON={sys.executable}")
    assert broken.resolve() != broken and subprocess.run([broken, "-m", "pip", "--version"]).returncode == 0


def test_another_interpreter_is_respected(clone):
    make(clone, "interpreter", f"PYTHON={sys.executable}")
    stamp = clone / ".venv" / "of_the_first"
    stamp.touch()
    assert "made anew" not in make(clone, "interpreter", f"PYTHON={sys.executable}") and stamp.exists()
    config = clone / ".venv" / "bin" / "python"
    config.unlink()
    # An environment of another release.
    program(config, f'case "$*" in *version.split*) echo /usr 3.9.1;; *) exec {sys.executable} "$@";; esac')
    assert "made anew" in make(clone, "interpreter", f"PYTHON={sys.executable}") and not stamp.exists()


def test_an_interpreter_that_does_not_go(clone, tmp_path):
    old = program(tmp_path / "python3.9", 'case "$*" in --version) echo Python 3.9.18;; *) exit 1;; esac')
    output = make(clone, "interpreter", f"PYTHON={old}", code=2)
    assert "Python 3.10 to 3.12" in output and "Python 3.9.18" in output and not (clone / ".venv").exists()


def test_what_installing_does_and_how_to_go_on(clone):
    lines = make(clone, "-n", ".venv/.installed")
    assert lines.index('--upgrade "pip') < lines.index("-e ")
    assert "source .venv/bin/activate" in make(clone, "-n", "demo")
