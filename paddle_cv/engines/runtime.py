"""What runs a network: OpenVINO, ONNX Runtime or Paddle Inference on an exported graph, or the Layer itself."""

from __future__ import annotations

import functools
import importlib.util
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Optional, Union

import numpy as np

from .folder import graph_memory
from .openvino_graphs import Trial, open_openvino_graph

if TYPE_CHECKING:
    from paddle import nn

    from .graphs import Shapes

__all__ = [
    "ENGINES",
    "PRECISIONS",
    "Engine",
    "Graph",
    "available_engines",
    "check_engine",
    "make_engine",
    "open_onnx_graph",
    "open_paddle_graph",
]

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
        graph: What it runs, where that is a graph in the cache that opens without the network.
    """

    run: Run
    memory: int = 0
    workers: int = 1
    beside: Optional[Run] = None
    graph: Optional[Graph] = None

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
class Graph:
    """A graph in the cache, and how it is run: all that it takes to open an engine again.

    Attributes:
        engine: `openvino` or `onnxruntime`.
        folder: That of `cached_graph`.
        threads: CPU threads of all calls together.
        precision: `float32` or, for OpenVINO, `bfloat16`.
    """

    engine: str
    folder: Path
    threads: int
    precision: str = "float32"

    def open(self) -> Engine:
        """The engine. Graphs are opened when they are first used, as each has its own copy of the weights."""
        lock = threading.Lock()
        opened = functools.lru_cache(None)(self._run)

        def run_by(workers: int) -> Run:
            def run(*inputs: np.ndarray) -> np.ndarray:
                with lock:
                    graph = opened(workers)
                return graph(*inputs)

            return run

        workers = min(self.threads, _MAX_WORKERS)
        return Engine(run_by(1), graph_memory(self.folder), workers, run_by(workers), self)

    def _run(self, workers: int) -> Run:
        """Of which so many calls run beside each other, each on its part of the threads."""
        file = self.folder / "model.onnx"
        if self.engine == "openvino":
            return open_openvino_graph(file, self.threads, self.precision, workers)
        return open_onnx_graph(file, -(-self.threads // workers))


#: The fastest on CPUs comes first.
ENGINES = ("openvino", "onnxruntime", "paddle_inference", "dygraph")
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
    from .makers import make  # with Paddle, whose import takes seconds

    return make(network, shapes, engine, device, threads, precision, trial)


def check_engine(engine: str, device: str, precision: str) -> None:
    """Raises ValueError where an engine, or `auto`, is not there, not for the device or not for the precision."""
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
