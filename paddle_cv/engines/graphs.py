"""Graphs exported from networks, in Paddle's format and in ONNX."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

import paddle
from paddle import nn

from ..models.tracing import paddle_lock, trace_as_written
from ..private import leave_home_alone
from .basics import OPSET, ExportError, Shapes
from .exportable import exportable
from .shuffles import shuffles_moved

__all__ = ["OPSET", "ExportError", "Shapes", "write_onnx_graph", "write_paddle_graph"]


def write_paddle_graph(
    network: nn.Layer, shapes: Shapes, folder: Path, kind: str = "paddle", improve: bool = True
) -> None:
    """Writes `model.json` and, where the network has weights, `model.pdiparams` into a folder.

    Args:
        network: The network; it is put into eval mode. Inputs of the graph are called `input_0`, `input_1` ...
        shapes: Shape of each input without the batch, None for sides that vary.
        folder: An existing folder.
        kind: `onnx` or `openvino` for a graph that will be converted to ONNX, for whatever runs that or for OpenVINO.
        improve: Put operations in an order that takes less time (`shuffles_moved`).
    """
    network.eval()
    moved = shuffles_moved(network, shapes, kind) if improve else nullcontext()
    with paddle_lock, exportable(network, kind), moved:
        trace_as_written(network)
        leave_home_alone()
        specs = [
            paddle.static.InputSpec([None, *shape], "float32", f"input_{number}") for number, shape in enumerate(shapes)
        ]
        paddle.jit.save(network, str(folder / "model"), input_spec=specs)


# In a process of its own: what the converter does not know makes it abort the process that it runs in. Without a tool to
# optimise the graph, as the default one installs packages by pip while it works; engines optimise graphs themselves.
# Where sides vary, Paddle declares those of results that transposed convolutions and shuffles make as if pictures had no pixels.
_CONVERT = """
import sys, onnx, paddle2onnx
source, target, opset, any_size = sys.argv[1:]
paddle2onnx.export(source + ".json", source + ".pdiparams", target, int(opset), auto_upgrade_opset=False, optimize_tool="none")
model = onnx.load(target)
for output in model.graph.output:
    sides = output.type.tensor_type.shape.dim
    if len(sides) == 4 and any_size == "True":
        for place, side in ((0, "batch"), (2, "height"), (3, "width")):
            sides[place].dim_param = f"{output.name}_{side}"
onnx.save(model, target)
"""


def write_onnx_graph(
    network: nn.Layer, shapes: Shapes, folder: Path, opset: int = OPSET, improve: bool = True, kind: str = "onnx"
) -> None:
    """Writes `model.onnx` into a folder; the arguments are those of `write_paddle_graph`.

    Raises:
        ExportError: Something in the network has no form in ONNX at this opset, or paddle2onnx is not installed.
    """
    if importlib.util.find_spec("paddle2onnx") is None:
        raise ExportError(
            'ONNX graphs are written by paddle2onnx, which is not installed: pip install "paddle-cv[onnx]"'
        )
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        write_paddle_graph(network, shapes, Path(temporary), kind, improve)
        source, target = str(Path(temporary) / "model"), folder / "model.onnx"
        path = os.pathsep.join(entry for entry in sys.path if entry)
        result = subprocess.run(
            [sys.executable, "-c", _CONVERT, source, str(target), str(opset), str(shapes[0][-1] is None)],
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
