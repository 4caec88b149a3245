"""`/metrics`, as Prometheus reads it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client.parser import text_string_to_metric_families

from .support import call, module, served, until

pytestmark = pytest.mark.hub


def samples(port):
    reply = call(port, "GET", "/metrics")
    assert reply.status == 200 and reply.headers["Content-Type"].startswith("text/plain; version=")
    found = {}
    for family in text_string_to_metric_families(reply.content.decode()):
        for sample in family.samples:
            found[(sample.name, *sorted(sample.labels.items()))] = sample.value
    return found


def test_requests_are_counted_by_their_answers(echo):
    def requests(code, status, module="echo"):
        labels = ("code", code), ("module", module), ("status", status)
        return samples(port).get(("paddle_cv_requests_total", *labels), 0)

    with served(echo, body=1000) as (port, *_):
        for _ in range(3):
            call(port, body={"images": []})
        call(port, body={"other": 1})
        call(port, body="{")
        call(port, body=" " * 2000)
        for number in range(20):
            call(port, path=f"/predict/nothing{number}", body={})
        assert requests("200", "000") == 3 and requests("200", "101") == 1
        assert requests("400", "101") == 1 and requests("413", "101") == 1
        assert requests("200", "111", "") == 20  # one line for all names that there are not
        assert samples(port)["paddle_cv_request_seconds_count", ("module", "echo")] == 5


def test_what_waits(echo):
    echo.open.clear()
    other = module("other")
    with served(echo, other) as (port, server, _):
        with ThreadPoolExecutor(2) as pool:
            for _ in range(2):
                pool.submit(call, port, body={"images": ["a" * 500]})
            assert until(lambda: samples(port)["paddle_cv_waiting_requests", ("module", "echo")] == 1)
            found = samples(port)
            assert found["paddle_cv_computing", ("module", "echo")] == 1
            assert found["paddle_cv_computing", ("module", "other")] == 0
            assert found["paddle_cv_held_body_bytes",] > 1000
            echo.open.set()
        assert until(lambda: samples(port)["paddle_cv_held_body_bytes",] == 0)
