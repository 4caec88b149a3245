"""A module in a thread of its own, and the requests that wait for it."""

from __future__ import annotations

import ast
import asyncio
import json
import logging
import math
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from paddlehub.module.manager import LocalModuleManager

from ..base import NetworkModule
from ..serving import Failure, Proceed, Stopped
from .replies import Held, Refusal, Reply

__all__ = ["Job", "Line", "installed_module"]

logger = logging.getLogger(__name__)

# Brackets, braces and commas of a body; what is asked for has about ten. A few megabytes of them become hundreds when they are
# parsed, and nested deeply enough they end the parser.
_MAX_MARKS = 100
# Bodies up to this size are computed together with others.
_SMALL = 2**20


def installed_module(name: str) -> type[NetworkModule]:
    """The class of a module of this project that is installed in HUB_HOME.

    `hub.Module` would look for an absent one on the network, and tell PaddleHub's server of each that is loaded. Paths, and
    modules whose source does not take its class from this project, are refused before anything in them is imported.

    Raises:
        ValueError: There is none, it cannot be imported, or it belongs to somebody else: what such a module does with the keys of
            a body is not known.
    """
    if not re.fullmatch(r"\w+", name):
        raise ValueError(f"{name!r} is not a module's name; hub install makes a module of a folder")
    others = f"{name} is not a module of this project; `hub serving start -m {name}` serves it"
    manager = LocalModuleManager()
    source = Path(manager.home) / name / "module.py"
    if source.is_file() and not _is_of_this_project(source):
        raise ValueError(others)
    module = manager.search(name)
    if module is None:
        raise ValueError(
            f"no module {name} is installed, or it cannot be imported: python -m paddle_cv hub install {name}"
        )
    if not issubclass(module, NetworkModule):
        raise ValueError(others)
    return module


def _is_of_this_project(source: Path) -> bool:
    """Whether a module's source takes its class from `paddle_cv.hub`, as far as can be seen without running it."""
    try:
        tree = ast.parse(source.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    packages = [node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)]
    return any(package.split(".")[:2] == ["paddle_cv", "hub"] for package in packages)


class Job:
    """A request that waits for a module, or is computed.

    Attributes:
        reply: What comes of it.
        given_up: Nobody waits for it any more.
    """

    def __init__(self, body: bytearray):
        self.body, self.given_up = body, False
        self.reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()


class Line:
    """A module in its thread, and the requests that wait for it. Its methods are called in the event loop.

    Args:
        module_class: The module.
        queue: How many requests may wait beside the one that is computed.
        held: Replies that have not been fetched.

    Attributes:
        working: The thread computes, or loads the module.
    """

    def __init__(self, module_class: type[NetworkModule], queue: int, held: Held):
        self.name, self._class, self._places, self._held = module_class.name, module_class, queue + 1, held
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=self.name)
        self._jobs: dict[Job, None] = {}  # as they came
        self._running: list[Job] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._seconds = 1.0
        self.working = False

    async def load(self) -> None:
        self._turn = asyncio.Lock()
        self._module = await self._in_thread(self._class)
        await self._in_thread(self._module.predictor)

    @property
    def waiting(self) -> int:
        return len(self._jobs) - len(self._running)

    def check_place(self) -> None:
        """Raises a 503 where as many wait as may."""
        if len(self._jobs) >= self._places:
            seconds = min(max(1, math.ceil(self._seconds * len(self._jobs))), 60)
            raise Refusal(503, f"{self.waiting} requests wait for {self.name}", headers={"Retry-After": str(seconds)})

    def submit(self, body: bytearray) -> Job:
        """Puts a request in the line; refused as by `check_place`."""
        self.check_place()
        job = Job(body)
        self._jobs[job] = None
        task = asyncio.create_task(self._compute(job))
        self._tasks.add(task)  # the event loop itself would let it be collected
        task.add_done_callback(self._tasks.discard)
        job.reply.add_done_callback(lambda _: self._jobs.pop(job))
        return job

    def give_up(self, job: Job) -> None:
        """Nobody waits for this job any more: it leaves the line, or ends where the computation next looks."""
        job.given_up = True
        if not job.reply.done():
            if job not in self._running:
                job.reply.cancel()
        elif not job.reply.cancelled() and not job.reply.exception():
            job.reply.result().release()

    async def _compute(self, job: Job) -> None:
        async with self._turn:
            if job.reply.done():  # given up, or computed together with another
                return
            await self._held.wait()
            if job.reply.done():
                return
            self._running, started = self._batch(job), time.monotonic()
            try:
                for one, reply in zip(self._running, await self._in_thread(respond, self._module, self._running)):
                    if not one.given_up:
                        reply.count_in(self._held)  # here, and not where it is sent: the next request looks at once
                    one.reply.set_result(reply)
            except Exception as error:
                job.reply.set_exception(error)
            finally:
                self._running, self._seconds = [], time.monotonic() - started

    def _batch(self, first: Job) -> list[Job]:
        """This job, and those small ones that wait behind it and may be computed together with it."""
        others = [job for job in self._jobs if job is not first and not job.reply.done()]
        if len(first.body) > _SMALL:
            return [first]
        return [first, *(job for job in others if len(job.body) <= _SMALL)][: self._class.serving_together]

    async def _in_thread(self, function: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._work, function, *arguments)

    def _work(self, function: Any, *arguments: Any) -> Any:
        self.working = True
        try:
            return function(*arguments)
        finally:
            self.working = False


def respond(module: NetworkModule, jobs: list[Job]) -> list[Reply]:
    """From bodies to replies; all of it takes time, and happens in the module's thread.

    Returns:
        A reply for each job, or for the first of them at least.
    """

    def proceed() -> None:
        if all(job.given_up for job in jobs):
            raise Stopped

    read = [_parsed(job.body) for job in jobs]
    requests = [keys for keys in read if not isinstance(keys, Reply)]
    results = iter(_results(module, requests, proceed))
    replies: list[Reply] = []
    for keys in read:
        reply = keys if isinstance(keys, Reply) else next(results, None)
        if reply is None:  # there was no room for this one
            break
        replies.append(reply)
    return replies


def _parsed(body: bytearray) -> dict[str, Any] | Reply:
    """The keys of a body, or its refusal."""
    if sum(body.count(mark) for mark in b"[{,") > _MAX_MARKS:
        return Reply("101", f"more than {_MAX_MARKS} brackets, braces and commas: this is no request", code=400)
    try:
        keys = json.loads(body)
    except ValueError as error:  # UnicodeDecodeError among them
        return Reply("101", f"the body is not JSON: {error}", code=400)
    return keys if isinstance(keys, dict) else Reply("101", 'the body must be a JSON object: {"images": [base64, ...]}')


def _results(module: NetworkModule, requests: list[dict[str, Any]], proceed: Proceed) -> list[Reply]:
    """Of those that are requests."""
    try:
        return [_reply(result) for result in module.serve_together(requests, proceed)]
    except Stopped:
        return [Reply("101", "nobody waits for this any more", code=504)] * len(requests)
    except Exception:
        logger.exception("%s failed", module.name)
        return [Reply("101", f"{module.name} failed; the server's log says why") for _ in requests]


def _reply(result: list[Any] | ValueError) -> Reply:
    if isinstance(result, ValueError):
        return Reply("101", str(result))
    return Reply("000", "\n".join(entry["error"] for entry in result if isinstance(entry, Failure)), result)
