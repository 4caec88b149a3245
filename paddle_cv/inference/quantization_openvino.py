"""Graphs in 8-bit integers for OpenVINO, by NNCF: kept where they lose little."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from paddle import nn

from ..engines.export import graph_shapes
from ..engines.graphs import ExportError, write_onnx_graph
from ..engines.openvino_graphs import open_openvino_model
from ..engines.runtime import Run
from ..models import ModelSpec
from ..pictures.images import open_picture
from .quantization import network_inputs
from .samples import rounding_loss

__all__ = ["MOST_LOST", "QuantisedGraph", "export_quantized"]

#: What 8 bits may cost: dB of PSNR; of classifiers, of a probability.
MOST_LOST = 0.1
# To measure the speed: side in pixels of the input, and how often it is computed.
_SIDE, _RUNS = 128, 5


@dataclass(frozen=True)
class QuantisedGraph:
    """A graph in 8-bit integers that has been written.

    Attributes:
        path: The file `.xml`; the weights lie beside it in `.bin`.
        lost: What it loses against float32 on the pictures that it was calibrated with.
        unit: Of that.
        speed: In how much less time than in float32 it computes a window of 128 x 128 pixels on one thread of this machine.
    """

    path: Path
    lost: float
    unit: str
    speed: float

    def __str__(self) -> str:
        return f"{self.path}: loses {self.lost:.3f} {self.unit}, {self.speed:.2f} x as fast as float32 in OpenVINO"


def export_quantized(
    network: nn.Layer, spec: ModelSpec, target: str | Path, pictures: Sequence[str | Path], overwrite: bool = False
) -> QuantisedGraph:
    """Writes a network as OpenVINO's graph with convolutions and matrix products in 8-bit integers.

    Args:
        network: The network; it is put into eval mode.
        spec: What it is: super-resolution, denoising or classification.
        target: The file to write, `.xml`.
        pictures: Picture files to calibrate with and to compare on.
        overwrite: Replace what is at `target`.

    Raises:
        ValueError: `target` has another suffix.
        FileExistsError: There is something at `target`.
        ImageError: A picture cannot be used.
        ExportError: More is lost than `MOST_LOST`, the network has no form in ONNX, or a package is missing.
    """
    target = Path(target)
    if target.suffix != ".xml":
        raise ValueError(f"OpenVINO's graphs are files .xml, not {target.name}")
    if target.exists() and not overwrite:
        raise FileExistsError(f"{target} exists")
    try:
        import nncf
        import openvino
    except ImportError as error:
        raise ExportError(
            f'8-bit graphs for OpenVINO are made by NNCF: pip install "paddle-cv[quantize]" ({error})'
        ) from error
    logging.getLogger("nncf").setLevel(logging.ERROR)
    size = (spec.input_size, spec.input_size) if spec.input_size else None
    samples = [inputs for path in pictures for inputs in network_inputs(spec, path, size)]
    with tempfile.TemporaryDirectory() as folder:
        write_onnx_graph(network, graph_shapes(spec, size), Path(folder), kind="openvino")
        whole = openvino.Core().read_model(Path(folder) / "model.onnx")
        names = sorted(source.get_any_name() for source in whole.inputs)
        data = nncf.Dataset(samples, lambda inputs: dict(zip(names, inputs)))
        # Activations of PReLU and of networks without ReLU are of both signs.
        preset = nncf.QuantizationPreset.MIXED
        small = nncf.quantize(whole, data, preset=preset, subset_size=len(samples))
        exact, rounded = (open_openvino_model(model, threads=1) for model in (whole, small))
        loss = rounding_loss(spec, exact, rounded, [open_picture(path) for path in pictures])
        if not loss.value <= MOST_LOST:
            raise ExportError(f"{spec.name} loses {loss.value:.3f} {loss.unit} in 8 bits, and {MOST_LOST} are allowed")
        shapes = [[side or _SIDE for side in shape] for shape in graph_shapes(spec, size)]
        inputs = [np.full((1, *shape), 0.5, np.float32) for shape in shapes]
        before, after = _least_seconds([exact, rounded], inputs)
        target.parent.mkdir(parents=True, exist_ok=True)
        openvino.save_model(small, target, compress_to_fp16=False)
    return QuantisedGraph(target, loss.value, loss.unit, before / after)


def _least_seconds(engines: Sequence[Run], inputs: Sequence[np.ndarray]) -> list[float]:
    """CPU seconds of each, the least of some."""
    times: list[list[float]] = [[] for _ in engines]
    for _ in range(1 + _RUNS):
        for engine, taken in zip(engines, times):
            started = time.process_time()
            engine(*inputs)
            taken.append(time.process_time() - started)
    return [min(taken[1:]) for taken in times]
