"""The page of a module, as `hub serving` can show it. Imports gradio: modules import this file when they are asked for a page."""

from __future__ import annotations

import http.server
import multiprocessing
import os
from typing import Any

from ..demo import Page

__all__ = ["ModulePage"]

# Seconds after which the page notices that the server is gone.
_NOTICED = 1.0


class ModulePage(Page):
    """A page that launches like any other, and in a process that `hub serving` starts for it, too.

    PaddleHub passes all requests to the port that it chose, and the answers back: whole ones, so that Gradio's events come late or
    never, and with headers that speak of the chunks and the compression which it has undone. Redirections pass as they are. So that
    port leads to the page's own, which is open to this machine only.
    """

    def launch(self, *args: Any, **options: Any) -> Any:
        if multiprocessing.parent_process() is None or "server_port" not in options:
            return super().launch(*args, **options)
        parent, port = os.getppid(), options.pop("server_port")
        _, address, _ = super().launch(*args, prevent_thread_lock=True, **options)
        with http.server.HTTPServer(("127.0.0.1", port), _leads_to(address)) as server:
            server.timeout = _NOTICED
            # A server that was killed would leave this process behind, and in it its own open port.
            while os.getppid() == parent:
                server.handle_request()
        self.close()


def _leads_to(address: str) -> type:
    class Redirection(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", address)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *args: Any) -> None:
            pass  # PaddleHub's server logs the request

    return Redirection
