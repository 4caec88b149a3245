"""Connections: slow clients, what they send after a refusal, and how replies leave."""

import contextlib
import http.client
import json
import socket
import time
from unittest.mock import Mock

import pytest

from .support import HOST, Reply, call, closed, module, response_on, served, start_of_request, until

pytestmark = pytest.mark.hub


def test_a_client_that_sends_on_reads_the_refusal(echo):
    with served(echo, body=1000) as (port, *_):
        reply = call(port, body=bytes(20 * 2**20))
        assert reply.status == 413 and "20971520" in reply.json["msg"]


def test_slow_clients_are_cut_off(echo):
    with served(echo, transfer=1) as (port, server, _):
        with contextlib.ExitStack() as stack:
            starts = (b"", b"POST /pre", start_of_request(100)[:-2], start_of_request(100))
            connections = [stack.enter_context(socket.create_connection((HOST, port))) for _ in starts]
            for connection, start in zip(connections, starts):
                connection.sendall(start)
            for _ in range(10):  # a byte now and then does not help
                time.sleep(0.15)
                for connection in connections[1:]:
                    with contextlib.suppress(OSError):
                        connection.sendall(b"a")
            with contextlib.suppress(ConnectionError):
                assert b"408" in connections[-1].recv(65536).partition(b"\r\n")[0]
            assert all(closed(connection) for connection in connections)
        assert call(port, body={"images": ["a"]}).json["results"] == ["a"]
        assert until(lambda: not server.server_state.connections)


def test_a_slow_body_is_told_so(echo):
    with served(echo, transfer=0.5) as (port, *_), socket.create_connection((HOST, port)) as connection:
        connection.sendall(start_of_request(100) + b"{")
        connection.settimeout(60)
        reply = Reply(response_on(connection))
        assert (reply.status, reply.json["status"]) == (408, "101") and "0.5 s" in reply.json["msg"]


def test_a_reply_that_nobody_fetches_is_thrown_away(echo):
    large = module("large", serve=lambda self, keys, proceed: "a" * 50 * 2**20)
    with served(large, transfer=1) as (port, server, _), socket.create_connection((HOST, port)) as connection:
        connection.sendall(start_of_request(2, "/predict/large") + b"{}")
        assert connection.recv(100)
        assert until(lambda: not server.server_state.connections)


def test_idle_connections_make_room(echo):
    with served(echo, connections=5) as (port, server, _), contextlib.ExitStack() as stack:
        oldest = stack.enter_context(socket.create_connection((HOST, port)))
        assert until(lambda: server._idle)  # the server looks once a second
        for _ in range(20):
            stack.enter_context(socket.create_connection((HOST, port)))
        assert closed(oldest)
        assert until(lambda: len(server.server_state.connections) <= 5)
        assert call(port, body={"images": ["a"]}).json["results"] == ["a"]


def test_many_requests_on_one_connection(echo):
    with served(echo, transfer=60) as (port, *_):
        connection = http.client.HTTPConnection(HOST, port, timeout=60)
        with contextlib.closing(connection):
            for number in range(20):
                body = json.dumps({"images": [str(number)]})
                connection.request("POST", "/predict/echo", body, {"Content-Type": "application/json"})
                assert Reply(connection.getresponse()).json["results"] == [str(number)]


def test_replies_leave_at_once(echo):
    """A reply in two pieces waits 40 ms for the client's system unless TCP_NODELAY is set."""
    with served(echo) as (port, *_):
        connection = http.client.HTTPConnection(HOST, port, timeout=60)
        seconds = []
        with contextlib.closing(connection):
            for _ in range(20):
                started = time.monotonic()
                connection.request("POST", "/predict/echo", "{}", {"Content-Type": "application/json"})
                assert Reply(connection.getresponse()).status == 200
                seconds.append(time.monotonic() - started)
        assert sorted(seconds)[10] < 0.03


CHUNKED = start_of_request(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")


def processor_seconds(thread):
    """Of the thread in which the server runs."""
    [_, *fields] = open(f"/proc/self/task/{thread.native_id}/stat").read().rpartition(")")[2].split()
    return (int(fields[10]) + int(fields[11])) / 100


@pytest.mark.parametrize("path, token", [("/predict/echo", None), ("/predict/echo", "t" * 16), ("/health", None)])
def test_tiny_chunks_do_not_occupy_the_server(echo, path, token):
    with served(echo, token=token) as (port, _, thread), socket.create_connection((HOST, port)) as connection:
        before = processor_seconds(thread)
        with contextlib.suppress(OSError):
            connection.sendall(CHUNKED.replace(b"/predict/echo", path.encode()) + b"1\r\na\r\n" * 2 * 2**20)
        assert call(port, "GET", "/health").status == 200
        assert processor_seconds(thread) - before < 0.5
        connection.settimeout(60)
        reply = response_on(connection)
        assert reply.status in (400, 401, 200 if path == "/health" else 400)  # which is answered first
        assert reply.headers["Connection"] == "close"


def test_chunks_of_usual_size_are_well(echo):
    with served(echo) as (port, *_):
        body = json.dumps({"images": ["a" * 2**20]}).encode()
        parts = [body[start : start + 2048] for start in range(0, len(body), 2048)]
        assert len(call(port, body=iter(parts)).json["results"][0]) == 2**20
        small = [b"%c" % byte for byte in b'{"images": ["' + b"a" * 500 + b'"]}']
        assert call(port, body=iter(small)).json["results"] == ["a" * 500]


def test_many_headers_do_not_occupy_the_server(echo):
    with served(echo) as (port, _, thread), socket.create_connection((HOST, port)) as connection:
        before = processor_seconds(thread)
        head = b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + b"a:\r\n" * 60_000 + b"\r\n"
        with contextlib.suppress(OSError):
            connection.sendall(head)
        assert closed(connection)
        assert processor_seconds(thread) - before < 0.2


def test_what_follows_a_refusal_is_no_request(echo):
    """Bytes of a body that is not read must not be taken for the next request."""
    with served(echo, body=1000) as (port, *_), socket.create_connection((HOST, port)) as connection:
        connection.sendall(start_of_request(2000))
        connection.settimeout(60)
        reply = response_on(connection)
        assert reply.status == 413 and reply.headers["Connection"] == "close" and reply.read()
        connection.sendall(start_of_request(2) * 50)
        assert connection.recv(1000) == b""
    assert echo.begun.acquire(blocking=False) is False


def test_a_pause_of_the_server_is_no_fault_of_its_clients(echo):
    """On a machine with too much to do the server may stand still for longer than clients may."""
    from paddle_cv.hub.server import Limits, Server, Service

    connection = Mock(cycle=None, waits_for_client=True)
    server = Server(Service([echo], Limits(transfer=5)), "error")
    server.server_state.connections.add(connection)
    start = server._looked
    for second in (1, 2, 60, 61):
        server._close_idle(start + second)
    assert not connection.transport.abort.called
    for second in range(62, 66):
        server._close_idle(start + second)
    assert connection.transport.abort.called
