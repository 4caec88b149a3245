"""Runs a service: signals, and the connections of clients that take too long."""

from __future__ import annotations

import math
import time
from typing import Any

import uvicorn

from .connection import MAX_HEAD, Connection
from .service import Service

__all__ = ["Server"]

# Seconds between two looks at the connections that count as such, at most; usually it is one.
_LONGEST_PAUSE = 2.0


class Server(uvicorn.Server):
    """Runs a service until it is told to stop, and closes the connections of clients that take too long.

    At SIGTERM and SIGINT new requests are refused and those under way are finished; a second signal ends them. uvicorn knows a time
    limit for the pause between two requests only, but neither for a request's beginning nor for a reply that nobody fetches.

    Args:
        service: What to serve.
        log_level: What uvicorn writes to the log.
    """

    def __init__(self, service: Service, log_level: str = "info"):
        super().__init__(
            uvicorn.Config(
                service.app,
                http=Connection,
                h11_max_incomplete_event_size=MAX_HEAD,
                ws="none",
                lifespan="on",
                log_level=log_level,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=math.ceil(service.limits.transfer),
            )
        )
        self._service = service
        self._idle: dict[Any, tuple[float, Any]] = {}
        self._looked = time.monotonic()

    def handle_exit(self, sig: int, frame: Any) -> None:
        if self._service.stopping:
            self.should_exit = self.force_exit = True
        self._service.stopping = True

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second."""
        if counter % 10 == 0:
            self._close_idle(time.monotonic())
        if self._service.failure or (self._service.stopping and not self.server_state.tasks):
            self.should_exit = True
        return await super().on_tick(counter)

    def _close_idle(self, now: float) -> None:
        """Idle is a connection whose client has a request to send, or a reply to fetch.

        Time in which this program did not run, as on a machine with too much to do, is none in which clients were idle.
        """
        passed, self._looked = min(now - self._looked, _LONGEST_PAUSE), now
        connections, before, self._idle = list(self.server_state.connections), self._idle, {}
        for connection in connections:
            if connection.waits_for_client:
                last = connection.cycle  # the last request and its response
                seconds, known = before.get(connection, (-passed, last))
                self._idle[connection] = (seconds + passed if known is last else 0.0, last)
        surplus = len(connections) - self._service.limits.connections
        for connection, (seconds, _) in sorted(self._idle.items(), key=lambda item: -item[1][0]):
            if surplus > 0 or seconds > self._service.limits.transfer:
                connection.transport.abort()
                surplus -= 1
