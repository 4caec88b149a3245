"""Seconds from the start of Python to the first result, and what takes them."""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import paddle_cv as pcv
from paddle_cv.engines import available_engines

from .measuring import ROOT, print_rows

__all__ = ["add_arguments", "run"]

# Each prints the times at which its parts were done, and then the CPU seconds of the process.
_MARKS = """
import json, sys, time
import numpy as np
sys.path.insert(0, sys.argv[1])
marks = [time.time()]
def mark(_):
    marks.append(time.time())
"""
_LIBRARY = """
pcv = __import__("paddle_cv")
mark(pcv)
predictor = pcv.load(sys.argv[2], engine=sys.argv[3])
mark(predictor)
mark(predictor.predict(np.zeros((256, 256, 3), np.uint8)))
"""
_HUB = """
hub = __import__("paddlehub")
mark(hub)
module = hub.Module(directory=sys.argv[2])
mark(module)
mark(module.predict(images=[np.zeros((256, 256, 3), np.uint8)]))
"""
_END = """
print(json.dumps([*marks, time.process_time()]))
"""
_PADDLE = """
mark(__import__("paddle"))
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--name", default="rdn_lite_x4", help="network (%(default)s)")
    command.add_argument("--repeats", type=int, default=3, help="runs of each row; the least counts (%(default)s)")


def run(arguments: argparse.Namespace) -> None:
    """Processes of their own, each with the cache of graphs that the one before has left."""
    table = []
    for engine in (engine for engine in available_engines() if engine != "dygraph"):
        first, later = _starts(_MARKS + _LIBRARY + _END, [arguments.name, engine], arguments.repeats)
        table += [[f"{engine}, the first time", *first], [f"{engine}, afterwards", *later]]
    print(f"{arguments.name}, a picture of 256 x 256 pixels, seconds\n")
    heads = ["", "Python and NumPy", "import paddle_cv", "load()", "predict()", "together", "CPU s"]
    print_rows(heads, table)
    _, later = _starts(_MARKS + _PADDLE + _END, [], arguments.repeats)
    print(f"`import paddle` alone takes {later[1]} s, and {later[-1]} s of CPU time with all before it.\n")
    module = pcv.model_spec(arguments.name).hub_module
    if module is None or importlib.util.find_spec("paddlehub") is None:
        return
    folder = str(ROOT / "hub_modules" / module)
    first, later = _starts(_MARKS + _HUB + _END, [folder], arguments.repeats)
    print(f"The same network as the PaddleHub module {module}\n")
    heads = ["", "Python and NumPy", "import paddlehub", "hub.Module()", "predict()", "together", "CPU s"]
    print_rows(heads, [["the first time", *first], ["afterwards", *later]])


def _starts(code: str, values: Sequence[str], repeats: int) -> tuple[list[str], list[str]]:
    """What the parts of a start take, all together and CPU seconds: the first time, and the shortest of those after it."""
    rows = []
    with tempfile.TemporaryDirectory() as home:
        for _ in range(1 + repeats):
            started = time.time()
            done = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", code, str(ROOT), *values],
                env=_environment(home),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                check=True,
            )
            *marks, used = json.loads(done.stdout.splitlines()[-1])
            rows.append([*np.diff([started, *marks]), marks[-1] - started, used])
    first, *later = rows
    return _written(first), _written(min(later, key=lambda row: row[-2]))


def _written(row: Sequence[float]) -> list[str]:
    return [f"{value:.2f}" for value in row]


def _environment(home: str) -> dict[str, str]:
    """That of users: Python keeps what it has compiled."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**environment, "PADDLE_CV_HOME": home, "PYTHONPYCACHEPREFIX": str(Path(home) / "compiled")}
