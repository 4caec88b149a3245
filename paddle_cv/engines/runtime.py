"""What runs a network: OpenVINO, ONNX Runtime or Paddle Inference on an exported graph, or the Layer itself."""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Union

import numpy as np
import paddle
from paddle import nn

from ..models.tracing import paddle_lock
from .cache import cached_graph, graph_memory
from .cores import physical_cores
from .graphs import ExportError, Shapes
from .memory import bytes_per_pixel
from .openvino_graphs import Trial, choose_precision, open_openvino_graph, remembered

__all__ = [
    "ENGINES",
    "PRECISIONS",
    "Engine",
    "available_engines",
    "make_engine",
    "open_onnx_graph",
    "open_paddle_graph",
]

logger = logging.getLogger(__name__)

Run = Callable[..., np.ndarray]

# More windows at once would take more memory than time is gained.
_MAX_WORKERS = 4
# To find out which engine is faster: side in pixels of the input, and how often it is computed.
_SIDE, _RUNS = 96, 3


@dataclass(frozen=True)
class Engine:
    """Runs a network: called with its inputs, float32 arrays, it gives its output. Several threads may call it.

    The items of a batch are shared by the workers, where there are enough.

    Attributes:
        run: The call for inputs as a whole, on all CPU threads of the engine.
        memory: Bytes that each pixel of the input takes meanwhile; 0 where it is not known.
        workers: So many calls of `beside`, from as many threads, take less time than as many calls of `run` in turn: threads that
            share one convolution wait for each other.
        beside: The call on this part of the CPU threads.
    """

    run: Run
    memory: int = 0
    workers: int = 1
    beside: Optional[Run] = None

    def __call__(self, *inputs: np.ndarray) -> np.ndarray:
        if not 1 < self.workers <= len(inputs[0]):
            return self.run(*inputs)
        parts = zip(*(np.array_split(x, self.workers) for x in inputs))
        with ThreadPoolExecutor(self.workers) as pool:
            return np.concatenate(list(pool.map(lambda part: self.beside(*part), parts)))


def open_paddle_graph(folder: Path, device: str, threads: int) -> Run:
    """Runs the graph that `write_paddle_graph` wrote by Paddle Inference; calls from several threads take turns."""
    from paddle import inference

    config = inference.Config(str(folder / "model.json"), str(folder / "model.pdiparams"))
    if device == "cpu":
        config.disable_gpu()
        config.set_cpu_math_library_num_threads(threads)
        if "leaky_relu" in (folder / "model.json").read_text(encoding="utf-8"):
            # Paddle 3.3.1 ends the process by a segmentation fault when it joins one to what comes before it.
            config.delete_pass("conv_activation_onednn_fuse_pass")
            config.delete_pass("matmul_activation_onednn_fuse_pass")
    else:
        config.enable_use_gpu(256, int(device.partition(":")[2] or 0))
    config.disable_glog_info()
    predictor = inference.create_predictor(config)
    sources = [predictor.get_input_handle(name) for name in sorted(predictor.get_input_names())]
    result = predictor.get_output_handle(predictor.get_output_names()[0])
    lock = threading.Lock()

    def run(*inputs: np.ndarray) -> np.ndarray:
        with lock:
            for source, x in zip(sources, inputs):
                source.reshape(x.shape)
                source.copy_from_cpu(np.ascontiguousarray(x))
            predictor.run()
            return result.copy_to_cpu()

    return run


def open_onnx_graph(file: Path, threads: int) -> Run:
    """Runs an ONNX file by ONNX Runtime on the CPU; calls from several threads run beside each other."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors; at 2 it complains of each constant that the exporter left over
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    names = sorted(source.name for source in session.get_inputs())

    def run(*inputs: np.ndarray) -> np.ndarray:
        return session.run(None, dict(zip(names, map(np.ascontiguousarray, inputs))))[0]

    return run


@dataclass(frozen=True)
class _Request:
    """What is to be run, and how."""

    network: nn.Layer
    shapes: Shapes
    device: str
    threads: int
    precision: str = "auto"
    trial: Optional[Trial] = None


def _paddle_inference(asked: _Request) -> Engine:
    folder = cached_graph(asked.network, asked.shapes, "paddle")
    return Engine(open_paddle_graph(folder, asked.device, asked.threads), graph_memory(folder))


def _onnxruntime(asked: _Request) -> Engine:
    folder = cached_graph(asked.network, asked.shapes, "onnx")

    def open_graph(workers: int) -> Run:
        return open_onnx_graph(folder / "model.onnx", -(-asked.threads // workers))

    return _shared(open_graph, graph_memory(folder), asked.threads)


def _openvino(asked: _Request) -> Engine:
    folder = cached_graph(asked.network, asked.shapes, "openvino")
    file = folder / "model.onnx"
    precision = choose_precision(file, asked.precision, asked.trial, asked.threads)

    def open_graph(workers: int) -> Run:
        return open_openvino_graph(file, asked.threads, precision, workers)

    return _shared(open_graph, graph_memory(folder), asked.threads)


def _shared(open_graph: Callable[[int], Run], memory: int, threads: int) -> Engine:
    """An engine of graphs that are opened when they are first used, as each has its own copy of the weights.

    Args:
        open_graph: Opens the graph so that a number of calls run beside each other, each on its part of the threads.
        memory: Bytes for each pixel of the input.
        threads: Of all calls together.
    """
    lock = threading.Lock()
    opened = functools.lru_cache(None)(open_graph)

    def run_by(workers: int) -> Run:
        def run(*inputs: np.ndarray) -> np.ndarray:
            with lock:
                graph = opened(workers)
            return graph(*inputs)

        return run

    workers = min(threads, _MAX_WORKERS)
    return Engine(run_by(1), memory, workers, run_by(workers))


def _dygraph(asked: _Request) -> Engine:
    network = asked.network
    network.eval()

    def run(*inputs: np.ndarray) -> np.ndarray:
        with paddle_lock, paddle.no_grad():
            return network(*(paddle.to_tensor(x) for x in inputs)).numpy()

    return Engine(run, bytes_per_pixel(network, asked.shapes))


ENGINES = {
    "openvino": _openvino,
    "onnxruntime": _onnxruntime,
    "paddle_inference": _paddle_inference,
    "dygraph": _dygraph,
}
PRECISIONS = ("auto", "float32", "bfloat16")

#: What an engine needs beside Paddle, and the extra of this distribution that brings it.
_PACKAGES = {"openvino": ("openvino", "paddle2onnx"), "onnxruntime": ("onnxruntime", "paddle2onnx")}
_EXTRAS = {"openvino": "openvino", "onnxruntime": "onnx"}


def available_engines() -> list[str]:
    """The engines whose packages are installed; on CPUs the fastest comes first (`paddle-cv benchmark predict`)."""
    return [engine for engine in ENGINES if not _missing(engine)]


def _missing(engine: str) -> list[str]:
    return [package for package in _PACKAGES.get(engine, ()) if importlib.util.find_spec(package) is None]


def make_engine(
    network: nn.Layer,
    shapes: Shapes,
    engine: Union[str, Run] = "auto",
    device: str = "auto",
    threads: Optional[int] = None,
    precision: str = "auto",
    trial: Optional[Trial] = None,
) -> Engine:
    """A function from float32 arrays, the network's inputs, to its output. It may be called from several threads.

    Args:
        network: The network; it is put into eval mode.
        shapes: Shape of each input without the batch, None for sides that vary, for example [(3, None, None)].
        engine: One of `ENGINES`, or `auto`. On CPUs that is OpenVINO where bfloat16 will do, else the faster one of OpenVINO and
            ONNX Runtime, as far as they are installed; and Paddle Inference for networks that cannot be exported to ONNX. On
            GPUs it is dygraph. A function that is an engine already, such as `open_onnx_graph` of a quantised graph, is taken
            as it is.
        device: `cpu`, `gpu`, `gpu:<number>`, or `auto`: a GPU where Paddle sees one.
        threads: CPU threads of the engines that run graphs; None: one for each physical core. Dygraph has as many as
            `OMP_NUM_THREADS` says when paddle is imported.
        precision: In what OpenVINO computes: `float32`, `bfloat16` (twice as fast on processors that have it), or `auto`:
            bfloat16 where the processor has it and `trial` finds that it costs nothing that one could see. The other engines
            compute in float32.
        trial: Tells what rounding costs this network, for `auto`; without one that is float32.

    Raises:
        ValueError: No such engine or precision, its packages are missing, it is not for the device, or this machine has no such
            device, or does not compute in bfloat16.
        ExportError: The network cannot be exported to what the engine runs.
    """
    if isinstance(engine, Engine):
        return engine
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
    _check_engine(engine, device, precision)
    with paddle_lock:
        if device != "cpu":
            network.to(device)
        asked = _Request(network, shapes, device, threads or physical_cores(), precision, trial)
        return _fastest(asked) if engine == "auto" else ENGINES[engine](asked)


def _check_engine(engine: str, device: str, precision: str) -> None:
    if engine == "auto":
        return
    if engine not in ENGINES:
        raise ValueError(f"there is no engine {engine!r}, only auto, {', '.join(ENGINES)}")
    if _missing(engine):
        needed = " and ".join(_missing(engine))
        raise ValueError(f'the engine {engine} needs {needed}: pip install "paddle-cv[{_EXTRAS[engine]}]"')
    if engine in _PACKAGES and device != "cpu":
        raise ValueError(f"the engine {engine} runs on CPUs here, not on {device}; device='cpu'")
    if precision == "bfloat16" and engine != "openvino":
        raise ValueError(f"the engine {engine} computes in float32; for bfloat16, engine='openvino'")


def _fastest(asked: _Request) -> Engine:
    """On the CPU: the first engine of `_order` that the network can be exported for."""
    order = _order(asked)
    for engine, following in itertools.pairwise(order):
        try:
            return ENGINES[engine](asked)
        except (ExportError, RuntimeError) as error:
            logger.info("%s; %s runs it instead", error, following)
    return ENGINES[order[-1]](asked)


def _order(asked: _Request) -> list[str]:
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


def _seconds(asked: _Request) -> dict[str, float]:
    """Of a run of the engines between which there is something to choose: the least of some."""
    inputs = [np.full((1, *(side or _SIDE for side in shape)), 0.5, np.float32) for shape in asked.shapes]
    engines = {name: ENGINES[name](asked).run for name in ("openvino", "onnxruntime")}
    times: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(1 + _RUNS):
        for name, run in engines.items():
            started = time.perf_counter()
            run(*inputs)
            times[name].append(time.perf_counter() - started)
    return {name: min(values[1:]) for name, values in times.items()}


def _gpus() -> int:
    return paddle.device.cuda.device_count() if paddle.device.is_compiled_with_cuda() else 0
