#!/usr/bin/env python
"""Brings the tables of docs/exports.md up to date: which networks export to what, and what 8 bits cost.

    python tools/maintain/exports_page.py                       # from what docs/exports.json has
    python tools/maintain/exports_page.py --try                 # tries the networks that it does not have yet
    python tools/maintain/exports_page.py --try "rdn_*" lenet   # tries these, again
    python tools/maintain/exports_page.py --int8 rdn_x4         # measures shipped weights in 8 bits; without names all of them
    python tools/maintain/exports_page.py --int8 --speed        # their speed as well

Names of a class whose networks differ by depth, width, scale or noise level alone are of one kind, for which the smallest is tried.
docs/exports.json is written after every network, so that an interrupted run goes on where it was.
"""

import argparse
import fnmatch
import importlib.metadata
import inspect
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

os.environ.setdefault("GLOG_minloglevel", "2")  # Paddle's notes on its graphs
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import paddle  # noqa: E402
from tqdm import tqdm  # noqa: E402

import paddle_cv as pcv  # noqa: E402
from paddle_cv.analysis import fill_marked, find_set, measure, read_card  # noqa: E402
from paddle_cv.data import data_folder  # noqa: E402
from paddle_cv.engines.export import FORMATS, LIMITS, ExportError, export_network, graph_shapes  # noqa: E402
from paddle_cv.engines.graphs import OPSET  # noqa: E402
from paddle_cv.engines.runtime import open_onnx_graph  # noqa: E402
from paddle_cv.inference import RestorationPredictor  # noqa: E402
from paddle_cv.inference.quantization import calibration_pictures, export_int8  # noqa: E402
from paddle_cv.models import build_model  # noqa: E402
from paddle_cv.weights import hub_modules_folder  # noqa: E402

PACKAGES = ("paddlepaddle", "paddle2onnx", "onnxruntime")
TASKS = ("super_resolution", "denoising", "classification", "discriminator")  # whose networks are tried
SIDE = 128  # of the pictures that the speed is measured with
PAGE = ROOT / "docs" / "exports.md"
RESULTS = ROOT / "docs" / "exports.json"


def arguments_of(spec: pcv.ModelSpec) -> dict[str, Any]:
    """All hyperparameters of a network, defaults included."""
    defaults = {key: parameter.default for key, parameter in inspect.signature(spec.network).parameters.items()}
    return {**defaults, **spec.hyperparameters}


def kind_of(spec: pcv.ModelSpec) -> tuple:
    """What networks have in common whose graphs consist of the same operators."""

    def shape(key: str, value: Any) -> Any:
        if isinstance(value, (bool, str, type(None))):
            return value
        return isinstance(value, (list, tuple)) or value > 1  # one group is no grouped convolution

    facts = {key: shape(key, value) for key, value in arguments_of(spec).items() if key != "noise_level"}
    return spec.network.__name__, tuple(sorted(facts.items()))


def size_of(spec: pcv.ModelSpec) -> float:
    """Grows with depth and width."""
    numbers = (value if isinstance(value, (list, tuple)) else [value] for value in arguments_of(spec).values())
    return sum(number for values in numbers for number in values if isinstance(number, (int, float)))


def tried_names() -> list[str]:
    """The networks that are tried: those of `TASKS`."""
    return [name for name in pcv.list_models() if pcv.model_spec(name).task in TASKS]


def kinds() -> list[list[str]]:
    """All registered names, in lists of a kind; the smallest comes first."""
    found: dict[tuple, list[str]] = {}
    for name in tried_names():
        found.setdefault(kind_of(pcv.model_spec(name)), []).append(name)
    return [sorted(names, key=lambda name: size_of(pcv.model_spec(name))) for names in found.values()]


def versions() -> str:
    return ", ".join(f"{package} {importlib.metadata.version(package)}" for package in PACKAGES)


def settle(network: paddle.nn.Layer, spec: pcv.ModelSpec) -> None:
    """Gives normalisations the statistics of a batch.

    Without them the values of deep networks with new weights grow from block to block, and with them every rounding.
    """
    norms = [layer for layer in network.sublayers() if isinstance(layer, paddle.nn.BatchNorm2D)]
    if not norms:
        return
    for layer in norms:
        layer._momentum = 0.0  # of the statistics before
    side = spec.input_size or 64
    network.train()
    with paddle.no_grad():
        network(*(paddle.rand([2, *shape]) for shape in graph_shapes(spec, (side, side))))
    network.eval()


def try_formats(name: str) -> dict[str, Any]:
    """What exporting a network with new weights to each format gave."""
    spec, network, found = pcv.model_spec(name), build_model(name), {"versions": versions()}
    settle(network, spec)
    for form in FORMATS:
        with tempfile.TemporaryDirectory() as folder:
            try:
                exported = export_network(network, spec, Path(folder) / "graph", form)
            except ExportError as error:
                found[form] = {"error": str(error)}
            else:
                found[form] = {"any_size": exported.any_size, "difference": float(f"{exported.difference:.1e}")}
    return found


def networks_table(networks: dict[str, Any]) -> str:
    """A Markdown table with a row for each class, and below it what stands against an export."""
    names: dict[str, list[str]] = {}
    for name in tried_names():
        names.setdefault(pcv.model_spec(name).network.__name__, []).append(name)
    lines = ["| class | names | tried | Paddle | ONNX | pictures | largest difference |", "|---" * 7 + "|"]
    reasons, used = [], set()
    for network, registered in sorted(names.items()):
        tried = {name: networks[name] for name in registered if name in networks}
        if not tried:
            lines.append(f"| `{network}` | {len(registered)} | not yet | | | | |")
            continue
        used.update(outcome["versions"] for outcome in tried.values())
        good = [outcome[form] for outcome in tried.values() for form in FORMATS if "error" not in outcome[form]]
        cells = [f"`{network}`", str(len(registered)), ", ".join(f"`{name}`" for name in tried)]
        for form in FORMATS:
            failed = {name: outcome[form]["error"] for name, outcome in tried.items() if "error" in outcome[form]}
            cells.append("yes" if not failed else "some" if len(failed) < len(tried) else "no")
            reasons += [f"- `{name}` to {form}: {error}." for name, error in failed.items()]
        sizes = {"any size" if outcome["any_size"] else "one size" for outcome in good}
        cells += [" or ".join(sorted(sizes)), f"{max((o['difference'] for o in good), default=np.nan):.1e}"]
        lines.append(f"| {' | '.join(cells)} |")
    reasons += [f"- `{network}`: {reason}." for network, reason in LIMITS.items()]
    return "\n".join([*lines, "", *reasons, "", f"Tried with {'; '.join(sorted(used))}, opset {OPSET}."])


def measure_int8(module: Path, data_root: str, speed: bool) -> dict[str, Any]:
    """What the weights of a hub module lose in 8 bits on Set5, and the CPU time of their graph in both forms."""
    card = read_card(module)
    network, spec = pcv.load_network(card["model"], module / f"{card['model']}.pdparams")
    with tempfile.TemporaryDirectory() as folder:
        whole = export_network(network, spec, Path(folder) / "float.onnx").path
        report = export_int8(network, spec, Path(folder) / "int8.onnx", calibration_pictures([]))
        engines = [open_onnx_graph(file, threads=1) for file in (whole, report.path)]
        scores = [
            measure(
                RestorationPredictor(network, spec, engine, precision="float32"),
                find_set(data_root, "Set5"),
                **({"noise_level": card["noise_level"]} if "noise_level" in card else {}),
            )
            for engine in engines
        ]
        found = {
            "model": spec.name,
            "size": round(report.size, 3),
            "psnr": [round(score["psnr"], 3) for score in scores],
        }
        if speed:
            shapes = [[SIDE if side is None else side for side in shape] for shape in graph_shapes(spec)]
            inputs = [np.random.rand(1, *shape).astype(np.float32) for shape in shapes]
            found["seconds"] = [float(f"{value:.3g}") for value in least_seconds(engines, inputs)]
    return found


def least_seconds(engines: list, inputs: list[np.ndarray], rounds: int = 10) -> list[float]:
    """The least CPU time of each engine in turns. Other work on the machine hardly counts, as it would for the time of day."""
    times: list[list[float]] = [[] for _ in engines]
    for _ in range(rounds):
        for engine, taken in zip(engines, times):
            started = time.thread_time()
            engine(*inputs)
            taken.append(time.thread_time() - started)
    return [min(taken) for taken in times]


def int8_table(measured: dict[str, Any]) -> str:
    heads = ("module", "size of the file", "Set5, 32 bits", "Set5, 8 bits", "lost", "speed")
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for module, row in sorted(measured.items()):
        before, after = row["psnr"]
        speed = f"{row['seconds'][0] / row['seconds'][1]:.2f} x" if "seconds" in row else "not measured"
        cells = (f"{100 * row['size']:.0f} %", f"{before:.2f} dB", f"{after:.2f} dB", f"{before - after:.2f} dB", speed)
        lines.append(f"| {module} ({row['model']}) | {' | '.join(cells)} |")
    return "\n".join(lines)


def wanted_names(patterns: list[str], known: Iterable[str]) -> list[str]:
    """The names that patterns stand for; without any, the first of each kind that has not been tried.

    Raises:
        KeyError: A pattern stands for none.
    """
    if not patterns:
        known = set(known)
        return [names[0] for names in kinds() if not known.intersection(names)]
    for pattern in patterns:
        if not fnmatch.filter(pcv.list_models(), pattern):
            pcv.model_spec(pattern)  # says which names are near
    return list(dict.fromkeys(name for pattern in patterns for name in fnmatch.filter(pcv.list_models(), pattern)))


def write_results(results: dict[str, Any]) -> None:
    results = {part: dict(sorted(found.items())) for part, found in results.items()}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def page(results: dict[str, Any]) -> str:
    """The text that the page should have."""
    text = fill_marked(PAGE.read_text(encoding="utf-8"), "networks", networks_table(results["networks"]))
    return fill_marked(text, "int8", int8_table(results["int8"]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--try", nargs="*", metavar="NAME", dest="tried", help="try networks (what is missing)")
    parser.add_argument("--int8", nargs="*", metavar="MODULE", help="measure shipped weights in 8 bits (all)")
    parser.add_argument("--speed", action="store_true", help="with --int8: measure the speed as well")
    parser.add_argument(
        "--data-root",
        metavar="FOLDER",
        default=data_folder(),
        help="where --int8 finds Set5 (PADDLE_CV_DATA, or else data)",
    )
    arguments = parser.parse_args()
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    try:
        names = [] if arguments.tried is None else wanted_names(arguments.tried, results["networks"])
        for name in tqdm(names, unit="network", disable=None):
            results["networks"][name] = try_formats(name)
            write_results(results)
        if arguments.int8 is not None:
            for card in sorted(hub_modules_folder().glob("*/card.json")):
                module = card.parent
                spec = pcv.model_spec(read_card(module)["model"])
                if spec.task == "classification" or arguments.int8 and module.name not in arguments.int8:
                    continue
                results["int8"][module.name] = measure_int8(module, arguments.data_root, arguments.speed)
                write_results(results)
    except (KeyError, FileNotFoundError) as error:
        parser.error(error.args[0])
    PAGE.write_text(page(results), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
