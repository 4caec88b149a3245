"""Measures a network on test sets, or all shipped weights.

    paddle-cv evaluate rdn_lite_x4 --data Set5 Set14 [--json scores.json]
    paddle-cv evaluate dncnn_gray_s25 --weights dncnn.pth --data Set12 --noise-level 25
    paddle-cv evaluate lenet --weights runs/lenet_mnist/best.pdparams --data mnist
    paddle-cv evaluate --all-shipped --data-root data

--all-shipped measures every hub module with weights on the test sets that its card names, and exits with 1 if one of these is
missing or a score is worse than the card says, by more than {}.
"""

import argparse
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Optional

import numpy as np
from PIL import Image

import paddle_cv as pcv
from paddle_cv.analysis import measure_shipped
from paddle_cv.analysis.evaluation import Evaluation, evaluation_class, evaluations, known_scores
from paddle_cv.data import data_folder
from paddle_cv.engines import ENGINES
from paddle_cv.files import json_text
from paddle_cv.pictures import save_image
from paddle_cv.weights import hub_modules_folder

from .options import add_options, flag, given

SHIPPED = ("module", "network", "test set", "card", "measured", "difference")


def print_heads(name: str, scores: dict) -> None:
    print(f"{name:<24}" + "".join(f"{key.replace('_', ' '):>14}" for key in scores))


def print_row(name: str, scores: dict) -> None:
    print(f"{name:<24}" + "".join(f"{value:>14.{digits_of(key)}f}" for key, value in scores.items()))


def digits_of(key: str) -> int:
    return next((score.digits for name, score in known_scores().items() if key.endswith(name)), 4)


def measure_rows(by: Evaluation, folder: str, name: str, save: Optional[str]) -> dict[str, Any]:
    """Prints the scores of the images of a test set and of all of it, and writes the results to a folder."""
    images = []
    for row in by.rows(folder):
        result, picture = row.pop("result"), row["name"]
        scores = {key: value for key, value in row.items() if key != "name"}
        if not images:
            print_heads(name, scores)
        images.append(row)
        print_row(picture, scores)
        if save:
            target = Path(save) / name / f"{picture}.png"
            save_image(Image.fromarray(result[..., 0] if result.shape[2:] == (1,) else result), target)
    mean = by.mean(images)
    print_row(f"mean of {len(images)}", mean)
    endless = [row["name"] for row in images if np.isinf([row[key] for key in mean]).any()]
    if endless:
        print(f"left out of the mean where a score is infinite: {', '.join(endless)}")
    print()
    return {"mean": mean, "images": images}


def set_names(folders: list[str]) -> list[str]:
    """What to call test sets: the names of their folders, with a number where several have one."""
    names = [Path(folder).resolve().name for folder in folders]
    return [name if names.count(name) == 1 else f"{name}_{names[:n].count(name) + 1}" for n, name in enumerate(names)]


def measure_set(by: Evaluation, folder: str, name: str) -> dict[str, Any]:
    """Prints the scores of a test set."""
    rows = list(by.rows(folder))
    mean = by.mean(rows)
    texts = [(key, score.text(mean[key])) for key, score in by.predictor.scores.items() if key in mean]
    told = texts[0][1] if len(texts) == 1 else ", ".join(f"{key} {text}" for key, text in texts)
    print(f"{name}: {told} of {len(rows)} pictures")
    return {**mean, "images": len(rows)}


def measure_all(modules: Iterable[Path], data_root: str) -> dict[str, Any]:
    """Prints what hub modules score beside what their cards say."""
    print("{:<24}{:<24}{:<12}{:>12}{:>12}{:>12}".format(*SHIPPED))
    scores, kinds = [], known_scores()
    for module in modules:
        for score in measure_shipped(module, data_root):
            values = [score.card, score.measured, None if score.measured is None else score.measured - score.card]
            cells = "".join("     missing" if v is None else f"{kinds[score.kind].text(v, 3):>12}" for v in values)
            verdict = (
                "" if score.holds else "  worse than the card" if score.measured is not None else f" in {data_root}"
            )
            print(f"{score.module:<24}{score.model:<24}{score.test_set:<12}{cells}{verdict}")
            scores.append({**asdict(score), "holds": score.holds})
    return {"shipped": scores}


def measure_network(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> dict[str, Any]:
    if getattr(arguments, "low", None) and len(arguments.data) > 1:
        parser.error("--low goes with one test set")
    try:
        kind = evaluation_class(pcv.model_spec(arguments.name).task)  # of one network: a chain has no scores of its own
        for name, tasks in takers().items():
            if getattr(arguments, name) is not None and name not in (option.name for option in kind.options):
                parser.error(f"{flag(name)} is for {' and '.join(tasks)}")
        if arguments.save and not kind.lists_images:
            parser.error("--save is for networks that give pictures")
        predictor = pcv.load(arguments.name, weights=arguments.weights, engine=arguments.engine, precision="float32")
        by = kind(predictor, **given(arguments, kind.options))
        sets = {}
        for folder, name in zip(arguments.data, set_names(arguments.data)):
            if by.lists_images:
                sets[name] = measure_rows(by, folder, name, arguments.save)
            else:
                sets[name] = measure_set(by, folder, name)
        return {"model": predictor.spec.name, **by.facts(), "sets": sets}
    except (KeyError, FileNotFoundError, ValueError) as error:
        parser.error(error.args[0])


def takers() -> dict[str, list[str]]:
    """For each option of evaluations the tasks that have it."""
    found: dict[str, list[str]] = {}
    for task, kind in evaluations().items():
        for option in kind.options:
            found.setdefault(option.name, []).append(task.replace("_", "-"))
    return found


def main() -> int:
    abouts = dict.fromkeys(kind.about for kind in evaluations().values())
    allowed = [(name, score) for name, score in known_scores().items() if score.tolerance is not None]
    tolerances = ", ".join(f"{score.text(score.tolerance)} ({name.replace('_', ' ')})" for name, score in allowed)
    text = "\n\n".join([__doc__.rstrip().format(tolerances), *abouts])
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", help="a name of paddle_cv.list_models()")
    parser.add_argument("--data", nargs="+", metavar="FOLDER", help="test sets")
    parser.add_argument("--all-shipped", action="store_true", help="measure all shipped weights by their cards")
    parser.add_argument(
        "--data-root",
        metavar="FOLDER",
        default=data_folder(),
        help="where --all-shipped finds the test sets, or folders of them (PADDLE_CV_DATA, or else data)",
    )
    flags: dict[str, argparse.Action] = {}
    for kind in dict.fromkeys(evaluations().values()):
        add_options(parser, kind.options, flags)
    parser.add_argument("--weights", metavar="FILE", help="weights instead of the shipped ones")
    parser.add_argument("--engine", default="auto", choices=["auto", *ENGINES])
    parser.add_argument("--json", metavar="FILE", help="write the scores to this file as well")
    parser.add_argument("--save", metavar="FOLDER", help="write the resulting pictures to this folder")
    arguments = parser.parse_args()
    if arguments.all_shipped:
        if arguments.name or arguments.data:
            parser.error("--all-shipped takes networks and test sets from the cards")
        modules = [card.parent for card in sorted(hub_modules_folder().glob("*/card.json"))]
        report = measure_all(modules, arguments.data_root)
    elif arguments.name and arguments.data:
        report = measure_network(parser, arguments)
    else:
        parser.error("name a network and --data, or give --all-shipped")
    if arguments.json:
        Path(arguments.json).write_text(json_text(report) + "\n", encoding="utf-8")
    return int(any(not score["holds"] for score in report.get("shipped", ())))
