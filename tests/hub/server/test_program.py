"""`paddle-cv serve` with the shipped modules, and tools/maintain/stress.py in short."""

import base64
import contextlib
import io
import json
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

import paddle_cv as pcv

pytest.importorskip("paddlehub", reason="paddlehub is not installed (pip install .[hub])")
pytest.importorskip("uvicorn", reason="uvicorn and starlette are not installed (pip install .[serve])")
import requests  # noqa: E402  (paddlehub brings it)
from paddlehub.module.manager import LocalModuleManager  # noqa: E402

from paddle_cv.cli import serve  # noqa: E402
from paddle_cv.hub.server import line  # noqa: E402

from ..support import Runner, wait_for  # noqa: E402

pytestmark = pytest.mark.hub


@pytest.fixture(scope="module")
def home(tmp_path_factory, root):
    run = Runner(tmp_path_factory.mktemp("serve"), root)
    run(sys.executable, "-m", "paddle_cv", "hub", "install", "rdn_x4", "lenet_mnist")
    other = run.folder.parent / "home" / "modules" / "other"
    other.mkdir()
    (other / "module.py").write_text(
        "from paddlehub.module.module import RunModule, moduleinfo\n"
        '@moduleinfo(name="other", version="1", type="CV", author="", author_email="", summary="")\n'
        "class Other(RunModule):\n    pass\n"
    )
    return run


@contextlib.contextmanager
def served(home, root, *arguments):
    command = [sys.executable, root / "tools" / "serve.py", *arguments, "--port", "0"]
    process = subprocess.Popen(command, cwd=home.folder, env=home.environment, stdout=subprocess.PIPE, text=True)
    try:
        port = int(re.search(r"http://127.0.0.1:(\d+)/predict/NAME", process.stdout.readline())[1])
        wait_for(port, process)
        with requests.Session() as session:
            session.trust_env = False
            while session.get(f"http://127.0.0.1:{port}/ready", timeout=60).status_code != 200:
                assert process.poll() is None
        yield port, process
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_modules_beside_each_other(home, root, photo, predictor):
    (home.folder / "token.txt").write_text("0123456789abcdef\n")
    digits = pcv.load("lenet", root / "hub_modules" / "lenet_mnist" / "lenet.pdparams")
    pictures = [Image.fromarray(photo[30 * n :][:30, :40]) for n in range(4)]
    pictures[1].putalpha(Image.fromarray(photo[:30, :40, 1]))
    pictures[2] = pictures[2].convert("L")

    with served(home, root, "rdn_x4", "lenet_mnist", "--token-file", "token.txt") as (port, process):

        def post(name, picture, token="0123456789abcdef", **keys):
            buffer = io.BytesIO()
            picture.save(buffer, "PNG")
            data = {"images": [base64.b64encode(buffer.getvalue()).decode()], **keys}
            # As PaddleHub's examples have it.
            headers = {"Content-type": "application/json", "Authorization": f"Bearer {token}"}
            url = f"http://127.0.0.1:{port}/predict/{name}"
            reply = requests.post(url=url, headers=headers, data=json.dumps(data), proxies={"http": ""}, timeout=120)
            return reply.json()

        with ThreadPoolExecutor(8) as pool:
            large = list(pool.map(lambda picture: post("rdn_x4", picture), pictures * 2))
            named = list(pool.map(lambda picture: post("lenet_mnist", picture, top_k=10), pictures * 2))
        for picture, reply in zip(pictures * 2, large):
            assert reply["status"] == "000", reply
            result = Image.open(io.BytesIO(base64.b64decode(reply["results"][0]["data"])))
            expected = predictor.predict(picture)
            assert result.format == "PNG" and result.mode == expected.mode
            assert np.abs(np.asarray(result).astype(int) - np.asarray(expected)).max() <= 1
        for picture, reply in zip(pictures * 2, named):
            assert reply["results"][0] == pytest.approx(digits.predict(picture, top_k=10).as_dict(), abs=1e-4)
        assert "Bearer" in post("rdn_x4", pictures[0], token="another")["msg"]
        reply = post("lenet_mnist", pictures[0], use_gpu=True)
        assert reply["status"] == "101" and "unknown keys 'use_gpu'" in reply["msg"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["nothing"], "no module nothing is installed"),
        (["other"], "other is not a module of this project"),
        (["rdn_x4", "--port", "TAKEN"], "in use"),
        (["rdn_x4", "--port", "99999"], "0-65535"),
        (["rdn_x4", "--token-file", "short.txt"], "16 or more"),
        (["rdn_x4", "--token-file", "none.txt"], "none.txt"),
        (["rdn_x4", "--timeout", "0"], "not a positive number"),
        (["rdn_x4", "--max-body", "nan"], "not a positive number"),
        (["rdn_x4", "--queue", "1.5"], "not a whole number"),
    ],
)
def test_wrong_arguments(home, monkeypatch, capsys, arguments, message):
    modules = LocalModuleManager(str(home.folder.parent / "home" / "modules"))
    monkeypatch.setattr(line, "LocalModuleManager", lambda: modules)
    monkeypatch.chdir(home.folder)
    (home.folder / "short.txt").write_text("short")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        arguments = [argument.replace("TAKEN", str(taken.getsockname()[1])) for argument in arguments]
        monkeypatch.setattr(sys, "argv", ["serve.py", *arguments])
        with pytest.raises(SystemExit) as end:
            serve.main()
    assert end.value.code == 2 and message in capsys.readouterr().err


def test_what_is_not_of_this_project_is_not_imported(tmp_path, monkeypatch):
    folder = tmp_path / "modules" / "foreign"
    folder.mkdir(parents=True)
    source = "import pathlib; pathlib.Path(__file__).with_name('imported').touch()\n"
    (folder / "module.py").write_text(f"from paddlehub.module.module import moduleinfo\n{source}")
    modules = LocalModuleManager(str(folder.parent))
    monkeypatch.setattr(line, "LocalModuleManager", lambda: modules)
    for name, message in (
        ("foreign", "not a module of this project"),
        (str(folder), "not a module's name"),
        ("../modules/foreign", "not a module's name"),
    ):
        with pytest.raises(ValueError, match=message):
            line.installed_module(name)
    assert not (folder / "imported").exists()


@pytest.mark.slow
def test_weights_that_are_missing(home, root):
    weights = home.folder.parent / "home" / "modules" / "rdn_x4" / "rdn_lite_x4.pdparams"
    aside = weights.with_suffix(".aside")
    weights.rename(aside)
    weights.write_bytes(b"damaged")
    try:
        output = home(sys.executable, root / "tools" / "serve.py", "rdn_x4", "--port", "0", code=1)
        assert "error: " in output and "rdn_lite_x4.pdparams" in output
    finally:
        aside.replace(weights)


@pytest.mark.slow
def test_clients_in_short(home, root):
    output = home(
        sys.executable,
        root / "tools" / "maintain" / "stress.py",
        "clients",
        "lenet_mnist",
        "--clients",
        8,
        "--seconds",
        3,
    )
    assert "0 lost, 0 wrong or mixed up" in output and not re.search(r"\b0 answered", output)


@pytest.mark.slow
def test_hostile_requests_in_short(home, root):
    command = ("hostile", "lenet_mnist", "--requests", 150, "--seed", 1)
    output = home(sys.executable, root / "tools" / "maintain" / "stress.py", *command)
    assert "150 requests in" in output and "0 answered as they should not be" in output
    assert "a good request after them: answered, and right" in output
    before, after, _ = map(int, re.findall(r"(\d+) MiB", output))
    assert after < before + 100
