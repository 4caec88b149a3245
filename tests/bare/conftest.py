"""Environments of their own, in which only that is installed which a line of the documents installs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

# Nothing of this project's data, caches and settings; pip's own settings, which say where packages are, stay.
_HIDDEN = ("PADDLE_CV_", "PYTHON", "HUB_", "FLAGS_", "GLOG_", "OMP_", "VIRTUAL_ENV", "MAKE", "MFLAGS")


class Environment:
    """A virtual environment, and an empty folder in which its programs run."""

    def __init__(self, folder: Path, interpreter: str = sys.executable):
        self.folder, self.work = folder, folder / "work"
        self.work.mkdir(parents=True)
        subprocess.run([interpreter, "-m", "venv", str(folder / "venv")], check=True, timeout=300)
        self.bin = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_HIDDEN)}
        self.variables = {
            **kept,
            "PATH": f"{self.bin}{os.pathsep}{kept['PATH']}",
            "HOME": str(folder / "home"),
            # pip's cache stays where it is, though HOME is another.
            "PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR", str(Path.home() / ".cache" / "pip")),
            "PIP_CONFIG_FILE": os.environ.get("PIP_CONFIG_FILE", _pip_config()),
        }
        (folder / "home").mkdir()
        self("python", "-m", "pip", "install", "--quiet", "--upgrade", "pip>=25")

    def __call__(self, *command, code: int = 0) -> tuple[str, str]:
        program = shutil.which(str(command[0]), path=str(self.bin)) or str(command[0])
        done = subprocess.run(
            [program, *map(str, command[1:])],
            cwd=self.work,
            env=self.variables,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=1800,
        )
        assert done.returncode == code, done.stdout[-3000:] + done.stderr[-6000:]
        return done.stdout, done.stderr

    def install(self, *requirements) -> None:
        self("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements)

    def packages(self) -> set[str]:
        listed = self("python", "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check")[0]
        return {line.partition("==")[0].lower() for line in listed.splitlines()}


def _pip_config() -> str:
    own = Path.home() / ".config" / "pip" / "pip.conf"
    return str(own) if own.is_file() else os.devnull


@pytest.fixture(scope="session")
def source(tmp_path_factory, root) -> Path:
    """A copy of the tracked files: what a clone has."""
    folder = tmp_path_factory.mktemp("source")
    names = (
        subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True).stdout.decode().split("\0")
    )
    for name in filter(None, names):
        if (root / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def wheel(tmp_path_factory, source) -> Path:
    """The distribution, built as a release would be."""
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(target), str(source)]
    environment = {**os.environ, "PADDLE_CV_URL": "https://example.org/group/paddle_cv"}
    subprocess.run(command, check=True, timeout=600, env=environment)
    [built] = target.glob("*.whl")
    return built


@pytest.fixture
def environment(tmp_path, photo):
    """Makes environments, and removes them afterwards: each takes a gigabyte or more."""
    made = []

    def make(*requirements, interpreter: str = sys.executable) -> Environment:
        new = Environment(tmp_path / f"environment_{len(made)}", interpreter)
        made.append(new)
        Image.fromarray(photo[100:164, 150:214]).save(new.work / "photo.png")
        (new.work / "photos").mkdir()
        for number in range(4):
            part = np.ascontiguousarray(photo[:, 90 * number : 90 * number + 180])
            Image.fromarray(part).save(new.work / "photos" / f"{number}.png")
        if requirements:
            new.install(*requirements)
        return new

    yield make
    for old in made:
        shutil.rmtree(old.folder, ignore_errors=True)
