"""Graphs exported from networks, in Paddle's format and in ONNX, and the cache that engines keep them in."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Optional

import numpy as np
import paddle
from paddle import nn

from ..models.tracing import paddle_lock, trace_as_written
from ..version import __version__
from ..weights import cache_folder
from .exportable import exportable
from .memory import bytes_per_pixel
from .shuffles import shuffles_moved

__all__ = ["OPSET", "ExportError", "Shapes", "cached_graph", "graph_memory", "write_onnx_graph", "write_paddle_graph"]

logger = logging.getLogger(__name__)

#: Of each input, without the batch; None for sides that vary.
Shapes = Sequence[Sequence[Optional[int]]]

#: Version of ONNX's operators that graphs are exported to.
OPSET = 17

# Goes up with any change of what is written into a folder of the cache.
_LAYOUT = 2
_CHECKSUMS = "checksums.json"
_MEMORY = "memory.json"


class ExportError(RuntimeError):
    """A network that cannot be exported; the message says why."""


def write_paddle_graph(
    network: nn.Layer, shapes: Shapes, folder: Path, kind: str = "paddle", improve: bool = True
) -> None:
    """Writes `model.json` and, where the network has weights, `model.pdiparams` into a folder.

    Args:
        network: The network; it is put into eval mode. Inputs of the graph are called `input_0`, `input_1` ...
        shapes: Shape of each input without the batch, None for sides that vary.
        folder: An existing folder.
        kind: `onnx` for a graph that will be converted to it.
        improve: Put operations in an order that takes less time (`shuffles_moved`).
    """
    network.eval()
    moved = shuffles_moved(network, shapes, kind) if improve else nullcontext()
    with paddle_lock, exportable(network, kind), moved:
        trace_as_written(network)
        specs = [
            paddle.static.InputSpec([None, *shape], "float32", f"input_{number}") for number, shape in enumerate(shapes)
        ]
        paddle.jit.save(network, str(folder / "model"), input_spec=specs)


# In a process of its own: what the converter does not know makes it abort the process that it runs in. Without a tool to
# optimise the graph, as the default one installs packages by pip while it works; engines optimise graphs themselves.
_CONVERT = """
import sys, paddle2onnx
source, target, opset = sys.argv[1:]
paddle2onnx.export(source + ".json", source + ".pdiparams", target, int(opset), auto_upgrade_opset=False, optimize_tool="none")
"""


def write_onnx_graph(network: nn.Layer, shapes: Shapes, folder: Path, opset: int = OPSET, improve: bool = True) -> None:
    """Writes `model.onnx` into a folder; the arguments are those of `write_paddle_graph`.

    Raises:
        ExportError: Something in the network has no form in ONNX at this opset, or paddle2onnx is not installed.
    """
    if importlib.util.find_spec("paddle2onnx") is None:
        raise ExportError(
            'ONNX graphs are written by paddle2onnx, which is not installed: pip install "paddle-cv[onnx]"'
        )
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        write_paddle_graph(network, shapes, Path(temporary), "onnx", improve)
        source, target = str(Path(temporary) / "model"), folder / "model.onnx"
        path = os.pathsep.join(entry for entry in sys.path if entry)
        result = subprocess.run(
            [sys.executable, "-c", _CONVERT, source, str(target), str(opset)],
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    if result.returncode or not target.is_file():
        raise ExportError(f"paddle2onnx cannot convert {type(network).__name__}: {_reason(result.stdout)}")


def _reason(log: str) -> str:
    """What a converter's log says of the failure; all of it where nothing looks like a reason."""
    marked = [line.partition("[Paddle2ONNX]")[2].strip() for line in log.splitlines() if "[ERROR][Paddle2ONNX]" in line]
    helpful = [line for line in marked if line and "aborted" not in line and line != "There are unsupported features."]
    failures = [line.partition("[ERROR]")[2].strip() for line in log.splitlines() if "Failed to convert" in line]
    return "; ".join(dict.fromkeys(helpful or failures or marked)) or log.strip()[-2000:]


_WRITERS = {"paddle": write_paddle_graph, "onnx": write_onnx_graph}


def cached_graph(network: nn.Layer, shapes: Shapes, kind: str) -> Path:
    """The folder of an exported graph; it is made at the first call and found again by later ones and other processes.

    A folder gets its name when it is whole, and what is in it is checked against its hashes before it is used: a damaged
    graph is exported again. Where the cache cannot be written to, the graph is for this process only.

    Args:
        network: The network; it is put into eval mode.
        shapes: Shape of each input without the batch, None for sides that vary.
        kind: `paddle` (the files of `write_paddle_graph`) or `onnx` (that of `write_onnx_graph`).

    Raises:
        ExportError: The network has no form in ONNX.
    """
    name = f"{type(network).__name__.lower()}-{kind}-{_graph_key(network, shapes, kind)}"
    folder = cache_folder() / "graphs" / name
    with paddle_lock:
        if _intact(folder):
            return folder
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(prefix=".export-", dir=folder.parent))
        except OSError as error:
            folder = Path(tempfile.mkdtemp(prefix="paddle_cv-"))
            logger.warning(
                "cannot write to the cache (%s); the graph is exported to %s for this process only", error, folder
            )
            _write(network, shapes, kind, folder)
            return folder
        try:
            _write(network, shapes, kind, temporary)
            sums = {file.name: _sha256(file) for file in sorted(temporary.iterdir())}
            (temporary / _CHECKSUMS).write_text(json.dumps(sums), encoding="utf-8")
            _put_in_place(temporary, folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _write(network: nn.Layer, shapes: Shapes, kind: str, folder: Path) -> None:
    _WRITERS[kind](network, shapes, folder)
    with exportable(network, kind), shuffles_moved(network, shapes, kind):
        memory = bytes_per_pixel(network, shapes)
    (folder / _MEMORY).write_text(json.dumps(memory), encoding="utf-8")


def graph_memory(folder: Path) -> int:
    """Bytes that each pixel of the input takes while the graph in a folder of `cached_graph` runs."""
    return json.loads((folder / _MEMORY).read_text(encoding="utf-8"))


def _graph_key(network: nn.Layer, shapes: Shapes, kind: str) -> str:
    """Changes with structure, hyperparameters, weights, and the versions of this library and of what writes the graph."""
    versions = f"{_LAYOUT} {__version__} {paddle.__version__}"
    if kind == "onnx":
        versions += f" {_version('paddle2onnx')} {OPSET}"
    digest = hashlib.sha256(f"{versions} {shapes} {network}".encode())
    for name, layer in network.named_sublayers(include_self=True):
        # A factor or a number of recursions shows in no weight.
        facts = {
            key: value for key, value in vars(layer).items() if isinstance(value, (bool, int, float, str, list, tuple))
        }
        facts = {key: value for key, value in facts.items() if not key.startswith("_") and key != "training"}
        digest.update(f"{name} {sorted(facts.items())}".encode())
    for name, value in {**network.state_dict(), **dict(network.named_buffers())}.items():
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(value.numpy()).tobytes())
    return digest.hexdigest()[:20]


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "none"


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with open(file, "rb") as stream:
        for block in iter(lambda: stream.read(2**20), b""):
            digest.update(block)
    return digest.hexdigest()


def _intact(folder: Path) -> bool:
    try:
        sums = json.loads((folder / _CHECKSUMS).read_text(encoding="utf-8"))
        return all(_sha256(folder / name) == value for name, value in sums.items())
    except (OSError, ValueError, AttributeError):
        return False


def _put_in_place(temporary: Path, folder: Path) -> None:
    try:
        os.replace(temporary, folder)
    except OSError:
        if _intact(folder):  # another process was first
            return
        damaged = Path(tempfile.mkdtemp(prefix=".damaged-", dir=folder.parent))
        os.replace(folder, damaged / folder.name)
        os.replace(temporary, folder)
        shutil.rmtree(damaged, ignore_errors=True)
