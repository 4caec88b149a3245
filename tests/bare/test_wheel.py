"""The wheel: what is in it, what it says of itself, which Paddle it asks for, and that each Python runs it."""

import email
import json
import re
import subprocess
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.bare

#: Interpreters that stand beside this one, as pyenv and Linux distributions have them.
_PLACES = (Path.home() / ".pyenv" / "versions", Path("/usr/bin"), Path("/usr/local/bin"))


def interpreter(release: str) -> str:
    for place in _PLACES:
        for path in [*sorted(place.glob(f"{release}.*/bin/python")), place / f"python{release}"]:
            if path.is_file():
                return str(path)
    pytest.skip(f"no Python {release} on this machine")


def metadata(wheel: Path) -> email.message.Message:
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return email.message_from_bytes(archive.read(name))


def test_what_is_in_it(wheel, root):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert "paddle_cv/py.typed" in names and "paddle_cv/data/imagenet_classes.txt" in names
    for folder in ("configs", "hub_modules"):
        files = [path.relative_to(root).as_posix() for path in (root / folder).rglob("*") if path.is_file()]
        files = [path for path in files if "__pycache__" not in path]
        assert {f"paddle_cv/{path}" for path in files} <= names
    assert not [name for name in names if name.startswith(("tests/", "tools/", "docs/"))]


def test_what_it_says(wheel):
    said = metadata(wheel)
    assert (
        said["Name"] == "paddle-cv"
        and said["Requires-Python"] == ">=3.10"
        and said["License-Expression"] == "Apache-2.0"
    )
    assert "Typing :: Typed" in said.get_all("Classifier")
    assert "Homepage, https://example.org/group/paddle_cv" in said.get_all("Project-URL")
    links = re.findall(r"\]\(([^)\s]+)\)", said.get_payload())
    assert links and all(re.match(r"https?://|#", link) for link in links)
    assert "https://example.org/group/paddle_cv/raw/main/" in said.get_payload()  # pictures


def stub(folder: Path, name: str, version: str) -> Path:
    """A distribution of this name with nothing but an empty package paddle."""
    wheel = folder / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("paddle/__init__.py", "")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return wheel


def test_no_paddle_for_cpus_over_another_build(environment, source, tmp_path):
    bare = environment()
    assert "paddlepaddle" in would_install(bare, source, ".")
    bare.install("--no-deps", stub(tmp_path, "paddlepaddle-gpu", "3.3.1"))
    wanted = would_install(bare, source, ".[hub,train,onnx,demo,serve,video]")
    assert {"numpy", "paddlehub", "gradio"} <= wanted and not [n for n in wanted if n.startswith("paddlepaddle")]


def would_install(bare, root, what) -> set[str]:
    command = [str(bare.bin / "python"), "-m", "pip", "install", "--dry-run", "--quiet", "--report", "-", what]
    done = subprocess.run(command, cwd=root, env=bare.variables, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return {entry["metadata"]["name"].lower() for entry in json.loads(done.stdout)["install"]}


def test_without_paddle_and_with_two(environment, wheel, tmp_path):
    bare = environment()
    bare.install("--no-deps", wheel)
    _, errors = bare("python", "-c", "import paddle_cv", code=1)
    assert "paddlepaddle>=3.3" in errors.splitlines()[-1] and "paddlepaddle-gpu" in errors.splitlines()[-1]
    bare.install("--no-deps", stub(tmp_path, "paddlepaddle-gpu", "3.3.1"))
    assert bare("python", "-c", "import paddle_cv") == ("", "")
    bare.install("--no-deps", stub(tmp_path, "paddlepaddle", "3.3.1"))
    _, errors = bare("python", "-c", "import paddle_cv")
    assert "RuntimeWarning: paddlepaddle and paddlepaddle-gpu are both installed" in errors
    bare("python", "-m", "pip", "uninstall", "-y", "-q", "paddlepaddle-gpu")
    bare.install("--no-deps", "--force-reinstall", stub(tmp_path, "paddlepaddle", "2.6.2"))
    assert "tested with Paddle 3.3; this is paddlepaddle 2.6.2" in bare("python", "-c", "import paddle_cv")[1]


@pytest.mark.parametrize("release", ["3.10", "3.12", "3.13"])
def test_each_python(environment, wheel, release):
    bare = environment(wheel, interpreter=interpreter(release))
    assert bare("python", "--version")[0].startswith(f"Python {release}.")
    output, errors = bare("paddle-cv", "predict", "rdn_x4", "photo.png", "-o", "results")
    assert "1 of 1 pictures" in output and errors == ""
    assert bare("python", "-c", "from paddle_cv import private; print(private.missing())") == ("[]\n", "")


def test_an_sdist_gives_the_same_wheel(environment, source, tmp_path, wheel):
    bare = environment("build")
    bare("python", "-m", "build", "--sdist", "--outdir", tmp_path / "sdist", source)
    [sdist] = (tmp_path / "sdist").glob("*.tar.gz")
    bare("python", "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", tmp_path / "again", sdist)
    [again] = (tmp_path / "again").glob("*.whl")
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as other:
        assert set(one.namelist()) == set(other.namelist())
