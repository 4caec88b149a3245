"""Exported graphs on OpenVINO, in float32 or bfloat16."""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Optional

import numpy as np

__all__ = ["Loss", "Trial", "bfloat16_here", "choose_precision", "machine", "open_openvino_graph"]

logger = logging.getLogger(__name__)

Run = Callable[..., np.ndarray]

_DIGEST = hashlib.sha256().digest_size
_HINTS = {"float32": "f32", "bfloat16": "bf16"}


class Loss(NamedTuple):
    """What fewer digits cost, and how much of it would be invisible."""

    value: float
    allowed: float
    unit: str


#: Compares a network in float32 and in fewer digits.
Trial = Callable[[Run, Run], Loss]


def _openvino() -> Any:
    """The package, without its telemetry: at each import this would report to a web server, and leave files at home."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # to Python: not installed
    import openvino

    return openvino


@functools.lru_cache(None)
def _core() -> Any:
    return _openvino().Core()


def bfloat16_here() -> bool:
    """Whether this processor computes in bfloat16 (AVX-512 BF16, AVX-NE-CONVERT or AMX; Zen 4, Cooper Lake and later ones)."""
    return "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def open_openvino_graph(file: Path, threads: int, precision: str = "float32", streams: int = 1) -> Run:
    """Runs an ONNX file by OpenVINO on the CPU; as many calls as there are streams run beside each other.

    Args:
        file: The ONNX file. What is compiled from it is kept beside it, for this version of OpenVINO and this processor.
        threads: CPU threads of all streams.
        precision: `float32` or `bfloat16`. Input and output are float32 in both.
        streams: Into how many parts the threads are divided.
    """
    properties = {
        "INFERENCE_PRECISION_HINT": _HINTS[precision],
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": streams,
        "ENABLE_CPU_PINNING": False,  # two processes would be pinned to the same cores
    }
    compiled = _compiled(file, properties)
    names = sorted(source.get_any_name() for source in compiled.inputs)
    free: list[Any] = []  # requests are made as they are needed; append and pop are atomic

    def run(*inputs: np.ndarray) -> np.ndarray:
        try:
            request = free.pop()
        except IndexError:
            request = compiled.create_infer_request()
        try:
            results = request.infer(dict(zip(names, map(np.ascontiguousarray, inputs))), share_inputs=True)
            return results[0]
        finally:
            free.append(request)

    return run


def _compiled(file: Path, properties: dict[str, Any]) -> Any:
    """The compiled graph: what an earlier process left beside the file or, where that is missing or damaged, a new one."""
    core = _core()
    kept = file.with_name(f"compiled-{_digest(machine(), sorted(properties.items()))}.blob")
    try:
        content = kept.read_bytes()
        if content[:_DIGEST] == hashlib.sha256(memoryview(content)[_DIGEST:]).digest():
            return core.import_model(content[_DIGEST:], "CPU", properties)
    except (OSError, RuntimeError) as error:  # OpenVINO says in a RuntimeError that it is of another version
        logger.debug("%s: %s", kept, error)
    compiled = core.compile_model(core.read_model(file), "CPU", properties)
    blob = compiled.export_model().getvalue()
    _keep(kept, hashlib.sha256(blob).digest() + blob)
    return compiled


def machine() -> str:
    """What compiled graphs and the cost of rounding depend on."""
    return f"{_openvino().__version__} {_core().get_property('CPU', 'FULL_DEVICE_NAME')}"


def _digest(*facts: Any) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:12]


def _keep(file: Path, content: bytes) -> None:
    """Writes a file as a whole or, where that is not possible, not at all."""
    try:
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".", delete=False) as stream:
            stream.write(content)
        os.replace(stream.name, file)
    except OSError as error:
        logger.debug("%s is not kept: %s", file, error)


def choose_precision(file: Path, precision: str, trial: Optional[Trial], threads: int) -> str:
    """The precision in which a graph is computed.

    Args:
        file: The ONNX file. What the trial found is kept beside it.
        precision: `float32`, `bfloat16`, or `auto`: bfloat16 where the processor computes in it and the trial shows that what is
            lost is invisible.
        trial: Compares the two; without one, `auto` is float32.
        threads: CPU threads for the trial.

    Raises:
        ValueError: bfloat16 was asked for on a processor that does not compute in it.
    """
    if precision == "bfloat16" and not bfloat16_here():
        raise ValueError("this processor does not compute in bfloat16: precision='float32' or 'auto'")
    if precision != "auto":
        return precision
    if trial is None or not bfloat16_here():
        return "float32"
    loss = _tried(file, trial, threads)
    if loss.value <= loss.allowed:
        return "bfloat16"
    logger.info(
        "%s is computed in float32: bfloat16 would cost %.4f %s, and %g are allowed",
        file.parent.name,
        *loss[::2],
        loss[1],
    )
    return "float32"


def _tried(file: Path, trial: Trial, threads: int) -> Loss:
    def measure() -> dict[str, Any]:
        engines = (open_openvino_graph(file, threads, precision) for precision in ("float32", "bfloat16"))
        return trial(*engines)._asdict()

    try:
        return Loss(**remembered(file.parent, "bfloat16", measure))
    except TypeError:  # damaged
        file.with_name(_file_name("bfloat16")).unlink()
        return _tried(file, trial, threads)


def remembered(folder: Path, what: str, measure: Callable[[], Any]) -> Any:
    """What was measured once on this machine with this version of OpenVINO, and is kept as JSON in the folder of a graph."""
    kept = folder / _file_name(what)
    try:
        return json.loads(kept.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = measure()
        _keep(kept, json.dumps(found).encode())
        return found


def _file_name(what: str) -> str:
    return f"{what}-{_digest(machine())}.json"
