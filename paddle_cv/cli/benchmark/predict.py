"""Seconds of the predictor beside plain ONNX Runtime and PyTorch channels-last."""

import argparse
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

import paddle_cv as pcv
from paddle_cv.engines import available_engines, make_engine
from paddle_cv.engines.cores import physical_cores
from paddle_cv.engines.export import graph_shapes
from paddle_cv.engines.graphs import write_onnx_graph
from paddle_cv.inference.base import WindowPredictor
from paddle_cv.inference.registry import predictor_class
from paddle_cv.inference.samples import rounding_loss
from paddle_cv.inference.windows import compute_windows

from .measuring import least_seconds, make_network, picture, print_table, torch_twin

__all__ = ["add_arguments", "run"]

#: The row in which a network computes in bfloat16, if the processor and the trial allow it.
ROUNDED = "paddle_cv, openvino"
_BESIDE = ["onnxruntime", "torch"]


def add_arguments(command: argparse.ArgumentParser) -> None:
    names = ["rdn_lite_x4", "carn_m_x4", "resnet50"]
    command.add_argument("--names", nargs="+", default=names, help="networks (%(default)s)")
    command.add_argument("--repeats", type=int, default=3, help="runs of each row; the least counts (%(default)s)")
    command.add_argument("--size", type=int, nargs=2, default=(1024, 768), metavar=("WIDTH", "HEIGHT"))
    command.add_argument("--batch_size", type=int, default=8, help="of classifiers (%(default)s)")
    command.add_argument(
        "--engines", nargs="+", choices=available_engines(), help="of ours (all but dygraph, which takes long)"
    )
    command.add_argument(
        "--beside", nargs="+", choices=_BESIDE, default=_BESIDE, help="what to compare with (%(default)s)"
    )
    command.add_argument("--threads", type=int, help="CPU threads (all physical cores)")


def run(arguments: argparse.Namespace) -> None:
    threads = arguments.threads or physical_cores()
    for name in arguments.names:
        spec, network = pcv.model_spec(name), make_network(name)
        makes_pictures = issubclass(predictor_class(spec.task), WindowPredictor)
        make_calls = picture_calls if makes_pictures else network_calls
        calls, unit, divisor, size = make_calls(network, spec, arguments, threads)
        check_results(calls, None if makes_pictures else 1e-3)
        first = "plain ONNX Runtime" if "plain ONNX Runtime" in calls else next(iter(calls))
        print(f"{name}, {size}, {threads} threads\n")
        print_table(least_seconds(calls, arguments.repeats), unit, divisor, first)


def plain_engines(network, spec, shapes, threads: int, beside: Sequence[str]) -> dict:
    """ONNX Runtime as it comes and PyTorch channels-last: a function from input to output for each that is installed."""
    rows = {}
    if "onnxruntime" in beside and "onnxruntime" in available_engines():
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        with tempfile.TemporaryDirectory() as folder:
            write_onnx_graph(network, shapes, Path(folder), improve=False)
            file = str(Path(folder) / "model.onnx")
            session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        rows["plain ONNX Runtime"] = lambda x: session.run(None, {"input_0": x})[0]
    twin = torch_twin(network, spec) if "torch" in beside else None
    if twin is not None:
        from tools.maintain.torch_twins import torch_engine

        rows["PyTorch channels-last"] = torch_engine(twin, threads)
    return rows


def whole_picture(engine, spec, image: np.ndarray) -> np.ndarray:
    """What the predictor does for 8 bits, but with the picture as one piece."""
    x = (image.astype(np.float32) / 255).reshape(1, *image.shape[:2], -1)
    result = compute_windows(x, spec, lambda planes: engine(np.ascontiguousarray(planes)), [])[0]
    return np.rint(result.clip(0, 1) * 255).astype(np.uint8).reshape(*result.shape[:2], *image.shape[2:])


def network_calls(network, spec, arguments, threads: int) -> tuple[dict, str, float, str]:
    """A call for each row, the unit, by what seconds are divided, and the input in words."""
    side = spec.input_size or min(arguments.size)
    x = np.random.default_rng(0).random((arguments.batch_size, spec.in_channels, side, side), np.float32)
    engines = {
        row: make_engine(network, [x.shape[1:]], engine, "auto", threads, precision, partial(rounding_loss, spec))
        for row, engine, precision in rows_of(arguments)
    }
    engines.update(plain_engines(network, spec, [x.shape[1:]], threads, arguments.beside))
    calls = {row: partial(run, x) for row, run in engines.items()}
    return calls, "s/batch", 1, f"batch {len(x)} of {side} x {side} pixels"


def picture_calls(network, spec, arguments, threads: int) -> tuple[dict, str, float, str]:
    """The same for a predictor that makes pictures."""
    image = picture(*arguments.size)
    if spec.in_channels == 1:  # for which colours would be work beside the network
        image = image[..., 0]
    calls = {}
    for row, engine, precision in rows_of(arguments):
        predictor = predictor_class(spec.task)(network, spec, engine=engine, threads=threads, precision=precision)
        calls[row] = partial(predictor.predict, image)
    if not spec.extra_inputs:
        for row, run in plain_engines(network, spec, graph_shapes(spec), threads, arguments.beside).items():
            calls[row] = partial(whole_picture, run, spec, image)
    megapixels = image.shape[0] * image.shape[1] * (spec.scale or 1) ** 2 / 1e6
    size = f"{image.shape[1]} x {image.shape[0]} pixels x {spec.scale or 1}, {megapixels:.1f} megapixels of output"
    return calls, "s/megapixel", megapixels, size


def check_results(calls: dict, relative: float | None) -> None:
    """Raises where rows differ: a fast wrong answer would be no answer.

    Args:
        calls: Of the rows, by their names.
        relative: How far results may lie apart, of the largest; None for pictures of 8 bits, which may by 1. bfloat16 may change
            more, but no picture by so much in the mean.
    """
    results = {row: call().astype(np.float64) for row, call in calls.items()}
    expected = results[min(results, key=lambda row: row == ROUNDED)]  # the first that computes in float32
    allowed = 1 if relative is None else relative * np.abs(expected).max()
    for row, result in results.items():
        difference = np.abs(result - expected)
        if row == ROUNDED:
            assert difference.mean() <= (allowed if relative is None else 20 * allowed), f"{row}: {difference.mean()}"
        else:
            assert difference.max() <= allowed, f"{row} differs by {difference.max()}"


def rows_of(arguments) -> list[tuple[str, str, str]]:
    """Name, engine and precision of each row."""
    engines = arguments.engines or [engine for engine in available_engines() if engine != "dygraph"]
    rows = [(f"paddle_cv, {engine}", engine, "auto") for engine in engines]
    if "openvino" in engines:
        rows.insert(engines.index("openvino") + 1, (f"{ROUNDED} in float32", "openvino", "float32"))
    return rows
