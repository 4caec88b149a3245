"""Queues, time limits, and memory for bodies and replies."""

import asyncio
import contextlib
import select
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from paddle_cv.hub import base
from paddle_cv.hub.server.line import Line
from paddle_cv.hub.server.replies import Held
from paddle_cv.hub.serving import Stopped

from ..support import encoded
from .support import HOST, Reply, call, module, response_on, served, start_of_request, until

pytestmark = pytest.mark.hub


def test_beyond_the_queue_clients_are_told_to_come_again(echo):
    echo.open.clear()
    other = module("other")
    other.open.set()
    with served(echo, other, queue=2) as (port, *_), ThreadPoolExecutor(3) as pool:
        first = pool.submit(call, port, body={"images": ["0"]})
        assert echo.begun.acquire(timeout=60)
        waiting = [pool.submit(call, port, body={"images": [str(number)]}) for number in (1, 2)]
        assert until(lambda: call(port, "GET", "/ready").json["waiting"] == {"echo": 2, "other": 0})
        reply = call(port, body={"images": ["3"]})
        assert (reply.status, reply.json["status"]) == (503, "101") and int(reply.headers["Retry-After"]) >= 1
        assert call(port, path="/predict/other", body={"images": ["4"]}).json["results"] == ["4"]
        echo.open.set()
        results = [future.result(timeout=60).json["results"] for future in (first, *waiting)]
        assert results == [["0"], ["1"], ["2"]]
        assert call(port, body={"images": ["5"]}).json["results"] == ["5"]


def test_a_computation_that_takes_too_long_is_ended(echo):
    echo.open.clear()
    with served(echo, queue=1, timeout=0.5) as (port, *_):
        reply = call(port, body={"images": ["0"]})
        assert (reply.status, reply.json["status"]) == (504, "101") and "0.5 s" in reply.json["msg"]
        echo.compute = lambda self, proceed: None  # the module is free, though what it waited for did not happen
        assert until(lambda: call(port, body={"images": ["1"]}).json["results"] == ["1"])


def test_a_computation_that_nobody_waits_for_is_ended(echo):
    echo.open.clear()
    with served(echo) as (port, server, _):
        with socket.create_connection((HOST, port)) as connection:
            connection.sendall(start_of_request(2) + b"{}")
            assert echo.begun.acquire(timeout=60)
        assert until(lambda: not server._service.working)


def test_what_cannot_be_ended_keeps_its_place():
    deaf = module("echo", compute=lambda self, proceed: self.open.wait(60))
    with served(deaf, queue=1, timeout=0.5) as (port, *_):
        assert call(port, body={"images": ["0"]}).status == 504
        # The first one computes on. The next waits, is given up, and makes room for another.
        for _ in range(2):
            assert call(port, body={"images": ["1"]}).status == 504
        assert call(port, "GET", "/ready").json["waiting"] == {"echo": 0}
        deaf.open.set()
        assert until(lambda: call(port, body={"images": ["2"]}).json["results"] == ["2"])
    assert deaf.begun.acquire(timeout=1) and deaf.begun.acquire(timeout=1)
    assert not deaf.begun.acquire(blocking=False)  # those that were given up did not begin


def test_a_client_that_goes_leaves_the_queue(echo):
    echo.open.clear()
    with served(echo, queue=1) as (port, *_), ThreadPoolExecutor(1) as pool:
        first = pool.submit(call, port, body={"images": ["0"]})
        assert echo.begun.acquire(timeout=60)
        with socket.create_connection((HOST, port)) as connection:
            connection.sendall(start_of_request(2) + b"{}")
            assert until(lambda: call(port, "GET", "/ready").json["waiting"] == {"echo": 1})
        assert until(lambda: call(port, "GET", "/ready").json["waiting"] == {"echo": 0})
        echo.open.set()
        assert first.result(timeout=60).json["results"] == ["0"]
    assert not echo.begun.acquire(blocking=False)


def test_a_computation_may_take_longer_than_the_transfer(echo):
    echo.open.clear()
    with served(echo, transfer=0.5) as (port, *_), ThreadPoolExecutor(1) as pool:
        reply = pool.submit(call, port, body={"images": ["a"]})
        assert echo.begun.acquire(timeout=60)
        time.sleep(2.5)  # the server looks once a second
        echo.open.set()
        assert reply.result(timeout=60).json["results"] == ["a"]


@contextlib.contextmanager
def halves(port, *sizes):
    """Clients that send so many bytes of a body and no more."""
    with contextlib.ExitStack() as stack:
        connections = []
        for size in sizes:
            connections.append(stack.enter_context(socket.create_connection((HOST, port))))
            connections[-1].sendall(start_of_request(size + 1) + b" " * size)
        yield connections


def test_bodies_together_are_bounded(echo):
    with served(echo, body=100_000, bodies=200_000) as (port, server, _), halves(port, 90_000, 90_000) as slow:
        assert until(lambda: server._service._bodies.held == 180_000)
        # A smaller one takes the place of a larger one that is not whole ...
        assert call(port, body=b" " * 50_000).status == 400
        assert until(lambda: server._service._bodies.held == 90_000)
        first = next(connection for connection in slow if answered(connection))
        reply = Reply(response_on(first))
        assert reply.status == 503 and reply.headers["Retry-After"] and "large" in reply.json["msg"]
        # ... but none whose body has arrived.
        echo.open.clear()
        slow.append(socket.create_connection((HOST, port)))
        slow[-1].sendall(start_of_request(80_000) + b"{}" + b" " * 79_998)
        assert echo.begun.acquire(timeout=60)
        assert call(port, body=b" " * 95_000).status == 503
        echo.open.set()
        slow[-1].settimeout(60)
        assert Reply(response_on(slow.pop())).status == 200


def answered(connection):
    return bool(select.select([connection], [], [], 0)[0])


def test_large_bodies_leave_room_for_small_ones(echo):
    """Also where all the large ones are whole and wait for their turn."""
    echo.open.clear()
    size = 2 * 2**20
    with served(echo, body=size, bodies=2 * size) as (port, server, _), ThreadPoolExecutor(2) as pool:
        first = pool.submit(call, port, body=b"{}" + b" " * (size - 2))
        assert echo.begun.acquire(timeout=60)
        assert call(port, body=b"{}" + b" " * (size - 2)).status == 503
        small = pool.submit(call, port, body={"images": ["a" * (2**20 - 100)]})
        assert until(lambda: server._service._lines["echo"].waiting == 1)
        echo.open.set()
        assert first.result(timeout=60).status == small.result(timeout=60).status == 200


def test_replies_that_are_not_fetched_hold_back_the_next(echo):
    """Each is as large as a result may be: clients that let them lie must not fill the memory."""
    large = module("large", serve=lambda self, keys, proceed: self.begun.release() or "a" * 20 * 2**20)
    with served(large, transfer=5, replies=2**20) as (port, server, _), contextlib.ExitStack() as stack:
        for _ in range(3):
            connection = stack.enter_context(socket.create_connection((HOST, port)))
            connection.sendall(start_of_request(2, "/predict/large") + b"{}")
        assert large.begun.acquire(timeout=60)
        assert not large.begun.acquire(timeout=1)
        assert large.begun.acquire(timeout=60)  # when the first client is given up


def test_a_reply_is_counted_before_the_next_request_looks(echo):
    """A loop that is slow to hand over the first reply must not let the second begin meanwhile."""

    async def run():
        line = Line(echo, queue=4, held=Held(room=10))
        await line.load()
        jobs = [line.submit(bytearray(b'{"images": ["a"]}')) for _ in range(3)]
        first = await jobs[0].reply
        for _ in range(20):
            await asyncio.sleep(0.01)
        assert echo.begun.acquire(blocking=False) and not echo.begun.acquire(blocking=False)
        first.release()  # as after it is sent
        await jobs[1].reply
        assert not jobs[2].reply.done()
        line.give_up(jobs[1])  # whose client has gone before it could be sent
        await jobs[2].reply

    asyncio.run(run())


def test_the_reply_is_bounded_before_the_work(root, monkeypatch):
    from paddlehub.module.module import Module

    fsrcnn = Module.load(str(root / "hub_modules" / "fsrcnn_x2"))()
    monkeypatch.setattr(base, "MAX_RESULT_BYTES", 3 * 4 * 100)
    picture = encoded(Image.new("RGB", (10, 10)))
    assert len(fsrcnn.serve({"images": [picture]})) == 1
    monkeypatch.setattr(fsrcnn.predictor(), "restore", lambda *_, **__: pytest.fail("work was done"))
    with pytest.raises(ValueError, match="the results would take 2400 bytes, more than 1200"):
        fsrcnn.serve({"images": [picture] * 2})


@pytest.mark.parametrize("size", [(8, 8), (300, 300)], ids=["pictures", "windows"])
def test_it_stops_between_pictures_and_between_windows(root, size):
    from paddlehub.module.module import Module

    fsrcnn = Module.load(str(root / "hub_modules" / "fsrcnn_x2"))()
    fsrcnn.predictor().tile = 64
    calls = []

    def proceed():
        calls.append(0)
        if len(calls) == 12:
            raise Stopped

    with pytest.raises(Stopped):
        fsrcnn.serve({"images": [encoded(Image.new("L", size))] * (8 if size == (8, 8) else 1)}, proceed)
    assert len(calls) == 12


def test_small_requests_are_computed_together(echo):
    """Those that wait while the module computes; each gets its own reply."""
    echo.open.clear()
    sizes = []

    def together(self, requests, proceed):
        sizes.append(len(requests))
        return [echo.serve(self, keys, proceed) for keys in requests]

    both = module("both", serve_together=together, serving_together=3, open=echo.open, begun=echo.begun)
    with served(both) as (port, *_), ThreadPoolExecutor(6) as pool:

        def ask(number):
            return call(port, path="/predict/both", body={"images": [str(number)]})

        replies = [pool.submit(ask, 0)]
        assert echo.begun.acquire(timeout=60)
        for number in range(1, 6):
            replies.append(pool.submit(ask, number))
            assert until(lambda number=number: call(port, "GET", "/ready").json["waiting"] == {"both": number})
        echo.open.set()
        assert [reply.result(timeout=60).json["results"] for reply in replies] == [[str(n)] for n in range(6)]
    assert sizes == [1, 3, 2]


def test_a_bad_request_does_not_spoil_the_others(echo):
    echo.open.clear()
    both = module("both", serving_together=8, open=echo.open, begun=echo.begun)
    both.serve_together = lambda self, requests, proceed: [
        echo.serve(self, keys, proceed) if "images" in keys else ValueError("no images") for keys in requests
    ]
    with served(both) as (port, *_), ThreadPoolExecutor(5) as pool:
        first = pool.submit(call, port, path="/predict/both", body={"images": []})
        assert echo.begun.acquire(timeout=60)
        bodies = ['{"images": ["1"]}', "{", "{}", '{"images": ["2"]}']
        rest = []
        for number, body in enumerate(bodies, 1):
            rest.append(pool.submit(call, port, path="/predict/both", body=body))
            assert until(lambda number=number: call(port, "GET", "/ready").json["waiting"] == {"both": number})
        echo.open.set()
        assert first.result(timeout=60).status == 200
        answers = [reply.result(timeout=60) for reply in rest]
    assert [(reply.status, reply.json["status"]) for reply in answers] == [
        (200, "000"),
        (400, "101"),
        (200, "101"),
        (200, "000"),
    ]
    assert answers[0].json["results"] == ["1"] and answers[3].json["results"] == ["2"]
