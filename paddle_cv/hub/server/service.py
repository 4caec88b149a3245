"""The application: what is between the modules and the network."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import time
from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ..base import NetworkModule
from .bodies import Bodies, Body, NoRoom, TooLarge
from .hosts import Hosts
from .limits import Limits
from .line import Job, Line
from .metrics import Metrics
from .openapi import describe, page
from .replies import Held, Refusal, Reply

__all__ = ["Service"]


class Service:
    """The application: modules, and what is between them and the network.

    Args:
        modules: Classes of modules; `installed_module` finds them.
        limits: What is allowed.
        token: What clients of `/predict` have to send as `Authorization: Bearer TOKEN`; None: nothing.
        hosts: Names of this server beside `localhost` and its numbers (see `Hosts`).

    Attributes:
        app: The ASGI application. It loads the modules in its lifespan.
        ready: All modules are loaded, and the server is not being stopped.
        stopping: Set it to refuse what comes from now on.
        failure: Why the modules could not be loaded.
    """

    def __init__(
        self,
        modules: Iterable[type[NetworkModule]],
        limits: Limits | None = None,
        token: str | None = None,
        hosts: Iterable[str] = (),
    ):
        self.limits, self._token, self._hosts = limits or Limits(), token, Hosts(hosts)
        self.stopping, self.failure = False, None
        self._loaded = False
        self._bodies = Bodies(self.limits.body, self.limits.bodies)
        self._replies = Held(self.limits.replies)
        modules = list(modules)
        self._lines = {module.name: Line(module, self.limits.queue, self._replies) for module in modules}
        self._metrics = Metrics(self._lines.values(), self._bodies, self._replies)
        self._description = describe(modules, self.limits.body, token is not None)
        self._page = page(self._description)
        self.app = self._application()

    def _application(self) -> Starlette:
        app = Starlette(
            routes=[
                Route("/predict/{name}", self._predict, methods=["POST"]),
                Route("/health", self._health),
                Route("/ready", self._ready),
                Route("/metrics", self._show_metrics),
                Route("/openapi.json", self._openapi),
                Route("/docs", self._docs),
                Route("/", self._docs, methods=["GET", "POST"]),
            ],
            middleware=[Middleware(_KnownHosts, hosts=self._hosts)],
            exception_handlers={
                Refusal: _refused,
                HTTPException: _http_error,
                ClientDisconnect: _gone,
                Exception: _failed,
            },
            lifespan=self._lifespan,
        )
        app.router.redirect_slashes = False  # the address would be made of what the client calls this server
        return app

    @property
    def ready(self) -> bool:
        return self._loaded and not self.stopping

    @property
    def working(self) -> bool:
        """Whether a module computes or is being loaded, be it only for somebody who has gone."""
        return any(line.working for line in self._lines.values())

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette):
        loading = asyncio.create_task(self._load())
        yield
        loading.cancel()

    async def _load(self) -> None:
        """One after the other: what Paddle does while it loads is not meant for several threads."""
        try:
            for line in self._lines.values():
                await line.load()
            self._loaded = True
        except Exception as error:
            self.failure = error

    async def _predict(self, request: Request) -> Response:
        name = request.path_params["name"]
        known = name if name in self._lines else ""  # others would make the table of what is counted grow
        try:
            reply = await self._answer(request, name)
        except Refusal as refusal:
            reply = refusal.response
        except ClientDisconnect:
            self._metrics.count(known, 499, "")
            raise
        self._metrics.count(known, reply.status_code, reply.status)
        return reply

    async def _answer(self, request: Request, name: str) -> Reply:
        self._check_token(request)
        if name not in self._lines:
            return Reply("111", f"Module {name} is not available.")
        self._check_ready()
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type != "application/json":
            raise Refusal(415, "the body must be JSON, and Content-Type say so: application/json", "112")
        line = self._lines[name]
        line.check_place()  # before the body is sent
        with self._bodies.new() as body:
            await self._read(request, body)
            self._check_ready()
            started = time.monotonic()
            try:
                return await self._result(request, line, line.submit(body.content))
            finally:
                self._metrics.time(name, time.monotonic() - started)

    async def _read(self, request: Request, body: Body) -> None:
        """Fills `body`. What comes after a refusal is thrown away, so that clients live to read the reply."""
        limit = self.limits.body
        length = int(request.headers.get("content-length", 0))
        if length > limit:
            raise Refusal(413, f"a body of {length} bytes, more than {limit}")

        async def fill() -> None:
            async for part in request.stream():
                body.add(part)

        try:
            await asyncio.wait_for(fill(), self.limits.transfer)
        except asyncio.TimeoutError:
            raise Refusal(408, f"the request took more than {self.limits.transfer:g} s to arrive") from None
        except TooLarge:
            raise Refusal(413, f"a body of more than {limit} bytes") from None
        except NoRoom:
            raise _crowded() from None
        except asyncio.CancelledError:
            if not body.dropped:
                raise
            raise _crowded() from None
        body.finish()

    async def _result(self, request: Request, line: Line, job: Job) -> Reply:
        gone = asyncio.ensure_future(request.receive())  # after the body only the end of the connection comes
        try:
            await asyncio.wait({job.reply, gone}, timeout=self.limits.timeout, return_when=asyncio.FIRST_COMPLETED)
            if job.reply.done():
                return job.reply.result()
            line.give_up(job)
            if gone.done():
                raise ClientDisconnect
            raise Refusal(504, f"{line.name} took more than {self.limits.timeout:g} s, waiting included")
        except asyncio.CancelledError:
            line.give_up(job)
            raise
        finally:
            gone.cancel()

    def _check_ready(self) -> None:
        if self.stopping:
            raise Refusal(503, "the server is being stopped", headers={"Retry-After": "10", "Connection": "close"})
        if not self._loaded:
            raise Refusal(503, "the modules are being loaded", headers={"Retry-After": "5"})

    def _check_token(self, request: Request) -> None:
        if self._token is None:
            return
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        # Header values are Latin-1. The comparison takes as long for a wrong token as for one that is nearly right.
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode("latin-1"), self._token.encode()):
            raise Refusal(401, "this server wants Authorization: Bearer TOKEN", headers={"WWW-Authenticate": "Bearer"})

    async def _health(self, request: Request) -> Response:
        return JSONResponse({"healthy": True})

    async def _ready(self, request: Request) -> Response:
        waiting = {name: line.waiting for name, line in self._lines.items()}
        return JSONResponse({"ready": self.ready, "waiting": waiting}, 200 if self.ready else 503)

    async def _show_metrics(self, request: Request) -> Response:
        return Response(self._metrics.page(), media_type=self._metrics.content_type)

    async def _openapi(self, request: Request) -> Response:
        return JSONResponse(self._description)

    async def _docs(self, request: Request) -> Response:
        return HTMLResponse(
            self._page, headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
        )


class _KnownHosts:
    """Refuses requests that call this server by another's name."""

    def __init__(self, app: ASGIApp, hosts: Hosts):
        self._app, self._hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app: ASGIApp = self._app
        if scope["type"] == "http":
            host = Headers(scope=scope).get("host")
            if not self._hosts.believes(host):
                app = Reply(
                    "101", f"{ascii(host)[:80]} is not this server; its operator may say so (--allow-host)", code=421
                )
        await app(scope, receive, send)


def _crowded() -> Refusal:
    return Refusal(503, "too many large requests at one time", headers={"Retry-After": "5"})


# Starlette runs these in the event loop only if they are coroutines.


async def _refused(request: Request, error: Refusal) -> Response:
    return error.response


async def _http_error(request: Request, error: HTTPException) -> Response:
    return Reply("101", f"{error.detail}; /docs says what there is", code=error.status_code, headers=error.headers)


async def _gone(request: Request, error: ClientDisconnect) -> Response:
    return Response(status_code=400)  # which nobody reads


async def _failed(request: Request, error: Exception) -> Response:
    return Reply("101", "the server failed; its log says why", code=500)
