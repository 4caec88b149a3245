"""Replies: in PaddleHub's form, sent piece by piece, and bounded by what they take together."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

__all__ = ["Held", "Refusal", "Reply"]

_PIECE = 2**18


class Held:
    """The bytes of replies that have not been fetched.

    Args:
        room: Bytes; beyond them `wait` waits.
    """

    def __init__(self, room: int):
        self._room, self.bytes = room, 0
        self._changed = asyncio.Event()

    def add(self, count: int) -> None:
        self.bytes += count
        self._changed.set()

    async def wait(self) -> None:
        """Returns when there is room."""
        while self.bytes > self._room:
            self._changed.clear()
            await self._changed.wait()


class Reply(JSONResponse):
    """{"status", "msg", "results"}, as PaddleHub answers.

    Args:
        status: PaddleHub's: "000" is well.
        message: What is wrong.
        results: An entry for each picture.
        code: HTTP's status.
        headers: More headers.
    """

    held: Held | None = None

    def __init__(
        self,
        status: str,
        message: str = "",
        results: Any = "",
        code: int = 200,
        headers: Mapping[str, str] | None = None,
    ):
        super().__init__({"status": status, "msg": message, "results": results}, code, headers)
        self.status = status

    def count_in(self, held: Held) -> None:
        """Counts it among what is held until it is sent or `release` is called."""
        self.held = held
        held.add(len(self.body))

    def release(self) -> None:
        """It is sent, or nobody wants it."""
        if self.held:
            self.held.add(-len(self.body))
            self.held = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            whole = memoryview(self.body)
            for start in range(0, len(whole), _PIECE):  # each waits until the client has fetched most of those before
                piece = bytes(whole[start : start + _PIECE])
                more = start + _PIECE < len(whole)
                await send({"type": "http.response.body", "body": piece, "more_body": more})
        finally:
            self.release()


class Refusal(Exception):
    """Ends a request with an HTTP status that PaddleHub does not use."""

    def __init__(self, code: int, message: str, status: str = "101", headers: Mapping[str, str] | None = None):
        super().__init__(message)
        self.response = Reply(status, message, code=code, headers=headers)
