"""A client's connection: uvicorn's, with bounds on what its parser works on, and with an end that lets clients read the reply."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["MAX_HEAD", "Connection"]

#: Bytes of a request's line and headers, about.
MAX_HEAD = 2**14
# What asyncio reads at once, a quarter of a megabyte, is parsed in pieces, so that bounds on what is incomplete hold.
_PIECE = 2**14
# A chunk costs the parser as much time as some kilobytes do. So many are free; the others have to be of so many bytes on average.
_FREE_CHUNKS, _BYTES_A_CHUNK = 1000, 1024


class _Parser(h11.Connection):
    """Counts chunks, and says that the connection will be closed where a reply begins before its request is whole."""

    answered_early = False
    _chunks = _bytes = 0

    def next_event(self) -> Any:
        event = super().next_event()
        if isinstance(event, h11.Request):
            self._chunks = self._bytes = 0
        elif isinstance(event, h11.Data):
            self._chunks += event.chunk_start
            self._bytes += len(event.data)
            if self._chunks > _FREE_CHUNKS + self._bytes // _BYTES_A_CHUNK:
                raise h11.RemoteProtocolError("too many small chunks")
        return event

    def send(self, event: h11.Event) -> bytes | None:
        if isinstance(event, h11.Response) and self.their_state is h11.SEND_BODY:
            self.answered_early = True
            headers = [(name, value) for name, value in event.headers if name != b"connection"]
            event = h11.Response(
                status_code=event.status_code, headers=[*headers, (b"connection", b"close")], reason=event.reason
            )
        return super().send(event)


class _Transport:
    """The transport as uvicorn sees it."""

    def __init__(self, transport: asyncio.Transport, connection: Connection):
        self._transport, self._connection = transport, connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def close(self) -> None:
        """Closes at once, or leaves it to the client where that is sending still.

        The system answers what arrives at a closed socket by a reset, at which clients throw away the reply.
        """
        if self._connection.conn.their_state in (h11.SEND_BODY, h11.ERROR) and not self._transport.is_closing():
            self._connection.leave()
        else:
            self._transport.close()


class Connection(H11Protocol):
    """A client's connection.

    Replies leave at once (TCP_NODELAY): otherwise the last piece of a reply waits for the client's system to confirm those before,
    which takes 40 ms. What a client sends after a reply that has come before the request's end is thrown away without a look.

    Attributes:
        leaving: The reply is sent, and the client is expected to close.
    """

    def __init__(self, *arguments: Any, **options: Any):
        super().__init__(*arguments, **options)
        self.conn = _Parser(h11.SERVER, MAX_HEAD)
        self.leaving = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        peer = transport.get_extra_info("socket")
        if peer is not None and peer.family in (socket.AF_INET, socket.AF_INET6):
            with contextlib.suppress(OSError):  # the client has gone
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(_Transport(transport, self))  # type: ignore[arg-type]

    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), _PIECE):
            if self.leaving or self.conn.answered_early or self.transport.is_closing():
                return
            super().data_received(data[start : start + _PIECE])

    def send_400_response(self, msg: str) -> None:
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
            if self.cycle is not None:  # whoever reads the body
                self.cycle.disconnected = True
                self.cycle.message_event.set()
        else:  # in the middle of a reply
            self.transport.abort()

    def shutdown(self) -> None:
        if self.leaving:
            self.transport.abort()
        else:
            super().shutdown()

    def leave(self) -> None:
        """Says that nothing more will come, and throws away what the client sends until it closes, or its time is over."""
        self.leaving = True
        with contextlib.suppress(OSError):
            self.transport.write_eof()
        self.flow.resume_reading()

    @property
    def waits_for_client(self) -> bool:
        """Whether the client has a request to send, or a reply to fetch."""
        return self.leaving or self.cycle is None or self.cycle.response_started
