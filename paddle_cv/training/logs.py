"""The log file of a run."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
from collections.abc import Callable, Iterator
from pathlib import Path

from tqdm.contrib.logging import logging_redirect_tqdm

__all__ = ["log_to"]

_FORMAT = logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S")


@contextlib.contextmanager
def log_to(path: str | Path) -> Iterator[Callable[[bool], None]]:
    """While it lasts, this library's messages go to a file and, past a progress bar, to the terminal.

    Gives:
        A function that opens the file: a new one where it is called with True, else the messages go to its end. What was logged
        before is written then, so that a run which does not begin leaves no file.
    """
    logger = logging.getLogger("paddle_cv")
    terminal = logging.StreamHandler()
    terminal.setFormatter(_FORMAT)
    held = logging.handlers.MemoryHandler(10**6, flushLevel=logging.CRITICAL + 1, flushOnClose=False)
    handlers = [terminal, held]

    def begin(anew: bool) -> None:
        file = logging.FileHandler(path, mode="w" if anew else "a", encoding="utf-8")
        file.setFormatter(_FORMAT)
        held.setTarget(file)
        held.flush()
        logger.removeHandler(held)
        logger.addHandler(file)
        handlers.append(file)

    for handler in handlers:
        logger.addHandler(handler)
    level, propagate = logger.level, logger.propagate
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        with logging_redirect_tqdm([logger]):
            yield begin
    except BaseException as error:
        # To the file only: what the terminal shows is up to the program.
        logger.removeHandler(terminal)
        logger.error("stopped by %s", type(error).__name__, exc_info=not isinstance(error, KeyboardInterrupt))
        raise
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()
        logger.setLevel(level)
        logger.propagate = propagate
