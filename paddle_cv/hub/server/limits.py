"""What a server allows."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """What a server allows.

    Attributes:
        body: Bytes of a request's body.
        queue: Requests that may wait for each module, beside the one that is computed.
        timeout: Seconds from when a request has been read to its reply.
        transfer: Seconds that a client may take to send a request, and to fetch its reply.
        bodies: Bytes of all bodies that are held at one time.
        replies: Bytes of replies that wait to be fetched; beyond them no module begins another request.
        connections: Open connections. Beyond them those are closed that have been idle for longest.
    """

    body: int = 32 * 2**20
    queue: int = 16
    timeout: float = 120
    transfer: float = 60
    bodies: int = 256 * 2**20
    replies: int = 256 * 2**20
    connections: int = 500
