import importlib.util
import os
import subprocess
import sys
from pathlib import Path

if importlib.util.find_spec("paddle_cv") is None:
    folders = [Path.cwd(), *Path.cwd().parents]
    clone = next((folder for folder in folders if (folder / "paddle_cv" / "version.py").is_file()), None)
    source = clone or max(Path.cwd().glob("paddle_cv-*.whl"), default=None)
    if source is None:
        raise FileNotFoundError("put this notebook into a clone of paddle_cv, or paddle_cv-*.whl beside it")
    pip = [sys.executable, "-m", "pip", "install", "--quiet"]
    if clone or importlib.util.find_spec("paddle") is None:
        subprocess.run([*pip, f"{source}[notebook]"], check=True)
    else:  # Paddle is here, as on AI Studio, perhaps for GPUs: a wheel would bring the one for CPUs, so all but that
        from importlib.metadata import requires

        from packaging.requirements import Requirement

        subprocess.run([*pip, "--no-deps", str(source)], check=True)
        needed = [Requirement(text) for text in requires("paddle-cv")]
        extras = ({"extra": extra} for extra in ("notebook", "serve", "hub", "train"))
        wanted = [need for extra in extras for need in needed if not need.marker or need.marker.evaluate(extra)]
        names = {f"{need.name}{need.specifier}" for need in wanted if need.name not in ("paddle-cv", "paddlepaddle")}
        subprocess.run([*pip, *sorted(names)], check=True)
    importlib.invalidate_caches()

# How long the training in this notebook runs: 1 is what its text speaks of, 10 ten times as long.
SCALE = float(os.environ.get("PADDLE_CV_NOTEBOOK_SCALE", "1"))

import paddle_cv as pcv  # before paddle, whose notes to its developers it leaves out
