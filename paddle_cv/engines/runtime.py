"""What runs a network: ONNX Runtime or Paddle Inference on an exported graph, or the Layer itself."""

from __future__ import annotations

import functools
import importlib.util
import logging
import threading
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

__all__ = ["ENGINES", "Engine", "available_engines", "make_engine", "open_onnx_graph", "open_paddle_graph"]

logger = logging.getLogger(__name__)

Run = Callable[..., np.ndarray]

# More windows at once would take more memory than time is gained.
_MAX_WORKERS = 4


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


def _paddle_inference(network: nn.Layer, shapes: Shapes, device: str, threads: int) -> Engine:
    folder = cached_graph(network, shapes, "paddle")
    return Engine(open_paddle_graph(folder, device, threads), graph_memory(folder))


def _onnxruntime(network: nn.Layer, shapes: Shapes, device: str, threads: int) -> Engine:
    if device != "cpu":
        raise ValueError(f"the engine onnxruntime runs on CPUs here, not on {device}; device='cpu'")
    folder = cached_graph(network, shapes, "onnx")
    # Each number of threads is a session of its own, with its own copy of the weights: made when it is first used.
    lock = threading.Lock()
    opened = functools.lru_cache(None)(lambda count: open_onnx_graph(folder / "model.onnx", count))

    def run_on(count: int) -> Run:
        def run(*inputs: np.ndarray) -> np.ndarray:
            with lock:
                session = opened(count)
            return session(*inputs)

        return run

    workers = min(threads, _MAX_WORKERS)
    return Engine(run_on(threads), graph_memory(folder), workers, run_on(-(-threads // workers)))


def _dygraph(network: nn.Layer, shapes: Shapes, device: str, threads: int) -> Engine:
    network.eval()

    def run(*inputs: np.ndarray) -> np.ndarray:
        with paddle_lock, paddle.no_grad():
            return network(*(paddle.to_tensor(x) for x in inputs)).numpy()

    return Engine(run, bytes_per_pixel(network, shapes))


ENGINES = {"onnxruntime": _onnxruntime, "paddle_inference": _paddle_inference, "dygraph": _dygraph}

#: What an engine needs beside Paddle.
_PACKAGES = {"onnxruntime": ("onnxruntime", "paddle2onnx")}


def available_engines() -> list[str]:
    """The engines whose packages are installed; on CPUs the fastest comes first (tools/benchmark.py predict)."""
    return [engine for engine in ENGINES if not _missing(engine)]


def _missing(engine: str) -> list[str]:
    return [package for package in _PACKAGES.get(engine, ()) if importlib.util.find_spec(package) is None]


def make_engine(
    network: nn.Layer,
    shapes: Shapes,
    engine: Union[str, Run] = "auto",
    device: str = "auto",
    threads: Optional[int] = None,
) -> Engine:
    """A function from float32 arrays, the network's inputs, to its output. It may be called from several threads.

    Args:
        network: The network; it is put into eval mode.
        shapes: Shape of each input without the batch, None for sides that vary, for example [(3, None, None)].
        engine: One of `ENGINES`, or `auto`. On CPUs that is ONNX Runtime where it is installed and the network can be
            exported to ONNX, and Paddle Inference otherwise; on GPUs it is dygraph. A function that is an engine already, such as
            `open_onnx_graph` of a quantised graph, is taken as it is.
        device: `cpu`, `gpu`, `gpu:<number>`, or `auto`: a GPU where Paddle sees one.
        threads: CPU threads of the engines that run graphs; None: one for each physical core. Dygraph has as many as
            `OMP_NUM_THREADS` says when paddle is imported.

    Raises:
        ValueError: No such engine, its packages are missing, it is not for the device, or no such device on this machine.
        ExportError: The network cannot be exported to what the engine runs.
    """
    if isinstance(engine, Engine):
        return engine
    if callable(engine):
        return Engine(engine, bytes_per_pixel(network, shapes))
    with paddle_lock:
        return _make_engine(network, shapes, engine, device, threads or physical_cores())


def _make_engine(network: nn.Layer, shapes: Shapes, engine: str, device: str, threads: int) -> Engine:
    if device == "auto":
        device = "gpu" if _gpus() else "cpu"
    if device != "cpu" and not (device.split(":")[0] == "gpu" and _gpus()):
        raise ValueError(
            f"device {device!r} is not available; this Paddle sees {_gpus()} GPUs (pip install paddlepaddle-gpu)"
        )
    if engine != "auto" and engine not in ENGINES:
        raise ValueError(f"there is no engine {engine!r}, only auto, {', '.join(ENGINES)}")
    if engine != "auto" and _missing(engine):
        raise ValueError(f'the engine {engine} needs {" and ".join(_missing(engine))}: pip install "paddle-cv[onnx]"')
    if device != "cpu":
        network.to(device)
    if engine == "auto":
        if device != "cpu":
            engine = "dygraph"
        elif _missing("onnxruntime"):
            engine = "paddle_inference"
        else:
            try:
                return ENGINES["onnxruntime"](network, shapes, device, threads)
            except ExportError as error:
                logger.info("%s; Paddle Inference runs it instead", error)
                engine = "paddle_inference"
    return ENGINES[engine](network, shapes, device, threads)


def _gpus() -> int:
    return paddle.device.cuda.device_count() if paddle.device.is_compiled_with_cuda() else 0
