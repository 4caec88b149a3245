"""Engines for networks: their graphs are exported, or taken from the cache, and opened."""

from __future__ import annotations

import dataclasses
import itertools
import logging
import time
from dataclasses import dataclass
from typing import Optional, Union

import numpy as np
import paddle
from paddle import nn

from ..models.tracing import paddle_lock
from .cache import cached_graph
from .cores import physical_cores
from .counting import bytes_per_pixel
from .folder import graph_memory
from .graphs import ExportError, Shapes
from .openvino_graphs import Trial, choose_precision, remembered
from .runtime import PRECISIONS, Engine, Graph, Run, available_engines, check_engine, open_paddle_graph

__all__ = ["MAKERS", "Request", "make"]

logger = logging.getLogger(__name__)

# To find out which engine is faster: side in pixels of the input, and how often it is computed.
_SIDE, _RUNS = 96, 3


@dataclass(frozen=True)
class Request:
    """What is to be run, and how."""

    network: nn.Layer
    shapes: Shapes
    device: str
    threads: int
    precision: str = "auto"
    trial: Optional[Trial] = None


def _paddle_inference(asked: Request) -> Engine:
    folder = cached_graph(asked.network, asked.shapes, "paddle")
    return Engine(open_paddle_graph(folder, asked.device, asked.threads), graph_memory(folder))


def _onnxruntime(asked: Request) -> Engine:
    return Graph("onnxruntime", cached_graph(asked.network, asked.shapes, "onnx"), asked.threads).open()


def _openvino(asked: Request) -> Engine:
    folder = cached_graph(asked.network, asked.shapes, "openvino")
    precision = choose_precision(folder / "model.onnx", asked.precision, asked.trial, asked.threads)
    return Graph("openvino", folder, asked.threads, precision).open()


def _dygraph(asked: Request) -> Engine:
    network = asked.network
    network.eval()

    def run(*inputs: np.ndarray) -> np.ndarray:
        with paddle_lock, paddle.no_grad():
            return network(*(paddle.to_tensor(x) for x in inputs)).numpy()

    return Engine(run, bytes_per_pixel(network, asked.shapes))


MAKERS = {
    "openvino": _openvino,
    "onnxruntime": _onnxruntime,
    "paddle_inference": _paddle_inference,
    "dygraph": _dygraph,
}


def make(
    network: nn.Layer,
    shapes: Shapes,
    engine: Union[str, Run],
    device: str,
    threads: Optional[int],
    precision: str,
    trial: Optional[Trial],
) -> Engine:
    """What `make_engine` does for engines that are not there yet."""
    if callable(engine):
        return Engine(engine, bytes_per_pixel(network, shapes))
    if precision not in PRECISIONS:
        raise ValueError(f"there is no precision {precision!r}, only {', '.join(PRECISIONS)}")
    if device == "auto":
        device = "gpu" if _gpus() else "cpu"
    if device != "cpu" and not (device.split(":")[0] == "gpu" and _gpus()):
        raise ValueError(
            f"device {device!r} is not available; this Paddle sees {_gpus()} GPUs (pip install paddlepaddle-gpu)"
        )
    if engine == "auto" and (device != "cpu" or precision == "bfloat16"):
        engine = "dygraph" if device != "cpu" else "openvino"
    check_engine(engine, device, precision)
    with paddle_lock:
        if device != "cpu":
            network.to(device)
        asked = Request(network, shapes, device, threads or physical_cores(), precision, trial)
        return _fastest(asked) if engine == "auto" else MAKERS[engine](asked)


def _fastest(asked: Request) -> Engine:
    """On the CPU: the first engine of `_order` that the network can be exported for."""
    order = _order(asked)
    for engine, following in itertools.pairwise(order):
        try:
            return MAKERS[engine](asked)
        except (ExportError, RuntimeError) as error:
            logger.info("%s; %s runs it instead", error, following)
    return MAKERS[order[-1]](asked)


def _order(asked: Request) -> list[str]:
    """The installed engines, the fastest first.

    In bfloat16 OpenVINO takes half the time of ONNX Runtime (`paddle-cv benchmark predict`). In float32 it depends on processor
    and network which of them is ahead, by a tenth or two: it is measured once and kept with the graph.
    """
    installed = [engine for engine in available_engines() if engine != "dygraph"]
    if "openvino" not in installed or "onnxruntime" not in installed:
        return installed
    try:
        folder = cached_graph(asked.network, asked.shapes, "openvino")
        if choose_precision(folder / "model.onnx", asked.precision, asked.trial, asked.threads) == "bfloat16":
            return installed
        asked = dataclasses.replace(asked, precision="float32")
        fastest = remembered(
            folder, f"fastest-{asked.threads}", lambda: min(_seconds(asked).items(), key=lambda it: it[1])[0]
        )
    except (ExportError, RuntimeError) as error:
        logger.info("%s", error)
        fastest = "onnxruntime"
    return sorted(installed, key=lambda engine: engine != fastest)  # the others stay in their order


def _seconds(asked: Request) -> dict[str, float]:
    """Of a run of the engines between which there is something to choose: the least of some."""
    inputs = [np.full((1, *(side or _SIDE for side in shape)), 0.5, np.float32) for shape in asked.shapes]
    engines = {name: MAKERS[name](asked).run for name in ("openvino", "onnxruntime")}
    times: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(1 + _RUNS):
        for name, run in engines.items():
            started = time.perf_counter()
            run(*inputs)
            times[name].append(time.perf_counter() - started)
    return {name: min(values[1:]) for name, values in times.items()}


def _gpus() -> int:
    return paddle.device.cuda.device_count() if paddle.device.is_compiled_with_cuda() else 0
