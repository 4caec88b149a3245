#!/usr/bin/env python
"""Measures a network on test sets.

    python tools/evaluate.py rdn_lite_x4 --data Set5 Set14 [--json scores.json]
    python tools/evaluate.py lenet --weights runs/lenet_mnist/best.pdparams --data mnist

Super-resolution: PSNR in dB and SSIM on the luminance of BT.601, with a border of `scale` pixels left out, beside those of bicubic
interpolation. A test set is a folder with `HR` and `LR_bicubic/X<scale>` in it, or any folder of high-resolution pictures.

Classification: accuracy. A test set is a folder with MNIST's published files, or with `val/<class>/...` in it.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("GLOG_minloglevel", "2")  # Paddle's notes on its graphs
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import paddle_cv as pcv  # noqa: E402
from paddle_cv.analysis import accuracy, evaluate, find_labelled_set, find_test_set, mean_scores  # noqa: E402
from paddle_cv.data import Degradation  # noqa: E402
from paddle_cv.inference import ENGINES, ClassificationPredictor, RestorationPredictor  # noqa: E402

COLUMNS = ("psnr", "ssim", "bicubic_psnr", "bicubic_ssim")


def print_row(name: str, scores: dict) -> None:
    cells = "".join(f"{scores[key]:>14.{2 if key.endswith('psnr') else 4}f}" for key in COLUMNS)
    print(f"{name:<24}{cells}")


def measure_enlargement(predictor: RestorationPredictor, arguments: argparse.Namespace) -> dict[str, Any]:
    report = {"model": predictor.spec.name, "scale": predictor.scale, "degradation": arguments.degradation, "sets": {}}
    for folder in arguments.data:
        high, low = find_test_set(folder, predictor.scale)
        if arguments.degradation:
            low = None
        name, rows = Path(folder).name, []
        print(f"{name:<24}" + "".join(f"{key.replace('_', ' '):>14}" for key in COLUMNS))
        for row in evaluate(predictor, high, arguments.low or low, arguments.degradation):
            result = row.pop("result")
            rows.append(row)
            print_row(row["name"], row)
            if arguments.save:
                from PIL import Image

                target = Path(arguments.save) / name / f"{row['name']}.png"
                target.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(result).save(target)
        mean = mean_scores(rows)
        print_row(f"mean of {len(rows)}", mean)
        print()
        report["sets"][name] = {"mean": mean, "images": rows}
    return report


def measure_accuracy(predictor: ClassificationPredictor, folders: list[str]) -> dict[str, Any]:
    report = {"model": predictor.spec.name, "sets": {}}
    for folder in folders:
        data = find_labelled_set(folder)
        score = accuracy(predictor, data)
        print(f"{Path(folder).name}: {100 * score:.2f} % of {len(data)} pictures")
        report["sets"][Path(folder).name] = {"accuracy": score, "images": len(data)}
    return report


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="a name of paddle_cv.list_models()")
    parser.add_argument("--data", nargs="+", required=True, metavar="FOLDER", help="test sets")
    parser.add_argument("--low", metavar="FOLDER", help="the low-resolution pictures of a single test set")
    parser.add_argument(
        "--degradation",
        metavar="TEXT",
        help="what makes the low-resolution pictures (bicubic): bd, dn, or for instance bicubic+noise:10+jpeg:50",
    )
    parser.add_argument("--weights", metavar="FILE", help="weights instead of the shipped ones")
    parser.add_argument("--engine", default="auto", choices=["auto", *ENGINES])
    parser.add_argument("--json", metavar="FILE", help="write the scores to this file as well")
    parser.add_argument("--save", metavar="FOLDER", help="write the enlarged pictures to this folder")
    arguments = parser.parse_args()
    if arguments.low and len(arguments.data) > 1:
        parser.error("--low goes with one test set")
    if arguments.low and arguments.degradation:
        parser.error("--low has pictures that are degraded already, --degradation makes them")
    try:
        if arguments.degradation:
            Degradation(arguments.degradation)
        predictor = pcv.load(arguments.name, weights=arguments.weights, engine=arguments.engine)
    except (KeyError, FileNotFoundError, ValueError) as error:
        parser.error(error.args[0])
    if predictor.spec.task == "super_resolution":
        report = measure_enlargement(predictor, arguments)
    elif predictor.spec.task == "classification":
        if arguments.low or arguments.save or arguments.degradation:
            parser.error("--low, --save and --degradation are for super-resolution")
        try:
            report = measure_accuracy(predictor, arguments.data)
        except (FileNotFoundError, ValueError) as error:
            parser.error(error.args[0])
    else:
        parser.error(f"{arguments.name} is a network for {predictor.spec.task}, for which there is no measurement")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(report, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
