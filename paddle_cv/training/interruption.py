"""Ctrl-C and SIGTERM: the first one asks a run to end, a second one ends it at once."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Interrupted", "Interruption", "leave_signals_to_parent"]

logger = logging.getLogger(__name__)

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_END = 0  # no signal has this number
#: Seconds within which signals are one: a terminal and a launcher may both send it, and a process just forked hands its own on.
_TOGETHER = 0.3


class Interrupted(Exception):
    """Raised within work that need not be finished, such as a validation."""


class Interruption:
    """Whether somebody wants the run to end.

    A thread of its own notices the signals: Python's handlers have to wait for the operation that is computed, which may be a
    whole step.

    Attributes:
        requested: Whether there was a signal.
    """

    def __init__(self) -> None:
        self.requested = False

    def check(self) -> None:
        """Raises `Interrupted` where the run shall end."""
        if self.requested:
            raise Interrupted

    @contextmanager
    def watch(self) -> Iterator[None]:
        """While it lasts, the signals are taken; outside of the main thread they are left alone."""
        try:
            before = {number: signal.signal(number, _nothing) for number in _SIGNALS}
        except ValueError:  # not the main thread
            yield
            return
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        former = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        thread = threading.Thread(target=self._listen, args=(reader,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            signal.set_wakeup_fd(former)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.write(writer, bytes([_END]))  # not by closing it: processes that were forked meanwhile have it open
            thread.join()
            os.close(writer)
            os.close(reader)

    def _listen(self, reader: int) -> None:
        first = 0.0
        while True:
            for number in os.read(reader, 64):
                if number == _END:
                    return
                if number not in _SIGNALS or (self.requested and time.monotonic() - first < _TOGETHER):
                    continue
                if self.requested:
                    os._exit(128 + number)  # nothing is half written: files get their names when they are whole
                self.requested, first = True, time.monotonic()
                logger.info(
                    "stopping after this step; once more ends the run at once, without the steps since the last save"
                )


def leave_signals_to_parent() -> None:
    """In a process forked within `watch`: Ctrl-C reaches it as well, and is the parent's business; SIGTERM ends it."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _nothing(*_: object) -> None:
    """A handler, so that the signal is written to the pipe and does nothing else."""
