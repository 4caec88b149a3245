"""The cache of exported graphs: exports them, and finds them again."""

from __future__ import annotations

import atexit
import functools
import json
import logging
import os
import shutil
import tempfile
import time
from pathlib import Path

from paddle import nn

from ..models.tracing import paddle_lock
from .counting import bytes_per_pixel
from .exportable import exportable
from .folder import CHECKSUMS, MEMORY, intact, own_folder, sha256
from .graph_key import graph_key
from .graphs import Shapes, write_onnx_graph, write_paddle_graph
from .shuffles import shuffles_moved

__all__ = ["cached_graph"]

logger = logging.getLogger(__name__)

# Seconds after which a folder that nobody has finished was left by a process that was killed.
_ABANDONED = 24 * 60 * 60

_WRITERS = {
    "paddle": write_paddle_graph,
    "onnx": write_onnx_graph,
    "openvino": functools.partial(write_onnx_graph, kind="openvino"),
}
# Graphs that no cache takes, by their names; they go when the process ends.
_of_this_process: dict[str, Path] = {}


def cached_graph(network: nn.Layer, shapes: Shapes, kind: str) -> Path:
    """The folder of an exported graph; it is made at the first call and found again by later ones and other processes.

    A folder gets its name when it is whole, and what is in it is checked against its hashes before it is used: a damaged
    graph is exported again. Where the cache cannot be written to, or is not this user's alone, the graph is for this process only.

    Args:
        network: The network; it is put into eval mode.
        shapes: Shape of each input without the batch, None for sides that vary.
        kind: `paddle` (the files of `write_paddle_graph`), `onnx` or `openvino` (that of `write_onnx_graph`).

    Raises:
        ExportError: The network has no form in ONNX.
        OSError: There is no place at all to write to.
    """
    name = f"{type(network).__name__.lower()}-{kind}-{graph_key(network, shapes, kind)}"
    with paddle_lock:
        try:
            return _in_cache(name, network, shapes, kind)
        except OSError as error:
            logger.warning("the cache of graphs cannot be used (%s); the graph is for this process only", error)
        if name in _of_this_process:
            return _of_this_process[name]
        folder = Path(tempfile.mkdtemp(prefix="paddle_cv-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        _write(network, shapes, kind, folder)
        return _of_this_process.setdefault(name, folder)


def _in_cache(name: str, network: nn.Layer, shapes: Shapes, kind: str) -> Path:
    graphs = own_folder()
    folder = graphs / name
    if intact(folder):
        return folder
    _remove_abandoned(graphs)
    temporary = Path(tempfile.mkdtemp(prefix=".export-", dir=graphs))
    try:
        _write(network, shapes, kind, temporary)
        sums = {file.name: sha256(file) for file in sorted(temporary.iterdir())}
        (temporary / CHECKSUMS).write_text(json.dumps(sums), encoding="utf-8")
        _put_in_place(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _remove_abandoned(graphs: Path) -> None:
    for folder in (*graphs.glob(".export-*"), *graphs.glob(".damaged-*")):
        try:
            if time.time() - folder.stat().st_mtime > _ABANDONED:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # another process removed it
            continue


def _write(network: nn.Layer, shapes: Shapes, kind: str, folder: Path) -> None:
    _WRITERS[kind](network, shapes, folder)
    with exportable(network, kind), shuffles_moved(network, shapes, kind):
        memory = bytes_per_pixel(network, shapes)
    (folder / MEMORY).write_text(json.dumps(memory), encoding="utf-8")


def _put_in_place(temporary: Path, folder: Path) -> None:
    try:
        os.replace(temporary, folder)
    except OSError:
        if intact(folder):  # another process was first
            return
        damaged = Path(tempfile.mkdtemp(prefix=".damaged-", dir=folder.parent))
        try:
            os.replace(folder, damaged / folder.name)
            os.replace(temporary, folder)
        finally:
            shutil.rmtree(damaged, ignore_errors=True)
