"""Runs them all and writes docs/speed.md."""

import argparse
import datetime
import importlib.metadata
import importlib.util
import platform
import subprocess
import sys
from pathlib import Path

import paddle
from tqdm import tqdm

from paddle_cv.engines.cores import physical_cores

from .measuring import ROOT

__all__ = ["add_arguments", "run"]

_PAGE = """# How fast it is

Each section is what `paddle-cv benchmark` printed for the command in its heading. Ratios are those of one run: other
machines and other minutes give other seconds. The row PyTorch is there where it was installed, with the same weights; \
ONNX Runtime and PyTorch get the picture as a whole.

{machine}
"""
_RUNS = (
    "predict --names rdn_lite_x4",
    "predict --names edsr_baseline_x2 dncnn_lite_gray_s25 fsrcnn_x4 srcnn_955_x2 --beside onnxruntime --size 512 384",
    "predict --names carn_m_x4 --beside onnxruntime --repeats 2",  # both together take more memory than most machines have
    "predict --names carn_m_x4 --beside torch --repeats 2",
    "predict --names resnet50",
    "predict --names rdn_lite_x4 --engines onnxruntime dygraph --size 256 192",
    "large",
    "large --name bicubic_x4 --size 4330 2887 --kind rgba",
    "cold",
    "train",
    "mkl",
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """It has none."""


def run(arguments: argparse.Namespace) -> None:
    """Writes docs/speed.md. Runs are processes of their own, for their memory."""
    sections = []
    for line in tqdm(_RUNS, unit="run"):
        command = [sys.executable, "-W", "ignore", "-m", "paddle_cv", "benchmark", *line.split()]
        output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT).stdout.strip()
        sections.append(f"## `{line}`\n\n{output}\n")
        print(sections[-1], flush=True)
    (ROOT / "docs" / "speed.md").write_text(
        _PAGE.format(machine=machine()) + "\n" + "\n".join(sections), encoding="utf-8"
    )


def machine() -> str:
    """What the figures were measured on."""
    cpu = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        names = [
            line
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ]
        cpu = names[0].partition(": ")[2] if names else cpu
    bfloat16 = "with bfloat16" if _has_bfloat16() else "without bfloat16"
    parts = [
        f"{physical_cores()} cores of {cpu} ({bfloat16})",
        f"Python {platform.python_version()}",
        f"PaddlePaddle {paddle.__version__}",
    ]
    for package in ("openvino", "onnxruntime", "torch"):
        if importlib.util.find_spec(package):
            parts.append(f"{package} {importlib.metadata.version(package)}")
    return f"{', '.join(parts)}; {datetime.date.today()}."


def _has_bfloat16() -> bool:
    file = Path("/proc/cpuinfo")
    return file.exists() and "bf16" in file.read_text(encoding="utf-8", errors="replace")
