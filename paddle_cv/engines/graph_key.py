"""The name under which a graph is kept: it changes with everything that the graph depends on."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import paddle
from paddle import nn

from ..version import __version__
from .folder import digest_of_sources
from .graphs import OPSET, Shapes

__all__ = ["graph_key"]

# Goes up with any change of what is written into a folder of the cache.
_LAYOUT = 3


# When this module is imported: the files may be others later, while the code stays the same.
_OWN_SOURCES = digest_of_sources("models", "engines")


def graph_key(network: nn.Layer, shapes: Shapes, kind: str) -> str:
    """Changes with the code, hyperparameters and weights of the network, and with all that writes the graph.

    Args:
        network: The network.
        shapes: Shape of each input without the batch, None for sides that vary.
        kind: `paddle`, `onnx` or `openvino`.
    """
    versions = f"{_LAYOUT} {__version__} {paddle.__version__}"
    if kind != "paddle":
        versions += f" {_version('paddle2onnx')} {OPSET}"
    digest = hashlib.sha256(f"{versions} {shapes} {network} {_OWN_SOURCES}".encode())
    layers = list(network.named_sublayers(include_self=True))
    for name in sorted({kind.__module__ for _, layer in layers for kind in type(layer).__mro__}):
        digest.update(_module_digest(name))
    for name, layer in layers:
        # A factor or a number of recursions shows in no weight.
        facts = {
            key: value for key, value in vars(layer).items() if isinstance(value, (bool, int, float, str, list, tuple))
        }
        facts = {key: value for key, value in facts.items() if not key.startswith("_") and key != "training"}
        digest.update(f"{name} {sorted(facts.items())}".encode())
        for method, function in vars(layer).items():  # a forward that this layer alone was given
            if isinstance(function, (types.FunctionType, types.MethodType)):
                for part in _code(getattr(function, "__func__", function)):
                    digest.update(f"{method} {part}".encode())
    for name, value in {**network.state_dict(), **dict(network.named_buffers())}.items():
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(value.numpy()).tobytes())
    return digest.hexdigest()[:20]


def _module_digest(name: str) -> bytes:
    """Changes with the source of a module, and with its code as it was loaded: the file may have been edited since."""
    if name.partition(".")[0] in ("builtins", "paddle"):  # whose version is part of the key
        return b""
    module = sys.modules.get(name)
    digest = hashlib.sha256(name.encode())
    file = getattr(module, "__file__", None)
    if file and os.path.isfile(file):
        digest.update(Path(file).read_bytes())
    # Notebooks keep what was typed and shown in variables of these names.
    left_out = ("__",) if file else ("_", "In", "Out")
    for key, value in sorted(vars(module).items() if module else ()):
        if getattr(value, "__module__", name) == name and not key.startswith(left_out):
            for part in _code(value):
                digest.update(f"{key} {part}".encode())
    return digest.digest()


def _code(value: Any) -> Iterator[str]:
    """What a function, a class or a constant consists of, the same in each process; nothing for other objects."""
    if isinstance(value, types.FunctionType):
        yield from _code(value.__code__)
        yield from _code(value.__defaults__)
    elif isinstance(value, types.CodeType):
        yield f"{value.co_code.hex()} {value.co_names} {value.co_varnames}"
        for constant in value.co_consts:
            yield from _code(constant)
    elif isinstance(value, (staticmethod, classmethod)):
        yield from _code(value.__func__)
    elif isinstance(value, type):
        for key, part in vars(value).items():
            for piece in () if key.startswith("__") and key != "__init__" else _code(part):
                yield f"{key} {piece}"
    elif value is None or isinstance(value, (bool, int, float, str, bytes)):
        yield repr(value)
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from _code(part)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "none"
