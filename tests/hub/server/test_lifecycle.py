"""How the server starts and ends."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from .support import HOST, call, module, served, start_of_request, until

pytestmark = pytest.mark.hub


def test_it_is_ready_when_the_modules_are_loaded(echo):
    go = threading.Event()
    slow = module("slow", __init__=lambda self: go.wait(60) and None)
    slow.open.set()
    with served(echo, slow, wait=False) as (port, *_):
        assert until(lambda: call(port, "GET", "/health").status == 200)
        assert call(port, "GET", "/ready").status == 503
        reply = call(port, body={"images": []})
        assert reply.status == 503 and "being loaded" in reply.json["msg"] and reply.headers["Retry-After"]
        go.set()
        assert until(lambda: call(port, "GET", "/ready").status == 200)
        assert call(port, path="/predict/slow", body={"images": ["a"]}).json["results"] == ["a"]


def test_it_ends_where_a_module_cannot_be_loaded():
    def fail(self):
        raise FileNotFoundError("no weights")

    with served(module("bad", __init__=fail), wait=False) as (_, server, thread):
        thread.join(timeout=60)
        assert not thread.is_alive() and str(server._service.failure) == "no weights"


def test_it_finishes_what_is_under_way(echo):
    echo.open.clear()
    with served(echo) as (port, server, thread), ThreadPoolExecutor(2) as pool:
        replies = [pool.submit(call, port, body={"images": ["0"]})]
        assert echo.begun.acquire(timeout=60)
        replies.append(pool.submit(call, port, body={"images": ["1"]}))
        assert until(lambda: call(port, "GET", "/ready").json["waiting"] == {"echo": 1})
        server.handle_exit(15, None)
        ready = call(port, "GET", "/ready")
        assert ready.status == 503 and ready.json["ready"] is False
        reply = call(port, body={"images": ["2"]})
        assert reply.status == 503 and "being stopped" in reply.json["msg"] and reply.headers["Retry-After"]
        assert thread.is_alive()
        echo.open.set()
        assert [reply.result(timeout=60).json["results"] for reply in replies] == [["0"], ["1"]]
        thread.join(timeout=60)
        assert not thread.is_alive()
        with pytest.raises(ConnectionError):
            call(port, "GET", "/health")


def test_it_does_not_wait_for_what_nobody_waits_for():
    echo = module("echo", compute=lambda self, proceed: self.open.wait(60))
    with served(echo, timeout=0.2) as (port, server, thread):
        assert call(port, body={"images": []}).status == 504
        server.handle_exit(15, None)
        thread.join(timeout=60)
        assert not thread.is_alive() and server._service.working  # which tools/serve.py looks at
        echo.open.set()
        assert until(lambda: not server._service.working)


def test_a_second_signal_does_not_wait(echo):
    echo.open.clear()
    with served(echo) as (port, server, thread), socket.create_connection((HOST, port)) as connection:
        connection.sendall(start_of_request(2) + b"{}")
        assert echo.begun.acquire(timeout=60)
        server.handle_exit(15, None)
        server.handle_exit(15, None)
        time.sleep(1)
        echo.open.set()  # threads cannot be ended; the program does not wait for them
        thread.join(timeout=60)
        assert not thread.is_alive()
