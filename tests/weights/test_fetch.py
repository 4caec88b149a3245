"""Fetching published weights, from a server on this machine."""

import hashlib
import os
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

import paddle_cv as pcv
from paddle_cv.models import PublishedWeights, registry
from paddle_cv.weights import FetchError, cached_path, fetch_weights, save_state

CONTENT = np.random.RandomState(0).bytes(300_000)
MD5 = hashlib.md5(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves `content`, in the way that the first part of the path says, and counts the requests."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.requests = CONTENT, 0
        self.barrier, self.release = threading.Barrier(2), threading.Event()

    def published(self, way: str = "good", md5: str = MD5) -> PublishedWeights:
        return PublishedWeights(f"http://127.0.0.1:{self.server_port}/{way}/net.pdparams?version=1", md5)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests += 1
        way, content = self.path.split("/")[1], self.server.content
        if way == "together":
            self.server.barrier.wait(60)  # until the other process asks as well
        if way == "missing":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if way == "truncated":
            content = content[:-1000]
        if way == "gone":
            self.wfile.write(content[:100_000])
            self.wfile.flush()
            # With linger 0 closing resets the connection.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.connection.close()
            return
        if way == "silent":
            self.wfile.write(content[:1000])
            self.wfile.flush()
            self.server.release.wait(10)
            return
        self.wfile.write(content)

    def handle(self):
        try:
            super().handle()
        except OSError:
            pass

    def finish(self):
        try:
            super().finish()
        except (OSError, ValueError):
            pass

    def log_message(self, *args):
        pass


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("PADDLE_CV_HOME", str(tmp_path))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path


@pytest.fixture
def server(home):
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.release.set()
    server.shutdown()
    server.server_close()
    thread.join()


def _files(home):
    return sorted(path.name for path in (home / "weights").iterdir())


def test_the_right_file_is_fetched_once(server, home):
    path = fetch_weights(server.published())
    assert path == home / "weights" / "net.pdparams" == cached_path(server.published())
    assert path.read_bytes() == CONTENT and _files(home) == ["net.pdparams"]
    assert fetch_weights(server.published()) == path and server.requests == 1


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
    published = server.published(way, "0" * 32 if way == "wrong" else MD5)
    with pytest.raises(FetchError, match=message) as caught:
        fetch_weights(published, timeout=0.3 if way == "silent" else 30)
    text = str(caught.value)
    assert published.url in text and str(home / "weights" / "net.pdparams") in text and "weights=<path>" in text
    assert _files(home) == []
    assert fetch_weights(server.published()).read_bytes() == CONTENT  # and the next attempt succeeds


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
    path = cached_path(server.published())
    path.parent.mkdir()
    path.write_bytes(b"something else")
    assert fetch_weights(server.published()).read_bytes() == CONTENT and _files(home) == ["net.pdparams"]


def test_a_cache_that_cannot_be_written(server, home, monkeypatch):
    (home / "file").touch()
    monkeypatch.setenv("PADDLE_CV_HOME", str(home / "file"))
    with pytest.raises(FetchError, match="weights=<path>"):
        fetch_weights(server.published())


def test_two_processes_at_once(server, home, root):
    code = (
        "import sys; from paddle_cv.models import PublishedWeights; from paddle_cv.weights import fetch_weights\n"
        "import hashlib; path = fetch_weights(PublishedWeights(*sys.argv[1:]))\n"
        "assert hashlib.md5(path.read_bytes()).hexdigest() == sys.argv[2]"
    )
    published = server.published("together")
    command = [sys.executable, "-c", code, published.url, published.md5]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    processes = [subprocess.Popen(command, env=environment) for _ in range(2)]
    assert [process.wait(timeout=120) for process in processes] == [0, 0]
    assert server.requests == 2
    assert _files(home) == ["net.pdparams"]


def test_published_weights_are_pretrained_weights(server, home, monkeypatch, tmp_path):
    network = pcv.create_model("lenet")
    save_state(network.state_dict(), tmp_path / "source.pdparams")
    server.content = (tmp_path / "source.pdparams").read_bytes()
    published = server.published(md5=hashlib.md5(server.content).hexdigest())
    monkeypatch.setitem(
        registry._SPECS, "lenet", replace(pcv.model_spec("lenet"), hub_module=None, published=published)
    )
    assert "lenet" in pcv.list_models(pretrained=True)
    for loaded in (pcv.create_model("lenet", pretrained=True), pcv.load_network("lenet")[0]):
        assert np.array_equal(loaded.fc3.weight.numpy(), network.fc3.weight.numpy())
    assert server.requests == 1


def test_no_two_published_files_have_one_name():
    published = [spec.published for spec in registry._SPECS.values() if spec.published]
    assert len({cached_path(weights) for weights in published}) == len({weights.url for weights in published})
