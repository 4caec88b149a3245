"""Measures a network on test sets, or all shipped weights.

    paddle-cv evaluate rdn_lite_x4 --data Set5 Set14 [--json scores.json]
    paddle-cv evaluate dncnn_gray_s25 --weights dncnn.pth --data Set12 --noise-level 25
    paddle-cv evaluate lenet --weights runs/lenet_mnist/best.pdparams --data mnist
    paddle-cv evaluate --all-shipped --data-root data

Super-resolution: PSNR in dB and SSIM on the luminance of BT.601, with a border of `scale` pixels left out, beside those of bicubic
interpolation. A test set is a folder with `HR` and `LR_bicubic/X<scale>` in it, or any folder of high-resolution pictures.

Denoising: PSNR in dB and SSIM beside those of the noisy pictures. A test set is a folder of clean pictures.

Classification: accuracy. A test set is a folder with MNIST's published files, or with `val/<class>/...` in it.

--all-shipped measures every hub module with weights on the test sets that its card names, and exits with 1 if one of these is
missing or a score is more than 0.02 dB, or 0.02 % of the pictures, worse than the card says.
"""

import argparse
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Optional

import numpy as np
from PIL import Image

import paddle_cv as pcv
from paddle_cv.analysis import (
    accuracy,
    evaluate,
    evaluate_denoising,
    find_labelled_set,
    find_test_set,
    mean_scores,
    measure_shipped,
)
from paddle_cv.data import Degradation, data_folder
from paddle_cv.engines import ENGINES
from paddle_cv.files import json_text
from paddle_cv.inference import ClassificationPredictor, RestorationPredictor
from paddle_cv.pictures import save_image
from paddle_cv.weights import hub_modules_folder

SHIPPED = ("module", "network", "test set", "card", "measured", "difference")


def print_heads(name: str, scores: dict) -> None:
    print(f"{name:<24}" + "".join(f"{key.replace('_', ' '):>14}" for key in scores))


def print_row(name: str, scores: dict) -> None:
    print(f"{name:<24}" + "".join(f"{value:>14.{2 if key.endswith('psnr') else 4}f}" for key, value in scores.items()))


def measure_rows(rows: Iterable[dict[str, Any]], name: str, save: Optional[str]) -> dict[str, Any]:
    """Prints the rows of `evaluate` or `evaluate_denoising` and their means, and writes the results to a folder."""
    images = []
    for row in rows:
        result, picture = row.pop("result"), row["name"]
        scores = {key: value for key, value in row.items() if key != "name"}
        if not images:
            print_heads(name, scores)
        images.append(row)
        print_row(picture, scores)
        if save:
            target = Path(save) / name / f"{picture}.png"
            save_image(Image.fromarray(result[..., 0] if result.shape[2:] == (1,) else result), target)
    mean = mean_scores(images)
    print_row(f"mean of {len(images)}", mean)
    endless = [row["name"] for row in images if np.isinf([row[key] for key in row if key.endswith("psnr")]).any()]
    if endless:
        print(f"left out of the mean where the PSNR is infinite: {', '.join(endless)}")
    print()
    return {"mean": mean, "images": images}


def set_names(folders: list[str]) -> list[str]:
    """What to call test sets: the names of their folders, with a number where several have one."""
    names = [Path(folder).resolve().name for folder in folders]
    return [name if names.count(name) == 1 else f"{name}_{names[:n].count(name) + 1}" for n, name in enumerate(names)]


def measure_enlargement(predictor: RestorationPredictor, arguments: argparse.Namespace) -> dict[str, Any]:
    report = {"model": predictor.spec.name, "scale": predictor.scale, "degradation": arguments.degradation}
    report.update(grey_as_rgb=arguments.grey_as_rgb, sets={})
    for folder, name in zip(arguments.data, set_names(arguments.data)):
        high, low = find_test_set(folder, predictor.scale)
        if arguments.degradation:
            low = None
        rows = evaluate(predictor, high, arguments.low or low, arguments.degradation, arguments.grey_as_rgb)
        report["sets"][name] = measure_rows(rows, name, arguments.save)
    return report


def measure_denoising(predictor: RestorationPredictor, arguments: argparse.Namespace) -> dict[str, Any]:
    level, degradation = arguments.noise_level, arguments.degradation
    report = {"model": predictor.spec.name, "noise_level": level, "degradation": degradation, "sets": {}}
    for folder, name in zip(arguments.data, set_names(arguments.data)):
        rows = evaluate_denoising(predictor, folder, level, degradation)
        report["sets"][name] = measure_rows(rows, name, arguments.save)
    return report


def measure_accuracy(predictor: ClassificationPredictor, folders: list[str]) -> dict[str, Any]:
    report = {"model": predictor.spec.name, "sets": {}}
    for folder, name in zip(folders, set_names(folders)):
        data = find_labelled_set(folder)
        score = accuracy(predictor, data)
        print(f"{name}: {100 * score:.2f} % of {len(data)} pictures")
        report["sets"][name] = {"accuracy": score, "images": len(data)}
    return report


def measure_all(modules: Iterable[Path], data_root: str) -> dict[str, Any]:
    """Prints what hub modules score beside what their cards say."""
    print("{:<24}{:<24}{:<12}{:>12}{:>12}{:>12}".format(*SHIPPED))
    scores = []
    for module in modules:
        for score in measure_shipped(module, data_root):
            factor, unit = (100, " %") if score.kind == "accuracy" else (1, " dB")
            values = [score.card, score.measured, None if score.measured is None else score.measured - score.card]
            cells = "".join(
                "     missing" if v is None else f"{f'{round(v * factor, 3) + 0.0:.3f}{unit}':>12}" for v in values
            )
            verdict = (
                "" if score.holds else "  worse than the card" if score.measured is not None else f" in {data_root}"
            )
            print(f"{score.module:<24}{score.model:<24}{score.test_set:<12}{cells}{verdict}")
            scores.append({**asdict(score), "holds": score.holds})
    return {"shipped": scores}


def measure_network(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> dict[str, Any]:
    if arguments.low and len(arguments.data) > 1:
        parser.error("--low goes with one test set")
    if arguments.degradation and (arguments.low or arguments.noise_level is not None):
        parser.error("--degradation makes the pictures, and --low or --noise-level do not go with it")
    try:
        if arguments.degradation:
            Degradation(arguments.degradation)
        pcv.model_spec(arguments.name)  # one network: a chain has no scores of its own
        predictor = pcv.load(arguments.name, weights=arguments.weights, engine=arguments.engine, precision="float32")
        spec = predictor.spec
        if arguments.noise_level is not None and spec.task != "denoising":
            parser.error("--noise-level is for denoisers")
        if spec.task == "super_resolution":
            return measure_enlargement(predictor, arguments)
        if arguments.low:
            parser.error("--low is for super-resolution")
        if spec.task == "denoising":
            if arguments.noise_level is None and not arguments.degradation:
                arguments.noise_level = spec.hyperparameters.get("noise_level")
            return measure_denoising(predictor, arguments)
        if arguments.save or arguments.degradation:
            parser.error("--save and --degradation are for networks that give pictures")
        return measure_accuracy(predictor, arguments.data)
    except (KeyError, FileNotFoundError, ValueError) as error:
        parser.error(error.args[0])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", help="a name of paddle_cv.list_models()")
    parser.add_argument("--data", nargs="+", metavar="FOLDER", help="test sets")
    parser.add_argument("--all-shipped", action="store_true", help="measure all shipped weights by their cards")
    parser.add_argument(
        "--data-root",
        metavar="FOLDER",
        default=data_folder(),
        help="where --all-shipped finds the test sets, or folders of them (PADDLE_CV_DATA, or else data)",
    )
    parser.add_argument("--low", metavar="FOLDER", help="the low-resolution pictures of a single test set")
    parser.add_argument(
        "--degradation",
        metavar="TEXT",
        help="what makes the low-resolution pictures (bicubic): bd, dn, or for instance bicubic+noise:10+jpeg:50;"
        " for denoisers what takes the place of the noise: jpeg:30",
    )
    parser.add_argument(
        "--noise-level",
        type=float,
        metavar="S",
        help="standard deviation of the noise, of 255 (what the weights are for)",
    )
    parser.add_argument(
        "--grey-as-rgb",
        action="store_true",
        help="measure grey pictures as three equal channels, as some published tables do (+0.09 dB of Set14's mean)",
    )
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
