"""The golden fixtures in tests/reference: names, weights by a fixed rule, inputs, and samples of the outputs.

A fixture says what the reference implementation of a network computes when its state dict is filled by rule 1: entry k (from
0) is drawn from `RandomState(1000 + k)`, the range depending on the kind of the entry.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Optional

import numpy as np

FOLDER = Path(__file__).parent / "reference"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))

# Networks for several scales: the one for which their fixture gives multiply-accumulates.
SCALE_OF_MACS = {"mdsr": 4, "mdsr_baseline": 4}

# What a network is told beside the image in the second case of its fixture, which does not have it among its inputs.
ALSO_TOLD = {"fbcnn_color": np.array([[0.3]], np.float32)}

_RANGES = {
    "bias": (-0.1, 0.1),
    "bn_bias": (-0.1, 0.1),
    "running_mean": (-0.1, 0.1),
    "bn_weight": (0.5, 1.5),
    "running_var": (0.5, 1.5),
    "prelu": (0.05, 0.35),
    "scale": (0.05, 0.35),
}


def load(name: str) -> dict:
    return json.loads((FOLDER / f"{name}.json").read_text())


def state(fixture: dict) -> dict[str, np.ndarray]:
    """The reference implementation's state dict, with its names and PyTorch's layouts, shared entries under all their names."""
    entries = {}
    for number, (key, shape, kind) in enumerate(fixture["state"]):
        random = np.random.RandomState(1000 + number)
        if kind == "constant":
            values = np.asarray(fixture["constants"][key]).reshape(shape)
        elif kind in _RANGES:
            values = random.uniform(*_RANGES[kind], shape)
        else:
            fan_in = shape[0] * math.prod(shape[2:]) if kind == "conv_transpose" else math.prod(shape[1:])
            values = random.uniform(-1, 1, shape)
            values *= math.sqrt(3 / fan_in) * fixture["gain"]
        entries[key] = np.asarray(values, np.float32)
    for alias, key in fixture.get("aliases", {}).items():
        entries[alias] = entries[key]
    return entries


def make_input(spec: dict) -> np.ndarray:
    if "constant" in spec:
        return np.full(spec["shape"], spec["constant"], np.float32)
    random = np.random.RandomState(spec.get("seed", 7))
    return random.uniform(spec["low"], spec["high"], spec["shape"]).astype(np.float32)


def inputs(fixture: dict) -> list[np.ndarray]:
    return [make_input(spec) for spec in [fixture["input"], *fixture.get("extra_inputs", {}).values()]]


def outputs(fixture: dict, scale: Optional[int] = None) -> list[dict]:
    """All outputs; only that of `scale` where each belongs to a scale of one network for several."""
    if fixture["name"] in SCALE_OF_MACS:
        return [output for output in fixture["outputs"] if output["name"] == f"x{scale}"]
    return fixture["outputs"] if "outputs" in fixture else [fixture["output"]]


def tolerance(fixture: dict) -> float:
    """In units of the output's standard deviation: 1e-4, or more where float32 itself differs more from float64."""
    return min(1e-3, max(1e-4, 10 * fixture["float64_difference_over_std"]))


def difference(expected: dict, actual: np.ndarray) -> float:
    """Largest difference of the samples, the mean and the standard deviation, in units of the standard deviation."""
    assert list(actual.shape) == expected["shape"]
    values = np.asarray(actual, np.float64).ravel()
    samples = np.abs(values[expected["index"]] - expected["value"]).max()
    moments = max(abs(values.mean() - expected["mean"]), abs(values.std() - expected["std"]))
    return max(samples, moments) / max(expected["std"], 1e-30)
