"""A server for modules, with PaddleHub's address and replies, and with limits; `tools/serve.py` is the program.

`hub serving` listens on all interfaces, asks nobody who they are, takes bodies of any size, and is blocked by one client that sends
half a request. Here each module computes in a thread of its own, one request after the other. What may wait for it, what a body may
take, and how long anything may last is bounded, and nothing that a client sends is worked on in the thread that serves the others.

The reply is always {"status", "msg", "results"}. Where PaddleHub answers, the answer is PaddleHub's: HTTP status 200 with "000",
"101" (the module refused, or failed) or "111" (no such module). What PaddleHub does not know has an HTTP status of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import logging
import math
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Optional

import uvicorn
from paddlehub.module.manager import LocalModuleManager
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from .base import NetworkModule
from .openapi import describe, page

__all__ = ["Limits", "Server", "Service", "installed_module"]

logger = logging.getLogger(__name__)

# Brackets, braces and commas of a body; what is asked for has about ten. A few megabytes of them become hundreds when they are
# parsed, and nested deeply enough they end the parser.
_MAX_MARKS = 100
# Open connections. Beyond them those are closed that have been idle for longest.
_MAX_CONNECTIONS = 500
# All bodies that are held at one time may take as much as so many of the largest.
_BODIES_HELD = 8


@dataclass(frozen=True)
class Limits:
    """What a server allows.

    Attributes:
        body: Bytes of a request's body.
        queue: Requests that may wait for each module, beside the one that is computed.
        timeout: Seconds from when a request has been read to its reply.
        transfer: Seconds that a client may take to send a request, and to fetch its reply.
    """

    body: int = 32 * 2**20
    queue: int = 16
    timeout: float = 120
    transfer: float = 60


class _Refusal(Exception):
    """Ends a request with an HTTP status that PaddleHub does not use."""

    def __init__(self, code: int, message: str, status: str = "101", headers: Optional[dict[str, str]] = None):
        super().__init__(message)
        self.response = _reply(status, message, code=code, headers=headers)


def installed_module(name: str) -> type[NetworkModule]:
    """The class of a module of this project that is installed in HUB_HOME.

    `hub.Module` would look for an absent one on the network, and tell PaddleHub's server of each that is loaded.

    Raises:
        ValueError: There is none, it cannot be imported, or it belongs to somebody else: what such a module does with the keys of
            a body is not known.
    """
    module = LocalModuleManager().search(name)
    if module is None:
        raise ValueError(
            f"no module {name} is installed, or it cannot be imported: python -m paddle_cv hub install {name}"
        )
    if not issubclass(module, NetworkModule):
        raise ValueError(f"{name} is not a module of this project; `hub serving start -m {name}` serves it")
    return module


class _Line:
    """A module in its thread, and the requests that wait for it. Its methods are called in the event loop."""

    def __init__(self, module_class: type[NetworkModule], queue: int):
        self.name, self._class, self._places = module_class.name, module_class, queue + 1
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=self.name)
        self._jobs: set[asyncio.Task] = set()
        self._running: Optional[asyncio.Task] = None
        self._seconds = 1.0
        self.working = False

    async def load(self) -> None:
        self._turn = asyncio.Lock()
        self._module = await self._in_thread(self._class)
        await self._in_thread(self._module.predictor)

    @property
    def waiting(self) -> int:
        return len(self._jobs) - (self._running is not None)

    def check_place(self) -> None:
        """Raises a 503 where as many wait as may."""
        if len(self._jobs) >= self._places:
            seconds = min(max(1, math.ceil(self._seconds * len(self._jobs))), 60)
            raise _Refusal(503, f"{self.waiting} requests wait for {self.name}", headers={"Retry-After": str(seconds)})

    def submit(self, body: bytearray) -> asyncio.Task:
        """A task that gives the response; refused as by `check_place`."""
        self.check_place()
        job = asyncio.create_task(self._compute(body))
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)
        return job

    def give_up(self, job: asyncio.Task) -> None:
        """Nobody waits for this job any more: it leaves the line, or keeps its place until it ends if it has begun."""
        if job is not self._running:
            job.cancel()

    async def _compute(self, body: bytearray) -> Response:
        async with self._turn:
            self._running, started = asyncio.current_task(), time.monotonic()
            try:
                return await self._in_thread(_respond, self._module, body)
            finally:
                self._running, self._seconds = None, time.monotonic() - started

    async def _in_thread(self, function: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._work, function, *arguments)

    def _work(self, function: Any, *arguments: Any) -> Any:
        self.working = True
        try:
            return function(*arguments)
        finally:
            self.working = False


def _respond(module: NetworkModule, body: bytearray) -> Response:
    """From a body to the response; all of it takes time, and happens in the module's thread."""
    if sum(body.count(mark) for mark in b"[{,") > _MAX_MARKS:
        return _reply("101", f"more than {_MAX_MARKS} brackets, braces and commas: this is no request", code=400)
    try:
        keys = json.loads(body)
    except ValueError as error:  # UnicodeDecodeError among them
        return _reply("101", f"the body is not JSON: {error}", code=400)
    if not isinstance(keys, dict):
        return _reply("101", 'the body must be a JSON object: {"images": [base64, ...]}')
    try:
        return _reply("000", results=module.serving_method(**keys))
    except ValueError as error:
        return _reply("101", str(error))
    except Exception:
        logger.exception("%s failed", module.name)
        return _reply("101", f"{module.name} failed; the server's log says why")


class Service:
    """The application: modules, and what is between them and the network.

    Args:
        modules: Classes of modules; `installed_module` finds them.
        limits: What is allowed.
        token: What clients of `/predict` have to send as `Authorization: Bearer TOKEN`; None: nothing.

    Attributes:
        app: The ASGI application. It loads the modules in its lifespan.
        ready: All modules are loaded, and the server is not being stopped.
        stopping: Set it to refuse what comes from now on.
        failure: Why the modules could not be loaded.
    """

    def __init__(
        self, modules: Iterable[type[NetworkModule]], limits: Optional[Limits] = None, token: Optional[str] = None
    ):
        self.limits, self._token = limits or Limits(), token
        self.stopping, self.failure = False, None
        self._loaded, self._held = False, 0
        modules = list(modules)
        self._lines = {module.name: _Line(module, self.limits.queue) for module in modules}
        self._description = describe(modules, self.limits.body, token is not None)
        self._page = page(self._description)
        self.app = Starlette(
            routes=[
                Route("/predict/{name}", self._predict, methods=["POST"]),
                Route("/health", self._health),
                Route("/ready", self._ready),
                Route("/openapi.json", self._openapi),
                Route("/docs", self._docs),
                Route("/", self._docs, methods=["GET", "POST"]),
            ],
            exception_handlers={
                _Refusal: _refused,
                HTTPException: _http_error,
                ClientDisconnect: _gone,
                Exception: _failed,
            },
            lifespan=self._lifespan,
        )

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
        self._check_token(request)
        name = request.path_params["name"]
        if name not in self._lines:
            return _reply("111", f"Module {name} is not available.")
        if not self.ready:
            raise _unready(self.stopping)
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type != "application/json":
            raise _Refusal(415, "the body must be JSON, and Content-Type say so: application/json", "112")
        line = self._lines[name]
        line.check_place()  # before the body is sent
        body = bytearray()
        try:
            await asyncio.wait_for(self._read(request, body), self.limits.transfer)
            if self.stopping:
                raise _unready(self.stopping)
            return await self._result(request, line, line.submit(body))
        except asyncio.TimeoutError:
            raise _Refusal(
                408, f"the request took more than {self.limits.transfer:g} s to arrive", headers={"Connection": "close"}
            ) from None
        finally:
            self._held -= len(body)

    async def _read(self, request: Request, body: bytearray) -> None:
        """Fills `body`. What comes after a refusal is thrown away by uvicorn, so that clients live to read the reply."""
        length = int(request.headers.get("content-length", 0))
        if length > self.limits.body:
            raise _Refusal(413, f"a body of {length} bytes, more than {self.limits.body}")
        async for part in request.stream():
            if len(body) + len(part) > self.limits.body:
                raise _Refusal(413, f"a body of more than {self.limits.body} bytes")
            if self._held + len(part) > _BODIES_HELD * self.limits.body:
                raise _Refusal(503, "too many large requests at one time", headers={"Retry-After": "5"})
            body += part
            self._held += len(part)

    async def _result(self, request: Request, line: _Line, job: asyncio.Task) -> Response:
        gone = asyncio.ensure_future(request.receive())  # after the body only the end of the connection comes
        try:
            await asyncio.wait({job, gone}, timeout=self.limits.timeout, return_when=asyncio.FIRST_COMPLETED)
            if job.done():
                return job.result()
            if gone.done():
                raise ClientDisconnect
            raise _Refusal(504, f"{line.name} took more than {self.limits.timeout:g} s, waiting included")
        finally:
            gone.cancel()
            line.give_up(job)

    def _check_token(self, request: Request) -> None:
        if self._token is None:
            return
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        # Header values are Latin-1. The comparison takes as long for a wrong token as for one that is nearly right.
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode("latin-1"), self._token.encode()):
            raise _Refusal(401, "this server wants Authorization: Bearer TOKEN", headers={"WWW-Authenticate": "Bearer"})

    async def _health(self, request: Request) -> Response:
        return JSONResponse({"healthy": True})

    async def _ready(self, request: Request) -> Response:
        waiting = {name: line.waiting for name, line in self._lines.items()}
        return JSONResponse({"ready": self.ready, "waiting": waiting}, 200 if self.ready else 503)

    async def _openapi(self, request: Request) -> Response:
        return JSONResponse(self._description)

    async def _docs(self, request: Request) -> Response:
        return HTMLResponse(
            self._page, headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
        )


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
                http="h11",  # the other parser has no limit on headers
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
        """Idle is a connection whose client has a request to send, or a reply to fetch."""
        connections, before, self._idle = list(self.server_state.connections), self._idle, {}
        for connection in connections:
            last = connection.cycle  # the last request and its response
            if last is None or last.response_complete:
                since, known = before.get(connection, (now, last))
                self._idle[connection] = (since if known is last else now, last)
        surplus = len(connections) - _MAX_CONNECTIONS
        for connection, (since, _) in sorted(self._idle.items(), key=lambda item: item[1][0]):
            if surplus > 0 or now - since > self._service.limits.transfer:
                connection.transport.abort()
                surplus -= 1


def _reply(status: str, message: str = "", results: Any = "", code: int = 200, headers: Any = None) -> Response:
    """PaddleHub's."""
    return JSONResponse({"status": status, "msg": message, "results": results}, code, headers)


def _unready(stopping: bool) -> _Refusal:
    if stopping:
        return _Refusal(503, "the server is being stopped", headers={"Retry-After": "10", "Connection": "close"})
    return _Refusal(503, "the modules are being loaded", headers={"Retry-After": "5"})


# Starlette runs these in the event loop only if they are coroutines.


async def _refused(request: Request, error: _Refusal) -> Response:
    return error.response


async def _http_error(request: Request, error: HTTPException) -> Response:
    return _reply("101", f"{error.detail}; /docs says what there is", code=error.status_code, headers=error.headers)


async def _gone(request: Request, error: ClientDisconnect) -> Response:
    return Response(status_code=400)  # which nobody reads


async def _failed(request: Request, error: Exception) -> Response:
    return _reply("101", "the server failed; its log says why", code=500)
