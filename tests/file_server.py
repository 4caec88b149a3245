"""A server of files on this machine, with all the ways in which servers and connections fail."""

import email.utils
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

CONTENT = np.random.RandomState(0).bytes(300_000)


class FileServer(ThreadingHTTPServer):
    """Serves `content`, a file for the last part of the path, in the way that its first part says.

    Attributes:
        content: Files by name; all others are `CONTENT`.
        count: How many requests came.
        ranges: The header Range of each.
        version: What stands in ETag.
    """

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content: dict[str, bytes] = {}
        self.count, self.ranges, self.version = 0, [], '"1"'
        self.barrier, self.release = threading.Barrier(2), threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.release.set()
        self.shutdown()
        self.server_close()
        self.thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.count += 1
        asked = self.headers.get("Range")
        server.ranges.append(asked)
        path = self.path.partition("?")[0]
        way, content = path.split("/")[1], server.content.get(path.rpartition("/")[2], CONTENT)
        if way == "together":
            server.barrier.wait(60)  # until the other process asks as well
        if way == "missing":
            self.send_error(404)
            return
        if way == "busy" and server.count < 3:
            self.send_error(503)
            return
        start = 0
        if asked and way in ("resume", "once") and self.headers.get("If-Range") == self.version():
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                self.send_error(416)
                return
        whole, content = len(content), content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content)))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
        if way == "dated":
            self.send_header("Last-Modified", email.utils.formatdate(0, usegmt=True))
        elif way in ("resume", "once"):
            self.send_header("ETag", self.version())
        self.end_headers()
        if way == "truncated":
            content = content[:-1000]
        if way == "gone" or (way == "resume" and len(content) > 100_000) or (way == "once" and server.count == 1):
            self.wfile.write(content[:100_000])
            self.wfile.flush()
            # With linger 0 closing resets the connection.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.connection.close()
            return
        if way == "silent":
            self.wfile.write(content[:1000])
            self.wfile.flush()
            server.release.wait(10)
            return
        self.wfile.write(content)

    def version(self) -> str:
        return self.server.version

    def handle(self):
        try:
            super().handle()
        except OSError:
            pass

    def finish(self):
        try:
            super().finish()
        except (OSError, ValueError):
            pass

    def log_message(self, *args):
        pass
