"""What a server has done and does, in Prometheus' form."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from .bodies import Bodies
from .line import Line
from .replies import Held

__all__ = ["Metrics"]

# Seconds. A small picture takes some hundredths on a processor, the largest request as long as the time limit allows.
_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics:
    """Counters of one server; several in one process do not mix.

    Args:
        lines: The modules.
        bodies: Bodies of requests that are held.
        replies: Replies that have not been fetched.
    """

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, lines: Iterable[Line], bodies: Bodies, replies: Held):
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "paddle_cv_requests",
            "Requests to modules by HTTP's status and PaddleHub's",
            ["module", "code", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "paddle_cv_request_seconds",
            "From when a request has been read to its reply, waiting included",
            ["module"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        waiting = self._gauge("paddle_cv_waiting_requests", "Requests that wait for a module", ["module"])
        computing = self._gauge("paddle_cv_computing", "1 while a module computes", ["module"])
        for line in lines:
            waiting.labels(line.name).set_function(lambda line=line: line.waiting)
            computing.labels(line.name).set_function(lambda line=line: line.working)
            self._seconds.labels(line.name)
        self._gauge("paddle_cv_held_body_bytes", "Bodies that are held").set_function(lambda: bodies.held)
        self._gauge("paddle_cv_held_reply_bytes", "Replies that are not fetched").set_function(lambda: replies.bytes)

    def _gauge(self, name: str, text: str, labels: Iterable[str] = ()) -> Gauge:
        return Gauge(name, text, labels, registry=self._registry)

    def count(self, module: str, code: int, status: str) -> None:
        """A request was answered."""
        self._requests.labels(module, str(code), status).inc()

    def time(self, module: str, seconds: float) -> None:
        """A request was computed, or given up."""
        self._seconds.labels(module).observe(seconds)

    def page(self) -> bytes:
        return generate_latest(self._registry)
