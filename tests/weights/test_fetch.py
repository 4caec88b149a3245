"""Fetching published weights, from a server on this machine."""

import hashlib
import os
import socket
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import paddle_cv as pcv
from paddle_cv import downloads
from paddle_cv.models import PublishedWeights, registry
from paddle_cv.weights import FetchError, cached_path, fetch_weights, save_state

from ..file_server import CONTENT, FileServer

MD5 = hashlib.md5(CONTENT).hexdigest()


def published_by(server: FileServer, way: str = "good", md5: str = MD5) -> PublishedWeights:
    return PublishedWeights(f"{server.url}/{way}/net.pdparams?version=1", md5)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("PADDLE_CV_HOME", str(tmp_path))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(downloads, "_PAUSE", 0.01)
    return tmp_path


@pytest.fixture
def server(home):
    with FileServer() as server:
        yield server


def _files(home):
    """Parts of what broke lie hidden beside them."""
    return sorted(path.name for path in (home / "weights").iterdir() if not path.name.startswith("."))


def test_the_right_file_is_fetched_once(server, home):
    path = fetch_weights(published_by(server))
    assert path == home / "weights" / "net.pdparams" == cached_path(published_by(server))
    assert path.read_bytes() == CONTENT and _files(home) == ["net.pdparams"]
    assert fetch_weights(published_by(server)) == path and server.count == 1


@pytest.mark.parametrize(
    "way, message",
    [
        ("truncated", "299000 of 300000 bytes"),
        ("gone", "cannot fetch"),
        ("missing", "404"),
        ("wrong", "not the published file"),
        ("silent", "timed out"),
    ],
)
def test_what_is_broken_never_stays(server, home, way, message):
    published = published_by(server, way, "0" * 32 if way == "wrong" else MD5)
    with pytest.raises(FetchError, match=message) as caught:
        fetch_weights(published, timeout=0.3 if way == "silent" else 30)
    text = str(caught.value)
    assert published.url in text and str(home / "weights" / "net.pdparams") in text and "weights=<path>" in text
    assert _files(home) == []
    assert fetch_weights(published_by(server)).read_bytes() == CONTENT  # and the next attempt succeeds


def _refused() -> PublishedWeights:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return PublishedWeights(f"http://127.0.0.1:{port}/net.pdparams", MD5)


def test_offline_and_files_put_there_by_hand(home):
    published = _refused()
    with pytest.raises(FileNotFoundError, match=f"(?s)refused.*{MD5}.*weights=<path>"):
        fetch_weights(published)
    path = cached_path(published)
    path.write_bytes(CONTENT[1:])
    with pytest.raises(FetchError, match=f"lies there now.*{hashlib.md5(CONTENT[1:]).hexdigest()}"):
        fetch_weights(published)
    path.write_bytes(CONTENT)
    assert fetch_weights(published) == path


def test_a_wrong_file_is_replaced(server, home):
    path = cached_path(published_by(server))
    path.parent.mkdir()
    path.write_bytes(b"something else")
    assert fetch_weights(published_by(server)).read_bytes() == CONTENT and _files(home) == ["net.pdparams"]


def test_a_cache_that_cannot_be_written(server, home, monkeypatch):
    (home / "file").touch()
    monkeypatch.setenv("PADDLE_CV_HOME", str(home / "file"))
    with pytest.raises(FetchError, match="weights=<path>"):
        fetch_weights(published_by(server))


def test_two_processes_at_once(server, home, root):
    code = (
        "import sys; from paddle_cv.models import PublishedWeights; from paddle_cv.weights import fetch_weights\n"
        "import hashlib; path = fetch_weights(PublishedWeights(*sys.argv[1:]))\n"
        "assert hashlib.md5(path.read_bytes()).hexdigest() == sys.argv[2]"
    )
    published = published_by(server, "together")
    command = [sys.executable, "-c", code, published.url, published.md5]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    processes = [subprocess.Popen(command, env=environment) for _ in range(2)]
    assert [process.wait(timeout=120) for process in processes] == [0, 0]
    assert server.count == 2
    assert _files(home) == ["net.pdparams"]


def test_published_weights_are_pretrained_weights(server, home, monkeypatch, tmp_path):
    network = pcv.create_model("lenet")
    save_state(network.state_dict(), tmp_path / "source.pdparams")
    server.content["net.pdparams"] = (tmp_path / "source.pdparams").read_bytes()
    published = published_by(server, md5=hashlib.md5(server.content["net.pdparams"]).hexdigest())
    monkeypatch.setitem(
        registry._SPECS, "lenet", replace(pcv.model_spec("lenet"), hub_module=None, published=published)
    )
    assert "lenet" in pcv.list_models(pretrained=True)
    for loaded in (pcv.create_model("lenet", pretrained=True), pcv.load_network("lenet")[0]):
        assert np.array_equal(loaded.fc3.weight.numpy(), network.fc3.weight.numpy())
    assert server.count == 1


def test_no_two_published_files_have_one_name():
    published = [spec.published for spec in registry._SPECS.values() if spec.published]
    assert len({cached_path(weights) for weights in published}) == len({weights.url for weights in published})
