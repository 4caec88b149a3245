"""What runs a network: Paddle Inference on an exported graph, or the Layer itself."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Callable, Optional

import numpy as np
import paddle
from paddle import nn

from .. import __version__
from ..models.tracing import trace_as_written
from ..weights import cache_folder

__all__ = ["ENGINES", "make_engine"]

logger = logging.getLogger(__name__)

Engine = Callable[..., np.ndarray]
#: Of each input, without the batch; None for sides that vary.
Shapes = Sequence[Sequence[Optional[int]]]


def _graph_key(network: nn.Layer, shapes: Shapes) -> str:
    """Changes with the structure, the weights, and the versions of Paddle and of this library."""
    digest = hashlib.sha256(f"{__version__} {paddle.__version__} {shapes} {network}".encode())
    for name, value in network.state_dict().items():
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(value.numpy()).tobytes())
    return digest.hexdigest()[:20]


def _export(network: nn.Layer, shapes: Shapes, folder: Path) -> None:
    network.eval()
    trace_as_written(network)
    specs = [
        paddle.static.InputSpec([None, *shape], "float32", f"input_{number}") for number, shape in enumerate(shapes)
    ]
    paddle.jit.save(network, str(folder / "model"), input_spec=specs)


def _exported(network: nn.Layer, shapes: Shapes) -> Path:
    """The folder of the exported graph; it is made at the first call and found again by later ones and other processes."""
    folder = cache_folder() / "graphs" / f"{type(network).__name__.lower()}-{_graph_key(network, shapes)}"
    if (folder / "model.json").is_file():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".export-", dir=folder.parent))
    except OSError as error:
        folder = Path(tempfile.mkdtemp(prefix="paddle_cv-"))
        logger.warning(
            "cannot write to the cache (%s); the graph is exported to %s for this process only", error, folder
        )
        _export(network, shapes, folder)
        return folder
    try:
        _export(network, shapes, temporary)
        os.replace(temporary, folder)
    except OSError:
        if not (folder / "model.json").is_file():  # else another process was first
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _paddle_inference(network: nn.Layer, shapes: Shapes, device: str, threads: int) -> Engine:
    from paddle import inference

    folder = _exported(network, shapes)
    config = inference.Config(str(folder / "model.json"), str(folder / "model.pdiparams"))
    if device == "cpu":
        config.disable_gpu()
        config.set_cpu_math_library_num_threads(threads)
        if any(isinstance(layer, nn.LeakyReLU) for layer in network.sublayers()):
            # Paddle 3.3.1 ends the process by a segmentation fault when it joins a convolution and a LeakyReLU.
            config.delete_pass("conv_activation_onednn_fuse_pass")
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


def _dygraph(network: nn.Layer, shapes: Shapes, device: str, threads: int) -> Engine:
    network.eval()

    def run(*inputs: np.ndarray) -> np.ndarray:
        with paddle.no_grad():
            return network(*(paddle.to_tensor(x) for x in inputs)).numpy()

    return run


ENGINES = {"paddle_inference": _paddle_inference, "dygraph": _dygraph}


def make_engine(
    network: nn.Layer, shapes: Shapes, engine: str = "auto", device: str = "auto", threads: Optional[int] = None
) -> Engine:
    """A function from float32 arrays, the network's inputs, to its output.

    Args:
        network: The network; it is put into eval mode.
        shapes: Shape of each input without the batch, None for sides that vary, for example [(3, None, None)].
        engine: `paddle_inference`, `dygraph`, or `auto`: the faster one, which is Paddle Inference on CPUs.
        device: `cpu`, `gpu`, `gpu:<number>`, or `auto`: a GPU where Paddle sees one.
        threads: CPU threads; None: `OMP_NUM_THREADS` as it was before paddle was imported, or one a core.

    Raises:
        ValueError: No such engine, or no such device on this machine.
    """
    if device == "auto":
        device = "gpu" if _gpus() else "cpu"
    if device != "cpu" and not (device.split(":")[0] == "gpu" and _gpus()):
        raise ValueError(
            f"device {device!r} is not available; this Paddle sees {_gpus()} GPUs (pip install paddlepaddle-gpu)"
        )
    if engine == "auto":
        engine = "paddle_inference" if device == "cpu" else "dygraph"
    if engine not in ENGINES:
        raise ValueError(f"there is no engine {engine!r}, only auto, {', '.join(ENGINES)}")
    if device != "cpu":
        network.to(device)
    return ENGINES[engine](network, shapes, device, threads or _cores())


def _gpus() -> int:
    return paddle.device.cuda.device_count() if paddle.device.is_compiled_with_cuda() else 0


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
