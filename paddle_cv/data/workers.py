"""Processes that work for another one."""

from __future__ import annotations

import os
import threading
import time

__all__ = ["end_with_parent"]


def end_with_parent(parent: int) -> None:
    """Called in a process, lets it end when its parent has been killed; it would wait for work for ever.

    Args:
        parent: The parent's number, from the parent itself: it may be dead before its child has asked for it.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
