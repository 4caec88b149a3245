"""Requests that should not be, each kind with its answer."""

import http.client
import json
import random
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from hostile_requests import hostile_kinds, large_request
from stress_server import HOST, PATIENCE, Example, ask, server, status_mib
from tqdm import tqdm

from paddle_cv.hub.server import installed_module

__all__ = ["hostile"]

# Of the server, so that two thousand requests take minutes.
BODY_MIB, TRANSFER = 1, 2
# How every request may be answered that reaches the queue.
OVERLOAD = "503/101"


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
