"""Networks as files for other programs, checked against the network before they are kept."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Union

import numpy as np
import paddle
from paddle import nn

from ..models import ModelSpec
from ..models.tracing import paddle_lock
from .graphs import OPSET, ExportError, Shapes, write_onnx_graph, write_paddle_graph
from .runtime import Run, open_onnx_graph, open_paddle_graph

__all__ = ["FORMATS", "LIMITS", "Exported", "check_graph", "export_network", "graph_shapes"]

FORMATS = ("paddle", "onnx")
#: What stands against exporting a class of networks for pictures of any size; docs/exports.md and the tests take it from here.
LIMITS = {
    "LeNet": "for 32 x 32 pixels only: its fully connected layers take a fixed number of values, and so does the network itself",
    "MNISTPerceptron": "to ONNX only: Paddle Inference 3.3.1 does not run its pooling of other sizes than 28 x 28 pixels",
    "SRGANDiscriminator": "for 96 x 96 pixels only, for the same reason",
    "VGGDiscriminator": "for 128 x 128 pixels only, for the same reason",
}
# Of the largest value of the output; float32 sums in another order differ by some 1e-6, which deep networks enlarge.
_TOLERANCE = 1e-3
_SIZES = ((1, 21, 16), (2, 18, 29), (3, 32, 24))  # batch, height, width
_CLASSIFIER_SIZES = ((1, 0, 0), (2, 13, 0), (3, 5, 38))  # batch; pixels more than the network was trained for


@dataclass(frozen=True)
class Exported:
    """A graph that has been written.

    Attributes:
        path: The file (ONNX) or folder (Paddle: `model.json` and, where the network has weights, `model.pdiparams`).
        shapes: Of its inputs `input_0`, `input_1` ..., without the batch; None for sides that vary.
        difference: Its largest difference from the network, relative to the largest output.
    """

    path: Path
    shapes: Shapes
    difference: float

    @property
    def any_size(self) -> bool:
        """Whether height and width may vary, and not the batch alone."""
        return None in self.shapes[0]


def export_network(
    network: nn.Layer,
    spec: ModelSpec,
    target: Union[str, Path],
    format: str = "onnx",
    opset: int = OPSET,
    size: Optional[tuple[int, int]] = None,
    overwrite: bool = False,
) -> Exported:
    """Writes the graph of a network, with batch, height and width that may vary.

    Classifiers that take one size only get a graph for pictures of `spec.input_size`. The graph is compared with the network on
    inputs of three sizes (of three batches, where it takes one size only) under a temporary name, and is moved to its place only
    if they agree.

    Args:
        network: The network; it is put into eval mode.
        spec: What it is.
        target: The ONNX file, or the folder for Paddle's files.
        format: `onnx` or `paddle`.
        opset: Version of ONNX's operators.
        size: Height and width of the pictures, for a graph that takes no others.
        overwrite: Replace what is at `target`.

    Raises:
        ValueError: No such format.
        FileExistsError: There is something at `target`.
        ExportError: The network has no form in this format, the graph does not compute the same, or a package is missing.
    """
    if format not in FORMATS:
        raise ValueError(f"there is no format {format!r}, only {' and '.join(FORMATS)}")
    target = Path(target)
    if target.exists() and not overwrite:
        raise FileExistsError(f"{target} exists")
    network.eval()
    target.parent.mkdir(parents=True, exist_ok=True)
    if size is None and spec.input_size and not _takes_other_sizes(network, spec):
        size = (spec.input_size, spec.input_size)
    shapes = graph_shapes(spec, size)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=target.parent) as temporary:
        folder = Path(temporary) / "graph"
        folder.mkdir()
        engine = _write(network, shapes, folder, format, opset)
        difference = check_graph(engine, network, shapes, check_sizes(spec, shapes))
        source = folder / "model.onnx" if format == "onnx" else folder
        # No file or folder takes the name of a folder that is not empty, and no folder that of a file.
        if target.is_dir() or (target.exists() and source.is_dir()):
            os.replace(target, Path(temporary) / "former")
        os.replace(source, target)
    return Exported(target, shapes, difference)


def graph_shapes(spec: ModelSpec, size: Optional[tuple[int, int]] = None) -> Shapes:
    """Shape of each input of a network without the batch; None for height and width where no `size` is given."""
    return [(spec.in_channels, *(size or (None, None))), *map(tuple, spec.extra_inputs.values())]


def check_sizes(spec: ModelSpec, shapes: Shapes) -> Sequence[tuple[int, int, int]]:
    """Batch, height and width of the inputs that a graph is checked with."""
    _, height, width = shapes[0]
    if height is not None:
        return [(batch, height, width) for batch in (1, 2, 3)]
    if spec.input_size:
        return [(n, spec.input_size + dy, spec.input_size + dx) for n, dy, dx in _CLASSIFIER_SIZES]
    return _SIZES


def check_graph(engine: Run, network: nn.Layer, shapes: Shapes, sizes: Sequence[tuple[int, int, int]]) -> float:
    """Compares a graph with its network.

    Args:
        engine: What runs the graph.
        network: The network, in eval mode.
        shapes: Shape of each input without the batch.
        sizes: Batch, height and width of the inputs, which are random.

    Returns:
        The largest difference, relative to the largest output.

    Raises:
        ExportError: They differ by more than a thousandth, in shape, or the graph does not run.
    """
    random, worst = np.random.default_rng(0), 0.0
    for batch, height, width in sizes:
        first = (batch, shapes[0][0], height, width)
        inputs = [random.random(shape, np.float32) for shape in (first, *((batch, *shape) for shape in shapes[1:]))]
        try:
            expected = _compute(network, inputs)
        except ValueError as error:
            raise ExportError(
                f"{type(network).__name__} does not take {first}; does it need one size? ({error})"
            ) from error
        try:
            result = engine(*inputs)
        except Exception as error:  # the engines raise classes of their own
            raise ExportError(f"the graph of {type(network).__name__} does not run on {first}: {error}") from error
        if result.shape != expected.shape:
            raise ExportError(
                f"the graph of {type(network).__name__} gives {result.shape} for {first}, not {expected.shape}"
            )
        difference = float(np.abs(result - expected).max() / max(np.abs(expected).max(), 1e-6))
        if not difference <= _TOLERANCE:  # NaN is no agreement
            raise ExportError(f"the graph of {type(network).__name__} differs from it by {difference:.1e} on {first}")
        worst = max(worst, difference)
    return worst


def _compute(network: nn.Layer, inputs: Sequence[np.ndarray]) -> np.ndarray:
    with paddle_lock, paddle.no_grad():
        return network(*map(paddle.to_tensor, inputs)).numpy()


def _takes_other_sizes(network: nn.Layer, spec: ModelSpec) -> bool:
    _, dy, dx = _CLASSIFIER_SIZES[-1]
    try:
        _compute(network, [np.zeros((1, spec.in_channels, spec.input_size + dy, spec.input_size + dx), np.float32)])
    except ValueError:  # a fully connected layer that wants another number of values
        return False
    return True


def _write(network: nn.Layer, shapes: Shapes, folder: Path, format: str, opset: int) -> Run:
    if format == "paddle":
        write_paddle_graph(network, shapes, folder)
        return open_paddle_graph(folder, "cpu", threads=1)
    write_onnx_graph(network, shapes, folder, opset)
    try:
        return open_onnx_graph(folder / "model.onnx", threads=1)
    except ImportError as error:
        raise ExportError(f'the graph is checked by onnxruntime: pip install "paddle-cv[onnx]" ({error})') from error
