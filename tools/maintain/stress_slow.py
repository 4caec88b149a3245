"""Clients that are slow, or that cut their bodies into crumbs, and how a good client fares beside them."""

import random
import selectors
import socket
import sys
import threading
import time
from collections import Counter

import numpy as np
from hostile_requests import large_request, request
from stress_server import HOST, Example, ask, processor_seconds, server

from paddle_cv.hub.server import installed_module

__all__ = ["chunks", "slow"]

# Of the server, so that slow clients are cut off within a test.
TRANSFER = 5


class Watch:
    """A good client: asks for /health again and again, and sends pictures between."""

    def __init__(self, port, example):
        self.port, self.example = port, example
        self.health, self.answers, self.right = [], [], True
        self._until = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._until.set()
        self._thread.join()

    def _work(self):
        turn = 0
        while not self._until.wait(0.05):
            turn += 1
            started = time.monotonic()
            try:
                if turn % 5:
                    well = ask(self.port, "GET", "/health")[0] == 200
                else:
                    status, _, content = ask(self.port, "POST", self.example.path, self.example.body)
                    well = status == 200 and self.example.agrees(content)
            except OSError as error:
                print(f"the good client, after {time.monotonic() - started:.2f} s: {error!r}", file=sys.stderr)
                well = False
            self.right &= well
            (self.health if turn % 5 else self.answers).append(time.monotonic() - started)

    def report(self):
        for name, seconds in (("/health", self.health), ("pictures", self.answers)):
            half, nearly, longest = np.percentile(seconds, [50, 99, 100])
            print(
                f"a good client beside them, {name}: {len(seconds)} answers, "
                f"{half:.3f} s median, {nearly:.3f} s 99 %, {longest:.3f} s longest"
            )
        print("all of them right" if self.right else "SOME WRONG OR REFUSED")


def slow(arguments):
    """Headers and bodies byte by byte, replies that are not fetched, and silence; those that are closed come again."""
    name = arguments.name
    example = Example(name, installed_module(name)().predictor(), seed=0)
    draw, ended = random.Random(0), Counter()
    good, large = request(example.path, example.body), request(example.path, large_request())
    selector, talks = selectors.DefaultSelector(), {}

    def come(kind):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((HOST, port))
        first = {"header": 0, "body": len(good) - 300, "silence": 0, "reply": len(large)}[kind]
        connection.setblocking(False)
        try:
            connection.send(large if kind == "reply" else good[:first])
        except OSError:
            pass
        talks[connection] = [kind, first]
        if kind != "reply":
            selector.register(connection, selectors.EVENT_READ)

    def go(connection):
        kind, _ = talks.pop(connection)
        if kind != "reply":
            selector.unregister(connection)
        connection.close()
        ended[kind] += 1
        come(kind)

    with server([name], "--transfer-timeout", TRANSFER) as (port, pid):
        for number in range(arguments.clients):
            # Few replies: their requests take the module's time.
            come("reply" if number % 60 == 59 else ("header", "body", "silence")[number % 3])
        with Watch(port, example) as watch:
            until = time.monotonic() + arguments.seconds
            while time.monotonic() < until:
                for key, _ in selector.select(timeout=0.1):
                    connection = key.fileobj
                    if ends(connection, lambda c: c.recv(4096)):
                        go(connection)
                for connection in draw.sample(list(talks), len(talks) // 5):
                    kind, sent = talks[connection]
                    if kind == "reply" and ends(connection, lambda c: c.recv(1)):
                        go(connection)
                    elif kind in ("header", "body"):
                        if ends(connection, lambda c, sent=sent: c.send(good[sent : sent + 1])):
                            go(connection)
                        else:
                            talks[connection][1] += 1
        for connection in talks:
            connection.close()
    told = ", ".join(f"{count} x {kind}" for kind, count in sorted(ended.items()))
    print(f"{arguments.clients} slow clients at a time, {arguments.seconds:g} s; cut off: {told}")
    watch.report()
    return 0 if watch.right else 1


def ends(connection, step):
    """Whether the other side has closed a connection, which a step of reading or writing tells."""
    try:
        return not step(connection)
    except BlockingIOError:
        return False
    except OSError:
        return True


def chunks(arguments):
    """Bodies in chunks of one byte; each client comes again when it is cut off."""
    name = arguments.name
    example = Example(name, installed_module(name)().predictor(), seed=0)
    head = request(example.path, b"", Content_Length=None, Transfer_Encoding="chunked")
    crumbs = b"1\r\na\r\n" * 2**16
    sent, answers, lock = 0, Counter(), threading.Lock()

    def client(port, until):
        nonlocal sent
        while time.monotonic() < until:
            count, answer = 0, "closed"
            try:
                with socket.create_connection((HOST, port), timeout=30) as connection:
                    connection.sendall(head)
                    while time.monotonic() < until and count < 2**22:
                        connection.sendall(crumbs)
                        count += len(crumbs)
                    connection.shutdown(socket.SHUT_WR)
                    answer = connection.recv(4096).split(b" ")[1].decode()
            except (OSError, IndexError):
                pass
            with lock:
                sent, answers[answer] = sent + count, answers[answer] + 1

    with server([name]) as (port, pid):
        before = processor_seconds(pid)
        until = time.monotonic() + arguments.seconds
        threads = [threading.Thread(target=client, args=(port, until)) for _ in range(arguments.clients)]
        with Watch(port, example) as watch:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        used = processor_seconds(pid) - before
    told = ", ".join(f"{count} x {answer}" for answer, count in sorted(answers.items()))
    print(f"{arguments.clients} clients, {arguments.seconds:g} s, {sent / 2**20:.0f} MiB in chunks of one byte: {told}")
    print(f"the server's processor time: {used:.1f} s, the good client's pictures included")
    watch.report()
    return 0 if watch.right else 1
