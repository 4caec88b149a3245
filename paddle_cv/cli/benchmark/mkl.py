"""Training with Paddle's MKL as it comes and as paddle_cv sets it, on processors that are not Intel's."""

import argparse
import os

from .measuring import print_rows
from .mkl_steps import measure

__all__ = ["add_arguments", "run"]


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--repeats", type=int, default=3, help="runs of each row; the least counts (%(default)s)")


def run(arguments: argparse.Namespace) -> None:
    """Processes of their own, with the variable and without."""
    rows = [
        [title, *(f"{seconds:.2f}" for seconds in (*times["off"], *times["on"]))]
        + [f"{before / now:.1f} x" for before, now in zip(times["off"], times["on"])]
        for title, times in measure(arguments.repeats).items()
    ]
    heads = ["", "as it comes: wall s", "CPU s", "with AVX2: wall s", "CPU s", "by wall", "by CPU"]
    print(f"{os.environ['OMP_NUM_THREADS']} threads, in dygraph\n")
    print_rows(heads, rows)
