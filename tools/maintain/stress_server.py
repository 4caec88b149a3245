"""A server of modules in a process of its own, requests to it, and pictures whose results are known."""

import base64
import contextlib
import http.client
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from hostile_requests import as_file
from PIL import Image

__all__ = ["HOST", "PATIENCE", "Example", "ask", "processor_seconds", "server", "status_mib"]

HOST = "127.0.0.1"
# A client gives up after so many seconds, and calls the request lost.
PATIENCE = 180


@contextlib.contextmanager
def server(names, *options, cores=None):
    """On these cores, or on all; gives port and process; ends it as an operator would, and wants it to end well."""
    command = [sys.executable, str(Path(__file__).parents[1] / "serve.py"), *names, "--port", "0", *map(str, options)]
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores or before)  # a process has those of the one that starts it
    try:
        process = subprocess.Popen([*command, "--log-level", "error"], stdout=subprocess.PIPE, text=True)
    finally:
        os.sched_setaffinity(0, before)
    try:
        address = re.search(rf"http://{HOST}:(\d+)", process.stdout.readline())
        if not address:
            raise SystemExit("the server does not start")
        port = int(address[1])
        while ask(port, "GET", "/ready")[0] != 200:
            time.sleep(0.2)
        yield port, process.pid
        process.send_signal(signal.SIGTERM)
        if process.wait(timeout=PATIENCE):
            raise SystemExit(f"the server ended with {process.returncode}")
    finally:
        process.kill()
        process.wait()


def ask(port, method, path, body=None):
    """Status, headers and content of the reply."""
    connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read()
    finally:
        connection.close()


class Example:
    """A picture, and what the predictor makes of it; random, grey or in colour, with alpha or without."""

    def __init__(self, name, predictor, seed):
        draw = np.random.default_rng(seed)
        self.path = f"/predict/{name}"
        width, height = draw.integers(24, 64, 2)
        mode = ("RGB", "L", "RGBA", "LA")[seed % 4]
        coarse = Image.fromarray(draw.integers(0, 256, (6, 6, len(mode)), np.uint8).squeeze(), mode)
        picture = coarse.resize((int(width), int(height)), Image.Resampling.BICUBIC)
        self.file = as_file(picture)
        body = {"images": [base64.b64encode(self.file).decode()]}
        if hasattr(predictor, "names"):
            body["top_k"] = len(predictor.names)
            self.expected = predictor.predict(picture, top_k=body["top_k"]).as_dict()
        else:
            self.expected = np.asarray(predictor.predict(picture)).astype(int)
        self.body = json.dumps(body).encode()

    def agrees(self, content):
        """Whether a reply is that for this picture; the order of floating-point sums may differ."""
        reply = json.loads(content)
        if reply["status"] != "000" or len(reply["results"]) != 1:
            return False
        [result] = reply["results"]
        if isinstance(self.expected, dict):
            return result.keys() == self.expected.keys() and all(
                abs(value - self.expected[label]) < 1e-4 for label, value in result.items()
            )
        pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(result["data"])))).astype(int)
        return pixels.shape == self.expected.shape and np.abs(pixels - self.expected).max() <= 1


def status_mib(pid, field):
    """Memory of a process as Linux has it."""
    return int(re.search(rf"{field}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def processor_seconds(pid):
    """What all threads of a process have used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
