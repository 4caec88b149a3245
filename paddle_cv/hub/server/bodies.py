"""The bodies of requests, which together may take so much memory and no more."""

from __future__ import annotations

import asyncio

__all__ = ["Bodies", "Body", "NoRoom", "TooLarge"]

# Bodies up to this size may use all the memory, larger ones three quarters of it.
_SMALL = 2**20


class TooLarge(Exception):
    """A body is larger than any may be."""


class NoRoom(Exception):
    """There is no room for a body beside the others."""


class Body:
    """A body that arrives in parts; a context that holds its memory."""

    def __init__(self, bodies: Bodies):
        self._bodies = bodies
        self.content = bytearray()
        self.dropped = False
        self._reader: asyncio.Task | None = None

    def __enter__(self) -> Body:
        self._reader = asyncio.current_task()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def add(self, part: bytes) -> None:
        """Appends what has arrived.

        Raises:
            TooLarge: The body is larger than any may be.
            NoRoom: There is no room for it.
        """
        self._bodies.make_room(self, len(part))
        self.content += part

    def finish(self) -> None:
        """It is whole, and will not be dropped any more."""
        self._bodies.arriving.pop(self, None)

    def release(self) -> None:
        """Gives the memory back."""
        self._bodies.arriving.pop(self, None)
        self._bodies.held -= len(self.content)
        self.content = bytearray()

    def drop(self) -> None:
        """Ends the task that reads this body, for the sake of another one."""
        self.release()
        self.dropped = True
        self._reader.cancel()


class Bodies:
    """All bodies that are held.

    Clients that send large bodies slowly could hold all the memory for as long as they may take. So a body for which there is no
    room takes the place of the largest one that is larger than itself and not whole yet; that request is refused. And large
    bodies, whole ones included, leave some room for small ones.

    Args:
        largest: Bytes of one body.
        room: Bytes of all.
    """

    def __init__(self, largest: int, room: int):
        self.largest, self._room, self.held = largest, room, 0
        self.arriving: dict[Body, None] = {}  # in the order of their coming

    def new(self) -> Body:
        body = Body(self)
        self.arriving[body] = None
        return body

    def make_room(self, body: Body, more: int) -> None:
        size = len(body.content) + more
        if size > self.largest:
            raise TooLarge
        room = self._room if size <= _SMALL else self._room * 3 // 4
        while self.held + more > room:
            other = max(self.arriving, key=lambda other: len(other.content))
            if len(other.content) <= size or other is body:
                raise NoRoom
            other.drop()
        self.held += more
