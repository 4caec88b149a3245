"""Tracing networks quickly, and without disturbing other threads."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paddle import nn

__all__ = ["paddle_lock", "trace_as_written"]

#: Held while a network is traced, and while one computes as a Layer. Tracing switches the whole process to static graphs, and a
#: thread that meets paddle for the first time meanwhile stays there for good.
paddle_lock = threading.RLock()


def trace_as_written(network: nn.Layer) -> None:
    """Tells Paddle's tracer to run the code of this project's layers as it stands.

    By default it rewrites the source of each function first, for control flow that depends on tensors. None of ours does, and the
    rewriting takes half of the time that a trace takes.
    """
    import paddle

    package = __name__.rpartition(".")[0]
    modules = {type(layer).__module__ for layer in network.sublayers(include_self=True)}
    paddle.jit.ignore_module([sys.modules[name] for name in sorted(modules) if name.startswith(package)])
