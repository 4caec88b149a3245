"""Seconds from the start of Python to the first result, and what takes them."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from paddle_cv.engines import available_engines

from .measuring import ROOT, print_rows

__all__ = ["add_arguments", "run"]

_COLD = """
import json, sys, time
import numpy as np
sys.path.insert(0, sys.argv[1])
marks = [time.time()]
def mark(_):
    marks.append(time.time())
mark(__import__("paddle"))
pcv = __import__("paddle_cv")
mark(pcv)
predictor = pcv.load(sys.argv[2], engine=sys.argv[3])
mark(predictor)
mark(predictor.predict(np.zeros((256, 256, 3), np.uint8)))
print(json.dumps(marks))
"""
_COLD_PARTS = ("Python and NumPy", "import paddle", "import paddle_cv", "load()", "predict()")


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--name", default="rdn_lite_x4", help="network (%(default)s)")
    command.add_argument("--repeats", type=int, default=3, help="runs of each row; the least counts (%(default)s)")


def run(arguments: argparse.Namespace) -> None:
    """Processes of their own, each with the cache of graphs that the one before has left."""
    table = []
    for engine in (engine for engine in available_engines() if engine != "dygraph"):
        with tempfile.TemporaryDirectory() as home:
            rows = []
            for _ in range(1 + arguments.repeats):
                started = time.time()
                done = subprocess.run(
                    [sys.executable, "-W", "ignore", "-c", _COLD, str(ROOT), arguments.name, engine],
                    env=cold_environment(home),
                    stdout=subprocess.PIPE,
                    check=True,
                )
                marks = [started, *json.loads(done.stdout.splitlines()[-1])]
                rows.append([*np.diff(marks), marks[-1] - started])
        for when, row in (("the first time", rows[0]), ("afterwards", min(rows[1:], key=lambda row: row[-1]))):
            table.append([f"{engine}, {when}", *(f"{value:.2f}" for value in row)])
    print(f"{arguments.name}, a picture of 256 x 256 pixels, seconds\n")
    print_rows(["", *_COLD_PARTS, "together"], table)


def cold_environment(home: str) -> dict[str, str]:
    """That of users: Python keeps what it has compiled."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**environment, "PADDLE_CV_HOME": home, "PYTHONPYCACHEPREFIX": str(Path(home) / "compiled")}
