"""A server over real sockets, in this process, with modules that compute as long as a test wants."""

import contextlib
import http.client
import json
import socket
import threading
import time

import pytest

pytest.importorskip("paddlehub", reason="paddlehub is not installed (pip install .[hub])")
pytest.importorskip("uvicorn", reason="uvicorn and starlette are not installed (pip install .[serve])")

from paddle_cv.hub.base import NetworkModule  # noqa: E402
from paddle_cv.hub.server import Limits, Server, Service  # noqa: E402

HOST = "127.0.0.1"


def module(module_name, **attributes):
    """A class of modules that give their images back, once `open` is set; `begun` counts the requests that they began."""

    class Echo(NetworkModule):
        name, summary = module_name, "Gives back <what> it gets"
        serving_result, serving_options = {"type": "string"}, dict
        open, begun = threading.Event(), threading.Semaphore(0)

        def __init__(self):
            pass

        def predictor(self):
            return self

        def serve(self, keys, proceed=lambda: None):
            if keys.keys() - {"images"}:
                raise ValueError("unknown keys")
            self.begun.release()
            self.compute(proceed)
            return keys.get("images", [])

        def serve_together(self, requests, proceed=lambda: None):
            try:
                return [self.serve(keys, proceed) for keys in requests]
            except ValueError as error:
                return [error]

        def compute(self, proceed):
            while not self.open.wait(timeout=0.02):
                proceed()

    for name, value in attributes.items():
        setattr(Echo, name, value)
    return Echo


@contextlib.contextmanager
def served(*modules, token=None, wait=True, hosts=(), **limits):
    """Gives port, server and the thread in which it runs; it has to end when it is told to."""
    listener = socket.create_server((HOST, 0))
    port = listener.getsockname()[1]
    server = Server(Service(modules, Limits(**limits), token, hosts), "error")
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
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n".encode()


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


def response_on(connection):
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response
