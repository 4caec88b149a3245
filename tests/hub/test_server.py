"""The server of `tools/serve.py` over real sockets, in this process, with modules that compute as long as a test wants."""

import contextlib
import http.client
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("paddlehub", reason="paddlehub is not installed (pip install .[hub])")
pytest.importorskip("uvicorn", reason="uvicorn and starlette are not installed (pip install .[serve])")

from paddle_cv.hub import server as server_module  # noqa: E402
from paddle_cv.hub.base import NetworkModule  # noqa: E402
from paddle_cv.hub.server import Limits, Server, Service  # noqa: E402

pytestmark = pytest.mark.hub
HOST = "127.0.0.1"


def module(module_name, **attributes):
    """A class of modules that give their images back, once `open` is set; `begun` counts the requests that they began."""

    class Echo(NetworkModule):
        name, summary = module_name, "Gives back <what> it gets"
        serving_result = {"type": "string"}
        open, begun = threading.Event(), threading.Semaphore(0)

        def __init__(self):
            pass

        def predictor(self):
            return self

        def serving_method(self, /, images=None, **unknown):
            if unknown:
                raise ValueError("unknown keys")
            self.begun.release()
            assert self.open.wait(timeout=60)
            return images

    for name, value in attributes.items():
        setattr(Echo, name, value)
    return Echo


@pytest.fixture
def echo():
    made = module("echo")
    made.open.set()
    yield made
    made.open.set()


@contextlib.contextmanager
def served(*modules, token=None, wait=True, **limits):
    """Gives port, server and the thread in which it runs; it has to end when it is told to."""
    listener = socket.create_server((HOST, 0))
    port = listener.getsockname()[1]
    server = Server(Service(modules, Limits(**limits), token), "error")
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        while wait and call(port, "GET", "/ready").status != 200:
            time.sleep(0.05)
        yield port, server, thread
    finally:
        server.handle_exit(15, None)
        thread.join(timeout=60)
        assert not thread.is_alive()


class Reply:
    def __init__(self, response):
        self.status, self.headers, self.content = response.status, response.headers, response.read()

    @property
    def json(self):
        return json.loads(self.content)


def call(port, method="POST", path="/predict/echo", body=None, **headers):
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    with contextlib.closing(connection):
        headers = {"Content-Type": "application/json", **{key.replace("_", "-"): text for key, text in headers.items()}}
        body = json.dumps(body) if isinstance(body, dict) else body
        connection.request(method, path, body, {key: text for key, text in headers.items() if text is not None})
        return Reply(connection.getresponse())


def start_of_request(length, path="/predict/echo"):
    return f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n".encode()


def closed(connection):
    """Whether the server closes a connection within a minute, after a reply or without one."""
    connection.settimeout(60)
    try:
        while connection.recv(65536):
            pass
    except ConnectionError:
        pass
    return True


def until(condition):
    for _ in range(600):
        if condition():
            return True
        time.sleep(0.1)
    return False


def test_what_paddlehub_answers(echo):
    with served(echo) as (port, *_):
        reply = call(port, body={"images": ["猫"]})
        assert (reply.status, reply.json) == (200, {"status": "000", "msg": "", "results": ["猫"]})
        assert reply.headers["Content-Type"] == "application/json"
        reply = call(port, body={"images": [], "paths": ["/etc/passwd"]})
        assert (reply.status, reply.json) == (200, {"status": "101", "msg": "unknown keys", "results": ""})
        reply = call(port, path="/predict/other", body={})
        message = "Module other is not available."
        assert (reply.status, reply.json) == (200, {"status": "111", "msg": message, "results": ""})
        for body in ("[]", "1", "null", '"text"'):
            reply = call(port, body=body)
            assert (
                reply.status == 200 and reply.json["status"] == "101" and "must be a JSON object" in reply.json["msg"]
            )


def test_statuses_of_http(echo):
    with served(echo, body=1000) as (port, *_):
        for body in ("", "{", b"\xff", "nothing", '{"images": ["a"]'):
            reply = call(port, body=body)
            assert reply.status == 400 and "not JSON" in reply.json["msg"]
        assert "brackets" in call(port, body="[" * 1000).json["msg"]
        for content_type in (None, "text/plain", "application/x-www-form-urlencoded"):
            reply = call(port, body="{}", Content_Type=content_type)
            assert (reply.status, reply.json["status"]) == (415, "112")
        assert call(port, body="{}", Content_Type="Application/JSON; charset=utf-8").status == 200
        reply = call(port, "GET")
        assert (reply.status, reply.headers["Allow"], reply.json["status"]) == (405, "POST", "101")
        for path in ("/nothing", "/predict/", "/predict/a/b", "/predict/../health"):
            assert call(port, path=path, body="{}").status == 404
        assert call(port, body=" " * 1001).status == 413
        reply = call(port, body=iter([b" " * 600, b" " * 600]))  # in chunks: nobody knows the length before
        assert (reply.status, reply.json["status"]) == (413, "101")
        assert call(port, body=b"{}" + b" " * 998).status == 200
        assert call(port, "GET", "/health").json == {"healthy": True}


def test_a_client_that_sends_on_reads_the_refusal(echo):
    with served(echo, body=1000) as (port, *_):
        reply = call(port, body=bytes(20 * 2**20))
        assert reply.status == 413 and "20971520" in reply.json["msg"]


def test_failures_are_not_told_to_clients(echo, caplog):
    def fail(self, **keys):
        raise RuntimeError("a secret")

    with served(module("bad", serving_method=fail), echo) as (port, *_):
        reply = call(port, path="/predict/bad", body={})
        assert (reply.status, reply.json["status"]) == (200, "101") and "secret" not in reply.json["msg"]
        assert "a secret" in caplog.text
        assert call(port, body={"images": []}).json["status"] == "000"


def test_the_token(echo):
    with served(echo, token="correct-horse-battery") as (port, *_):
        for given in (None, "Bearer", "Bearer wrong", "Basic correct-horse-battery", "Bearer correct-horse-batter\xff"):
            reply = call(port, body={"images": []}, Authorization=given)
            assert (reply.status, reply.json["status"]) == (401, "101"), given
            assert reply.headers["WWW-Authenticate"] == "Bearer"
        assert call(port, body={"images": []}, Authorization="Bearer correct-horse-battery").status == 200
        assert call(port, "GET", "/ready").status == 200
        operation = call(port, "GET", "/openapi.json").json["paths"]["/predict/echo"]["post"]
        assert operation["security"] == [{"token": []}] and "401" in operation["responses"]


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


def test_a_computation_that_takes_too_long_keeps_its_place(echo):
    echo.open.clear()
    with served(echo, queue=1, timeout=0.5) as (port, *_):
        assert call(port, body={"images": ["0"]}).status == 504
        # The first one computes on. The next waits, is given up, and makes room for another.
        for _ in range(2):
            reply = call(port, body={"images": ["1"]})
            assert (reply.status, reply.json["status"]) == (504, "101") and "0.5 s" in reply.json["msg"]
        assert call(port, "GET", "/ready").json["waiting"] == {"echo": 0}
        echo.open.set()
        assert until(lambda: call(port, body={"images": ["2"]}).json["results"] == ["2"])
    assert echo.begun.acquire(timeout=1) and echo.begun.acquire(timeout=1)
    assert not echo.begun.acquire(blocking=False)  # those that were given up did not begin


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


def response_on(connection):
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response


def test_a_reply_that_nobody_fetches_is_thrown_away(echo):
    large = module("large", serving_method=lambda self, **keys: "a" * 50 * 2**20)
    with served(large, transfer=1) as (port, server, _), socket.create_connection((HOST, port)) as connection:
        connection.sendall(start_of_request(2, "/predict/large") + b"{}")
        assert connection.recv(100)
        assert until(lambda: not server.server_state.connections)


def test_a_computation_may_take_longer_than_the_transfer(echo):
    echo.open.clear()
    with served(echo, transfer=0.5) as (port, *_), ThreadPoolExecutor(1) as pool:
        reply = pool.submit(call, port, body={"images": ["a"]})
        assert echo.begun.acquire(timeout=60)
        time.sleep(2.5)  # the server looks once a second
        echo.open.set()
        assert reply.result(timeout=60).json["results"] == ["a"]


def test_bodies_together_are_bounded(echo, monkeypatch):
    monkeypatch.setattr(server_module, "_BODIES_HELD", 2)
    with served(echo, body=100_000) as (port, *_), contextlib.ExitStack() as stack:
        for _ in range(2):
            connection = stack.enter_context(socket.create_connection((HOST, port)))
            connection.sendall(start_of_request(90_000) + b" " * 80_000)
        time.sleep(0.5)
        reply = call(port, body=b" " * 90_000)
        assert reply.status == 503 and reply.headers["Retry-After"] and "large" in reply.json["msg"]
        assert call(port, body={"images": ["a"]}).json["results"] == ["a"]
        stack.close()
        assert until(lambda: call(port, body=b" " * 90_000).status == 400)


def test_idle_connections_make_room(echo, monkeypatch):
    monkeypatch.setattr(server_module, "_MAX_CONNECTIONS", 5)
    with served(echo) as (port, server, _), contextlib.ExitStack() as stack:
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


def test_it_does_not_wait_for_what_nobody_waits_for(echo):
    echo.open.clear()
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


def test_the_page_and_the_document(echo):
    with served(echo) as (port, *_):
        document = call(port, "GET", "/openapi.json").json
        body = document["paths"]["/predict/echo"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert body["additionalProperties"] is False and body["properties"]["images"]["maxItems"] == 8
        for path in ("/docs", "/"):
            page = call(port, "GET", path)
            assert page.headers["Content-Type"].startswith("text/html") and "default-src 'none'" in str(page.headers)
            text = page.content.decode()
            assert "POST /predict/echo" in text and "Gives back &lt;what&gt; it gets" in text
            assert "<script" not in text and "://" not in text  # nothing is fetched
