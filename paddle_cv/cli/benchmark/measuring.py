"""What the benchmark's programs share: timing, tables, pictures, networks and those in PyTorch."""

import importlib.util
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

import paddle_cv as pcv

__all__ = ["ROOT", "least_seconds", "make_network", "picture", "print_rows", "print_table", "torch_twin"]

#: The clone, whose pages the results go to and whose PyTorch networks stand beside ours.
ROOT = Path(__file__).resolve().parents[3]


def least_seconds(calls: dict, repeats: int) -> dict[str, tuple[float, float]]:
    """The shortest of several runs of each call, taken in turn, after one run that does not count: wall and CPU seconds."""
    times = {name: [] for name in calls}
    for _ in tqdm(range(repeats + 1), leave=False, unit="round"):
        for name, call in calls.items():
            started, used = time.perf_counter(), time.process_time()
            call()
            times[name].append((time.perf_counter() - started, time.process_time() - used))
    return {name: tuple(map(min, zip(*values[1:]))) for name, values in times.items()}


def make_network(name: str):
    """The shipped weights, where there are some: new ones are just as fast."""
    return pcv.create_model(name, pretrained=pcv.model_spec(name).hub_module is not None)


def picture(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)


def print_rows(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A Markdown table that can be read as it is."""
    widths = [max(map(len, column)) for column in zip(heads, *rows)]
    for row in (heads, ["---"] + ["---:"] * (len(heads) - 1), *rows):
        cells = [
            f"{cell:<{width}}" if n == 0 else f"{cell:>{width}}" for n, (cell, width) in enumerate(zip(row, widths))
        ]
        print("| " + " | ".join(cells) + " |")
    print(flush=True)


def print_table(seconds: dict[str, tuple[float, float]], unit: str, divisor: float, first: str) -> None:
    """Wall seconds, CPU seconds, and how many times as fast as the row `first`, by both."""
    rows = [
        [name, f"{wall / divisor:.3f}", f"{cpu / divisor:.3f}"]
        + [f"{before / now:.2f} x" for before, now in zip(seconds[first], (wall, cpu))]
        for name, (wall, cpu) in seconds.items()
    ]
    print_rows(["", f"wall {unit}", f"CPU {unit}", "by wall", "by CPU"], rows)


def torch_twin(network, spec):
    """The network in PyTorch; None, with a word, where there is none."""
    if importlib.util.find_spec("torch") is None:
        print("PyTorch is not installed: no row of it")
        return None
    from tools.maintain.torch_twins import twin_of

    twin = twin_of(network, spec)
    if twin is None:
        print(f"{spec.name} has no twin in tools/maintain/torch_twins.py: no row of PyTorch")
    return twin
