"""What is answered, with which status."""

import pytest

from paddle_cv.hub.serving import Failure

from .support import call, module, served

pytestmark = pytest.mark.hub


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


def test_failures_are_not_told_to_clients(echo, caplog):
    def fail(self, keys, proceed):
        raise RuntimeError("a secret")

    with served(module("bad", serve=fail), echo) as (port, *_):
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


def test_a_host_of_another_name_is_refused(echo):
    """DNS rebinding: the page of another site calls this server by that site's name."""
    with served(echo, hosts=["pictures.example"]) as (port, *_):
        for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "localhost:80:80", "[::1", ""):
            for method, path in (("GET", "/health"), ("GET", "/docs"), ("POST", "/predict/echo")):
                reply = call(port, method, path, "{}", Host=host)
                assert (reply.status, reply.json["status"]) == (421, "101"), host
        for host in ("localhost", "LOCALHOST:8866", "127.0.0.1", "192.168.1.7:80", "[::1]:80", "Pictures.example.:443"):
            assert call(port, "GET", "/health", Host=host).status == 200, host
    with served(echo, hosts=["*"]) as (port, *_):
        assert call(port, "GET", "/health", Host="anything.example").status == 200


def test_no_address_is_made_of_the_host(echo):
    with served(echo, hosts=["*"]) as (port, *_):
        reply = call(port, path="/predict/echo/", body="{}", Host="evil.example")
        assert reply.status == 404 and "evil" not in str(reply.headers)


def test_a_picture_that_failed_is_named(echo):
    def one_of_two(self, keys, proceed):
        return [{"data": "a"}, Failure(ValueError("image 1: damaged"))]

    with served(module("mixed", serve=one_of_two)) as (port, *_):
        reply = call(port, path="/predict/mixed", body={}).json
        expected = [{"data": "a"}, {"error": "image 1: damaged"}]
        assert reply == {"status": "000", "msg": "image 1: damaged", "results": expected}
