"""Graphs in 8-bit integers, and what they lose."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, Union

import numpy as np

from ..engines.basics import OPSET, ExportError
from ..engines.runtime import open_onnx_graph
from ..models import ModelSpec
from ..pictures import open_picture
from ..pictures.folders import pictures_below
from .samples import photograph_files, task_samples

if TYPE_CHECKING:
    from paddle import nn

__all__ = ["Quantised", "calibration_pictures", "export_int8"]


@dataclass(frozen=True)
class Quantised:
    """A graph in 8-bit integers.

    Attributes:
        path: The ONNX file.
        size: Its bytes, as a part of those of the graph in float32.
        agreement: PSNR in dB of its results with those of float32, 8-bit pictures; or the largest difference of a probability.
        float_score: PSNR in dB of the float32 result with a picture that was reduced; None where there is nothing to measure.
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
        spec: What it is.
        target: The ONNX file.
        pictures: Two picture files or more.
        opset: Version of ONNX's operators.
        size: Height and width of the pictures, for a graph that takes no others.
        overwrite: Replace what is at `target`.

    Raises:
        ValueError: A network for a task whose predictor declares no samples.
        FileExistsError: There is something at `target`.
        ImageError: A picture cannot be used.
        ExportError: The network has no form in ONNX, or a package is missing.
    """
    from ..engines.export import export_network  # with Paddle, whose import takes seconds

    tried = task_samples(spec)
    try:
        from onnxruntime import quantization
    except ImportError as error:
        raise ExportError(f'8-bit graphs are made by onnxruntime: pip install "paddle-cv[onnx]" ({error})') from error
    target = Path(target)
    if target.exists() and not overwrite:
        raise FileExistsError(f"{target} exists")
    samples = [inputs for path in pictures[:-1] for inputs in tried.inputs(spec, open_picture(path), size)]
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
        agreement = tried.agreement(spec, *engines, open_picture(pictures[-1]), size)
        part = (folder / "int8.onnx").stat().st_size / whole.stat().st_size
        os.replace(folder / "int8.onnx", target)
    float_score, int8_score = agreement.scores or (None, None)
    return Quantised(target, part, agreement.value, float_score, int8_score, Path(pictures[-1]).name)


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
