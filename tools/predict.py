#!/usr/bin/env python
"""Enlarges or denoises pictures, or names what they show.

    python tools/predict.py rdn_x4 photo.jpg folder -o results
    python tools/predict.py squeezenet1_0 photo.jpg folder --top_k 3

The exit code is 1 if a picture failed; the others are finished.
"""

import argparse
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("GLOG_minloglevel", "2")  # Paddle's notes on its graphs
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tqdm import tqdm  # noqa: E402

import paddle_cv as pcv  # noqa: E402
from paddle_cv.data import IMAGE_SUFFIXES  # noqa: E402
from paddle_cv.inference import ENGINES, ClassificationPredictor, ImageError, RestorationPredictor  # noqa: E402

# Options of one kind of network only.
RESTORATION = ("output", "tile", "noise_level", "overwrite")
CLASSIFICATION = ("top_k", "batch_size", "json")


def pictures(inputs: list[str]) -> list[tuple[Path, Path]]:
    """Each input file, and its place in a folder of results: that below the input folder."""
    found = []
    for name in inputs:
        path = Path(name)
        if not path.is_dir():
            found.append((path, Path(path.name)))
            continue
        for file in sorted(path.rglob("*")):
            if file.is_file() and file.suffix.lower() in IMAGE_SUFFIXES:
                found.append((file, file.relative_to(path)))
    return found


def restore(predictor: RestorationPredictor, arguments: argparse.Namespace) -> list[Exception]:
    """Writes the results, and returns what failed."""
    conditions = {} if arguments.noise_level is None else {"noise_level": arguments.noise_level}
    failed, written = [], set()
    for source, place in pictures(arguments.inputs):
        target = Path(arguments.output) / place.with_name(f"{place.stem}.png")
        try:
            if target in written:
                raise ImageError(f"{source}: {target} is the result of another input already")
            if target.exists() and not arguments.overwrite:
                raise ImageError(f"{source}: {target} exists (--overwrite replaces it)")
            with tqdm(desc=str(source), unit="tile", leave=False) as bar:

                def show(done: int, total: int, bar: tqdm = bar) -> None:
                    bar.total = total
                    bar.update(done - bar.n)

                print(predictor.predict_file(source, target, progress=show, **conditions))
            written.add(target)
        except (ValueError, OSError) as error:
            failed.append(error)
    return failed


def classify(predictor: ClassificationPredictor, arguments: argparse.Namespace) -> list[Exception]:
    """Prints the results, and returns what failed."""
    sources = [source for source, _ in pictures(arguments.inputs)]
    failed, report = [], []
    outcomes = predictor.predict_each(sources, arguments.top_k or 5, arguments.batch_size or 1)
    for source, outcome in zip(sources, outcomes):
        if isinstance(outcome, Exception):
            failed.append(outcome)
            report.append({"name": str(source), "error": str(outcome)})
            continue
        report.append({"name": str(source), "labels": outcome.as_dict()})
        if not arguments.json:
            named = (f"{label} {probability:.4f}" for label, probability in outcome.as_dict().items())
            print(f"{source}: {', '.join(named)}")
    if arguments.json:
        print(json.dumps(report, indent=1, ensure_ascii=False))
    return failed


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return int(text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="a name of paddle_cv.list_models()")
    parser.add_argument("inputs", nargs="+", help="pictures, and folders of pictures")
    parser.add_argument("--weights", metavar="FILE", help="weights instead of the shipped or published ones")
    parser.add_argument("--engine", default="auto", choices=["auto", *ENGINES])
    parser.add_argument("--device", default="auto", help="cpu, gpu, gpu:1 ... (%(default)s)")
    group = parser.add_argument_group("super-resolution and denoising")
    group.add_argument("-o", "--output", help="folder for the results, PNG files")
    group.add_argument("--tile", type=int, help="largest side of the windows in pixels (384)")
    group.add_argument("--noise_level", type=float, help="of 255, for denoisers that are told it")
    group.add_argument("--overwrite", action="store_true", default=None, help="replace earlier results")
    group = parser.add_argument_group("classification")
    group.add_argument("--top_k", type=positive, help="how many classes to print (5)")
    group.add_argument("--batch_size", type=positive, help="pictures at once (1)")
    group.add_argument("--json", action="store_true", default=None, help="print one JSON list instead of lines")
    arguments = parser.parse_args()
    try:
        classifies = pcv.model_spec(arguments.name).task == "classification"
        for option in RESTORATION if classifies else CLASSIFICATION:
            if getattr(arguments, option) is not None:
                parser.error(f"--{option} is not for {arguments.name}")
        if not classifies and arguments.output is None:
            parser.error("-o FOLDER is needed for the results")
        options = {} if arguments.tile is None else {"tile": arguments.tile}
        predictor = pcv.load(arguments.name, arguments.weights, arguments.engine, arguments.device, **options)
    except (KeyError, FileNotFoundError, ValueError) as error:
        parser.error(error.args[0])
    if not pictures(arguments.inputs):
        print("there is no picture in these folders", file=sys.stderr)
        return 1
    failed = classify(predictor, arguments) if classifies else restore(predictor, arguments)
    for error in failed:
        print(f"failed: {error}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
