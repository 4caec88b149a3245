"""The log file of a run."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Union

from tqdm.contrib.logging import logging_redirect_tqdm

__all__ = ["log_to"]


@contextlib.contextmanager
def log_to(path: Union[str, Path]) -> Iterator[None]:
    """While it lasts, this library's messages go to the end of a file and, past a progress bar, to the terminal."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    logger = logging.getLogger("paddle_cv")
    handlers = [logging.FileHandler(path, encoding="utf-8"), logging.StreamHandler()]
    for handler in handlers:
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
        logger.addHandler(handler)
    level, propagate = logger.level, logger.propagate
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        with logging_redirect_tqdm([logger]):
            yield
    except BaseException as error:
        # To the file only: what the terminal shows is up to the program.
        logger.removeHandler(handlers[1])
        logger.error("stopped by %s", type(error).__name__, exc_info=not isinstance(error, KeyboardInterrupt))
        raise
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()
        logger.setLevel(level)
        logger.propagate = propagate
