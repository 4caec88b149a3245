#!/usr/bin/env python
"""Starts tools/serve.py on 127.0.0.1 and puts it under load.

    python tools/maintain/stress.py clients rdn_x4 lenet_mnist    # many clients at once: is any reply lost, or somebody else's?
    python tools/maintain/stress.py hostile rdn_x4                # broken, huge, slow and wrong requests: is all well after them?

Every picture of `clients` has its own result, which the module's predictor gives before. `hostile` draws its requests from a seed,
says how each kind was answered, and what memory the server has before and after. The exit code is 1 where a reply was lost, wrong
or of a kind that it should not be, or where a good request at the end does not succeed.
"""

import argparse
import base64
import contextlib
import http.client
import io
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ.setdefault("GLOG_minloglevel", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np  # noqa: E402
from hostile_requests import as_file, hostile_kinds, large_request  # noqa: E402
from PIL import Image  # noqa: E402
from tqdm import tqdm  # noqa: E402

from paddle_cv.hub.server import installed_module  # noqa: E402

HOST = "127.0.0.1"
# Of `hostile`'s server, so that two thousand requests take minutes.
BODY_MIB, TRANSFER = 1, 2
# A client gives up after so many seconds, and calls the request lost.
PATIENCE = 180
# How every request may be answered that reaches the queue.
OVERLOAD = "503/101"


@contextlib.contextmanager
def server(names, *options):
    """Gives port and process; ends it as an operator would, and wants it to end well."""
    command = [sys.executable, str(Path(__file__).parents[1] / "serve.py"), *names, "--port", "0", *map(str, options)]
    process = subprocess.Popen([*command, "--log-level", "error"], stdout=subprocess.PIPE, text=True)
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


def clients(arguments):
    """Each client sends its picture again and again, to one module after the other."""
    predictors = {name: installed_module(name)().predictor() for name in arguments.names}
    examples = [
        [Example(name, predictor, seed) for name, predictor in predictors.items()] for seed in range(arguments.clients)
    ]
    for column in zip(*examples):  # else a reply to somebody else would not be seen
        assert not any(np.array_equal(a.expected, b.expected) for a in column for b in column if a is not b)
    counts, seconds, lock = Counter(), [], threading.Lock()

    def client(number, port, until):
        connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
        turn = number
        while time.monotonic() < until:
            example = examples[number][turn % len(predictors)]
            started = time.monotonic()
            try:
                connection.request("POST", example.path, example.body, {"Content-Type": "application/json"})
                reply = connection.getresponse()
                content = reply.read()
            except (OSError, http.client.HTTPException) as error:
                print(f"client {number}: {error!r}", file=sys.stderr)
                outcome = "lost"
                connection.close()
            else:
                if reply.status == 503:
                    outcome = "told to come again"
                    connection.close()  # the server does not keep it for so long
                    time.sleep(min(float(reply.headers["Retry-After"]), max(until - time.monotonic(), 0)))
                else:
                    outcome = "right" if reply.status == 200 and example.agrees(content) else "wrong"
                    turn += 1
            with lock:
                counts[outcome] += 1
                if outcome == "right":
                    seconds.append(time.monotonic() - started)

    with (
        server(arguments.names, "--queue", arguments.queue) as (port, pid),
        ThreadPoolExecutor(arguments.clients) as pool,
    ):
        until = time.monotonic() + arguments.seconds
        list(pool.map(lambda number: client(number, port, until), range(arguments.clients)))
        memory = status_mib(pid, "VmHWM")
    print(
        f"{arguments.clients} clients, {arguments.seconds:g} s, {' and '.join(arguments.names)}: {sum(counts.values())} requests, "
        f"{counts['right']} answered, {counts['told to come again']} told to come again (503), "
        f"{counts['lost']} lost, {counts['wrong']} wrong or mixed up"
    )
    if seconds:
        half, most, nearly, longest = np.percentile(seconds, [50, 95, 99, 100])
        print(f"seconds for an answer: {half:.2f} median, {most:.2f} 95 %, {nearly:.2f} 99 %, {longest:.2f} longest")
    print(f"the server's peak memory: {memory:.0f} MiB")
    return 1 if counts["lost"] or counts["wrong"] or not seconds else 0


def hostile(arguments):
    """Draws kinds of requests, sends them from many threads, and counts how each kind was answered."""
    name = arguments.name
    example = Example(name, installed_module(name)().predictor(), seed=0)
    kinds = hostile_kinds(example.path, example.file, BODY_MIB, TRANSFER)
    draw = random.Random(arguments.seed)
    drawn = [(draw.choice(list(kinds)), draw.getrandbits(64)) for _ in range(arguments.requests)]
    answers = {kind: Counter() for kind in kinds}
    options = ("--queue", arguments.queue, "--max-body", BODY_MIB, "--transfer-timeout", TRANSFER)
    with server([name], *options) as (port, pid), ThreadPoolExecutor(arguments.threads) as pool:
        for body in [example.body, large_request()] * 10:  # what a server takes when it works
            ask(port, "POST", example.path, body)
        before = status_mib(pid, "VmRSS")
        started = time.monotonic()
        for kind, answer in tqdm(
            pool.map(lambda one: (one[0], exchange(port, kinds[one[0]], random.Random(one[1]))), drawn),
            total=len(drawn),
            unit="request",
            disable=None,
        ):
            answers[kind][answer] += 1
        seconds = time.monotonic() - started
        good = ask(port, "POST", example.path, example.body)
        time.sleep(TRANSFER + 2)  # until the last connections are closed
        after, peak = status_mib(pid, "VmRSS"), status_mib(pid, "VmHWM")
    bad = 0
    for kind, counts in sorted(answers.items()):
        surprises = [answer for answer in counts if answer not in (*kinds[kind].answers, OVERLOAD)]
        bad += sum(counts[answer] for answer in surprises)
        told = ", ".join(f"{count} x {answer}" for answer, count in sorted(counts.items()))
        print(f"{kind:<22}{told}{'   <- unexpected' if surprises else ''}")
    well = good[0] == 200 and example.agrees(good[2])
    print(f"{len(drawn)} requests in {seconds:.0f} s, {bad} answered as they should not be")
    print(f"a good request after them: {'answered, and right' if well else 'WRONG'}")
    print(f"the server's memory: {before:.0f} MiB before, {after:.0f} MiB after, {peak:.0f} MiB at most")
    return 0 if well and not bad else 1


def exchange(port, kind, draw):
    """Sends one request; gives HTTP status and PaddleHub's, or "closed", or "gone" where the client did not stay."""
    sent = kind.make(draw)
    with socket.create_connection((HOST, port), timeout=PATIENCE) as connection:
        try:
            if callable(sent):
                sent(connection)
            else:
                connection.sendall(sent)
        except OSError:
            pass  # the server closed it, perhaps after a reply
        if connection.fileno() < 0:
            return "gone"
        reply = http.client.HTTPResponse(connection)
        try:
            reply.begin()
            content = reply.read()
        except TimeoutError:
            return "no answer"
        except (OSError, http.client.HTTPException):
            return "closed"
        try:
            return f"{reply.status}/{json.loads(content)['status']}"
        except (ValueError, KeyError):
            return str(reply.status)


def status_mib(pid, field):
    """Memory of a process as Linux has it."""
    return int(re.search(rf"{field}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("clients", help="many clients at once")
    command.set_defaults(run=clients)
    command.add_argument("names", nargs="+", metavar="NAME", help="modules, to which the clients send in turn")
    command.add_argument("--clients", type=int, default=32, help="how many (%(default)s)")
    command.add_argument("--seconds", type=float, default=120, help="for how long (%(default)g)")
    command.add_argument("--queue", type=int, default=16, help="of the server (%(default)s)")
    command = commands.add_parser("hostile", help="requests that should not be")
    command.set_defaults(run=hostile)
    command.add_argument("name", metavar="NAME", help="a module")
    command.add_argument("--requests", type=int, default=2000, help="how many (%(default)s)")
    command.add_argument("--threads", type=int, default=32, help="at one time (%(default)s)")
    command.add_argument("--seed", type=int, default=0, help="of the drawing (%(default)s)")
    # Longer than there are threads, so that each request is looked at.
    command.add_argument("--queue", type=int, default=64, help="of the server (%(default)s)")
    arguments = parser.parse_args()
    return arguments.run(arguments)


if __name__ == "__main__":
    sys.exit(main())
