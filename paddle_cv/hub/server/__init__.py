"""A server for modules, with PaddleHub's address and replies, and with limits; `paddle-cv serve` is the program.

`hub serving` listens on all interfaces, asks nobody who they are, takes bodies of any size, and is blocked by one client that sends
half a request. Here each module computes in a thread of its own, one request after the other. What may wait for it, what a body may
take, and how long anything may last is bounded, and nothing that a client sends is worked on in the thread that serves the others.

The reply is always {"status", "msg", "results"}. Where PaddleHub answers, the answer is PaddleHub's: HTTP status 200 with "000",
"101" (the module refused, or failed) or "111" (no such module). What PaddleHub does not know has an HTTP status of its own.
"""

from .limits import Limits
from .line import installed_module
from .program import Server
from .service import Service

__all__ = ["Limits", "Server", "Service", "installed_module"]
