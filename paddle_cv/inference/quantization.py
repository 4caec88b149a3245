"""Graphs in 8-bit integers, and what they lose."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
from paddle import nn

from ..engines.export import export_network
from ..engines.graphs import OPSET, ExportError
from ..engines.runtime import Run, open_onnx_graph
from ..metrics import psnr
from ..models import ModelSpec
from ..pictures import open_picture
from ..pictures.folders import pictures_below
from .samples import classifier_input, cut_windows, degraded, photograph_files, sample_conditions, softmax
from .windows import compute_windows

__all__ = ["Quantised", "calibration_pictures", "export_int8"]

_WINDOW = 64  # side in pixels of what a network sees of a calibration picture
_WINDOWS = 6  # of each picture


@dataclass(frozen=True)
class Quantised:
    """A graph in 8-bit integers.

    Attributes:
        path: The ONNX file.
        size: Its bytes, as a part of those of the graph in float32.
        agreement: PSNR in dB of its results with those of float32, 8-bit pictures; classifiers: the largest difference of a
            probability.
        float_score: Super-resolution: PSNR in dB of the float32 result with the picture that was reduced; None elsewhere.
        int8_score: The same for 8 bits.
        picture: What it was measured on.
    """

    path: Path
    size: float
    agreement: float
    float_score: Optional[float]
    int8_score: Optional[float]
    picture: str

    def __str__(self) -> str:
        text = f"{self.path}: {100 * self.size:.0f} % of the size in float32; on {self.picture} "
        if self.agreement <= 1:  # no PSNR is so low
            return text + f"probabilities differ by {self.agreement:.4f} at most"
        text += f"{self.agreement:.2f} dB PSNR with the float32 result"
        if self.float_score is None:
            return text
        return text + f"; {self.float_score:.2f} dB became {self.int8_score:.2f} dB"


def calibration_pictures(sources: Sequence[Union[str, Path]]) -> list[Path]:
    """The picture files in `sources`, files and folders; photographs of scikit-image for none.

    Raises:
        FileNotFoundError: There are not two pictures: one is needed to calibrate with, and another to measure with.
    """
    found: list[Path] = []
    if not sources:
        return photograph_files()
    for source in map(Path, sources):
        if source.is_dir():
            found += pictures_below(source)
        else:
            found.append(source)
    if len(found) < 2:
        raise FileNotFoundError(f"quantisation needs two pictures or more, and {len(found)} were found")
    return found


def export_int8(
    network: nn.Layer,
    spec: ModelSpec,
    target: Union[str, Path],
    pictures: Sequence[Union[str, Path]],
    opset: int = OPSET,
    size: Optional[tuple[int, int]] = None,
    overwrite: bool = False,
) -> Quantised:
    """Writes the ONNX graph of a network with convolutions and matrix products in 8-bit integers.

    Weights are quantised channel by channel; the ranges of activations are those that they have on the pictures. The last
    picture is left out of that, and results are compared on it.

    Args:
        network: The network; it is put into eval mode.
        spec: What it is: super-resolution, denoising or classification.
        target: The ONNX file.
        pictures: Two picture files or more.
        opset: Version of ONNX's operators.
        size: Height and width of the pictures, for a graph that takes no others.
        overwrite: Replace what is at `target`.

    Raises:
        ValueError: A network for another task.
        FileExistsError: There is something at `target`.
        ImageError: A picture cannot be used.
        ExportError: The network has no form in ONNX, or a package is missing.
    """
    if spec.task not in ("super_resolution", "denoising", "classification"):
        raise ValueError(f"{spec.name} is a network for {spec.task}: there is nothing to calibrate it with")
    try:
        from onnxruntime import quantization
    except ImportError as error:
        raise ExportError(f'8-bit graphs are made by onnxruntime: pip install "paddle-cv[onnx]" ({error})') from error
    target = Path(target)
    if target.exists() and not overwrite:
        raise FileExistsError(f"{target} exists")
    samples = [inputs for path in pictures[:-1] for inputs in _network_inputs(spec, path, size)]
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=target.parent) as temporary:
        folder = Path(temporary)
        whole = export_network(network, spec, folder / "float.onnx", "onnx", opset, size).path
        quantization.quantize_static(
            _with_folded_constants(whole),
            folder / "int8.onnx",
            _reader(quantization, samples),
            op_types_to_quantize=["Conv", "Gemm", "MatMul"],
            per_channel=True,
        )
        engines = [open_onnx_graph(file, threads=1) for file in (whole, folder / "int8.onnx")]
        agreement, scores = _compare(spec, engines, Path(pictures[-1]), size)
        part = (folder / "int8.onnx").stat().st_size / whole.stat().st_size
        os.replace(folder / "int8.onnx", target)
    return Quantised(target, part, agreement, *scores, Path(pictures[-1]).name)


def _with_folded_constants(file: Path) -> Path:
    """The graph as ONNX Runtime simplifies it: batch normalisation becomes a part of the convolution before it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(file.with_name("folded.onnx"))
    options.log_severity_level = 3
    onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    return file.with_name("folded.onnx")


def _reader(quantization: Any, samples: Sequence[Sequence[np.ndarray]]) -> Any:
    feeds: Iterator[dict[str, np.ndarray]] = iter(
        [{f"input_{number}": value for number, value in enumerate(inputs)} for inputs in samples]
    )

    class Reader(quantization.CalibrationDataReader):
        def get_next(self):
            return next(feeds, None)

    return Reader()


def _windows(spec: ModelSpec, path: Path, size: Optional[tuple[int, int]]) -> np.ndarray:
    return cut_windows(open_picture(path), size or (_WINDOW, _WINDOW), spec.scale or 1, _WINDOWS)


def _network_inputs(spec: ModelSpec, path: Union[str, Path], size: Optional[tuple[int, int]]) -> list[list[np.ndarray]]:
    if spec.task == "classification":
        return [[classifier_input(spec, open_picture(path))]]
    seen: list[list[np.ndarray]] = []

    def record(*inputs: np.ndarray) -> np.ndarray:
        seen.append([np.ascontiguousarray(value, np.float32) for value in inputs])
        factor = spec.network_scale
        batch, channels, height, width = inputs[0].shape
        return np.zeros((batch, channels, height * factor, width * factor), np.float32)

    compute_windows(degraded(spec, _windows(spec, Path(path), size)), spec, record, sample_conditions(spec))
    return seen


def _compare(
    spec: ModelSpec, engines: Sequence[Run], path: Path, size: Optional[tuple[int, int]]
) -> tuple[float, tuple[Optional[float], Optional[float]]]:
    if spec.task == "classification":
        x = classifier_input(spec, open_picture(path))
        first, second = (softmax(engine(x)) for engine in engines)
        return float(np.abs(first - second).max()), (None, None)
    clean = _windows(spec, path, size)
    low, conditions = degraded(spec, clean), sample_conditions(spec)
    first, second = (_eight_bits(compute_windows(low, spec, engine, conditions)) for engine in engines)
    if spec.task != "super_resolution":
        return psnr(first, second), (None, None)
    return psnr(first, second), (psnr(first, _eight_bits(clean)), psnr(second, _eight_bits(clean)))


def _eight_bits(x: np.ndarray) -> np.ndarray:
    return np.rint(x.clip(0, 1) * 255).astype(np.uint8)
