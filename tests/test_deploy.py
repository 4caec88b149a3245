"""The examples in deploy/ keep to what the server is, and to what their own checkers say where those are installed."""

import re
import shutil
import subprocess

import pytest

pytest.importorskip("paddlehub", reason="paddlehub is not installed (pip install .[hub])")
pytest.importorskip("uvicorn", reason="uvicorn and starlette are not installed (pip install .[serve])")

from paddle_cv.cli import serve  # noqa: E402


@pytest.fixture(scope="module")
def folder(root):
    return root / "deploy"


def options(text):
    return re.findall(r"--[a-z-]+", text)


def test_they_use_options_that_there_are(folder, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["paddle-cv serve", "--help"])
    with pytest.raises(SystemExit):
        serve.main()
    known = set(options(capsys.readouterr().out))
    service = re.search(r"^ExecStart=.*", (folder / "paddle-cv.service").read_text(), re.M)[0]
    entry = re.search(r"^ENTRYPOINT .*", (folder / "Dockerfile").read_text(), re.M)[0]
    used = options(service) + options(entry) + re.findall(r"\((--[a-z-]+)\)", (folder / "nginx.conf").read_text())
    assert len(used) >= 6 and set(used) <= known


def test_the_names_of_the_server_agree(folder):
    name = re.search(r"server_name (\S+);", (folder / "nginx.conf").read_text())[1]
    assert f"--allow-host {name}" in (folder / "paddle-cv.service").read_text()


def test_systemd(folder, tmp_path):
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    text = (folder / "paddle-cv.service").read_text().replace("/opt/paddle-cv/bin/paddle-cv", "/bin/true")
    (tmp_path / "paddle-cv.service").write_text(text)
    done = subprocess.run([analyze, "verify", tmp_path / "paddle-cv.service"], capture_output=True, text=True)
    assert done.returncode == 0 and "paddle-cv.service" not in done.stderr, done.stderr


@pytest.mark.parametrize("command, file", [(["hadolint"], "Dockerfile"), (["gixy"], "nginx.conf")])
def test_checkers(folder, command, file):
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run([*command, folder / file], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
