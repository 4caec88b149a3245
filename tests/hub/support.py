"""The real `hub` program, without a network."""

import base64
import contextlib
import io
import os
import signal
import socket
import subprocess
import sys
import time
import zlib
from pathlib import Path

from PIL import Image

HUB = Path(sys.executable).with_name("hub")
# A proxy that does not exist cuts every way out, but not the one to this machine.
NO_NETWORK = {key: "http://127.0.0.1:9" for key in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")}
NO_NETWORK.update(no_proxy="127.0.0.1,localhost", NO_PROXY="127.0.0.1,localhost")


class Runner:
    """Runs programs in a working directory, and with a HUB_HOME, of their own."""

    def __init__(self, folder, root):
        self.folder = folder / "work"
        self.folder.mkdir()
        self.environment = {**os.environ, **NO_NETWORK, "HUB_HOME": str(folder / "home"), "PYTHONPATH": str(root)}

    def __call__(self, *command, code=0):
        done = subprocess.run(
            [str(part) for part in command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert code is None or done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def serving(home, *arguments):
    """`hub serving start -m` in a process of its own; gives its port, and stops it in the end."""
    port = free_port()
    command = [str(HUB), "serving", "start", "-m", *arguments, "-p", str(port)]
    with open(home.folder / f"serving_{port}.log", "w") as log:
        server = subprocess.Popen(
            command, cwd=home.folder, env=home.environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        wait_for(port, server)
        yield port
        home(HUB, "serving", "stop", "-p", str(port), code=None)  # PaddleHub itself exits with 1 here
        assert server.wait(timeout=60) is not None
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)


def wait_for(port: int, server: subprocess.Popen) -> None:
    for _ in range(240):
        assert server.poll() is None, "the server has stopped"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.5)
    raise AssertionError("the server does not answer")


def png_bomb() -> bytes:
    """30,000 x 30,000 pixels in some hundred bytes: only the header is ever true."""
    buffer = io.BytesIO()
    Image.new("L", (1, 1)).save(buffer, "PNG")
    data = bytearray(buffer.getvalue())
    data[16:24] = (30000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    return bytes(data)


def encoded(picture: Image.Image, kind: str = "PNG", **options) -> str:
    """Base64 of a picture file."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return base64.b64encode(buffer.getvalue()).decode()
