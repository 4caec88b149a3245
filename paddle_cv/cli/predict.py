"""Enlarges or denoises pictures and videos, or names what pictures show.

    paddle-cv predict rdn_x4 photo.jpg folder "scans/**/*.tif" -o results
    paddle-cv predict dncnn_lite_gray_s25+rdn_x4 noisy.png -o results
    paddle-cv predict rdn_x2 clip.mp4 -o results
    paddle-cv predict squeezenet1_0 photo.jpg folder --top_k 3
    paddle-cv predict portrait_seg me.jpg -o results --background sea.jpg

Folders are searched with all below them, and the results lie in folders of the same names. A result has the format, depth and mode
of its picture, GIF excepted. Videos are worked on frame by frame where they are named (folders bring pictures only); their sound
is copied. The exit code is 0 if all went well, 1 if a file failed (the others are finished), 2 for wrong arguments.
"""

import argparse
import json
import logging
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tqdm import tqdm

from paddle_cv.engines import ENGINES, PRECISIONS
from paddle_cv.inference import (
    PicturePredictor,
    find_pictures,
    is_video,
    plan_results,
    restore_files,
    video_info,
)
from paddle_cv.inference.registry import predictors
from paddle_cv.inference.result import Result
from paddle_cv.loading import load_with
from paddle_cv.pictures import MAX_MEGAPIXELS, ImageError, picture_size
from paddle_cv.pictures.video import CRF, VIDEO_FORMATS

from .options import add_options, flag, given

# Options of predictors that make pictures, beside their own.
WRITING = ("output", "format", "overwrite", "crf")
# The end of a progress bar.
TIMES = "[{elapsed}, {remaining} left, {rate_noinv_fmt}]"


def megapixels(predictor: PicturePredictor, source: Path) -> float:
    """Of the result of a picture."""
    try:
        height, width = predictor.result_size(*picture_size(source))
    except ImageError:  # what is wrong will be reported when its turn comes
        return 0
    return height * width / 1e6


class Progress:
    """Shows how far the work has come: one bar for all pictures in megapixels of result, and one for each video in frames."""

    def __init__(self, predictor: PicturePredictor, sources: list[Path]):
        self.sizes = {source: megapixels(predictor, source) for source in sources if not is_video(source)}
        self.done, self.pictures, self.frames = 0.0, None, None
        if self.sizes:
            self.pictures = tqdm(
                total=sum(self.sizes.values()),
                disable=None,  # only where somebody looks
                bar_format=f"{{percentage:3.0f}}%|{{bar}}| {{n:.1f}}/{{total:.1f}} megapixels {TIMES}",
                unit=" MP",
            )

    def show(self, source: Path, done: int, of: int) -> None:
        """Called with the number of windows of a picture, or of frames of a video."""
        if source in self.sizes:
            self.pictures.update(self.done + self.sizes[source] * done / of - self.pictures.n)
            return
        if self.frames is None:
            self.frames = tqdm(
                total=of,
                desc=source.name,
                disable=None,
                bar_format=f"{{desc}}: {{percentage:3.0f}}%|{{bar}}| {{n_fmt}}/{{total_fmt}} frames {TIMES}",
                unit=" frames",
                leave=False,
            )
        self.frames.update(done - self.frames.n)

    def finish(self, source: Path, failed: bool) -> None:
        """Called after each file."""
        if source in self.sizes:
            if failed:
                self.pictures.total -= self.sizes[source]
            else:
                self.done += self.sizes[source]
        elif self.frames is not None:
            self.frames.close()
            self.frames = None

    def close(self) -> None:
        for bar in (self.frames, self.pictures):
            if bar is not None:
                bar.close()


def described(target: Path) -> dict:
    """What a result is like."""
    if not is_video(target):
        height, width = picture_size(target)
        return {"result": str(target), "width": width, "height": height}
    info = video_info(target)
    return {"result": str(target), "width": info.width, "height": info.height, "frames": info.frames}


def restore(predictor: PicturePredictor, arguments: argparse.Namespace) -> tuple[list[dict], float]:
    """Writes the results; returns an entry for each file, and megapixels of result in a second."""
    conditions = given(arguments, [option for option in predictor.options if not option.at_start])
    options = {"crf": CRF if arguments.crf is None else arguments.crf, **conditions}
    found = find_pictures(arguments.inputs, outside=arguments.output)
    suffix = f".{arguments.format}" if arguments.format else predictor.result_suffix(**conditions)
    plan = plan_results(found, arguments.output, suffix)
    report, started, done = [], time.perf_counter(), 0.0
    with closing(Progress(predictor, [source for source, _ in plan])) as progress:
        last = time.perf_counter()
        for source, target, error in restore_files(
            predictor, plan, bool(arguments.overwrite), progress.show, batch_size=arguments.batch_size or 1, **options
        ):
            now = time.perf_counter()
            progress.finish(source, error is not None)
            entry = {"name": str(source)}
            if error:
                entry["error"] = str(error)
            else:
                entry.update(described(target), seconds=round(now - last, 3))
                done += entry["width"] * entry["height"] * entry.get("frames", 1) / 1e6
                if not arguments.json:
                    tqdm.write(str(target))
            report.append(entry)
            last = now
    return report, done / (time.perf_counter() - started)


def report_results(predictor: Any, arguments: argparse.Namespace) -> list[dict]:
    """Prints the results, or writes them to files; returns an entry for each picture."""
    found = find_pictures(arguments.inputs, outside=arguments.output)
    targets = dict(plan_results(found, arguments.output, predictor.writes)) if predictor.writes else {}
    sources, report = [source for source, _ in found], []
    options = given(arguments, [option for option in predictor.options if not option.at_start])
    outcomes = predictor.predict_each(sources, batch_size=arguments.batch_size or 1, **options)
    for source, outcome in zip(sources, tqdm(outcomes, total=len(sources), unit="picture", disable=None, leave=False)):
        if targets and not isinstance(outcome, Exception):
            outcome = saved(outcome, targets[source], sources, bool(arguments.overwrite))
        if isinstance(outcome, Exception):
            report.append({"name": str(source), "error": str(outcome)})
            continue
        if targets:
            report.append({"name": str(source), "result": str(targets[source]), **outcome.as_dict()})
            if not arguments.json:
                tqdm.write(str(targets[source]))
            continue
        report.append({"name": str(source), "labels": outcome.as_dict()})
        if not arguments.json:
            named = (f"{label} {probability:.4f}" for label, probability in outcome.as_dict().items())
            tqdm.write(f"{source}: {', '.join(named)}")
    return report


def saved(result: Result, target: Path, sources: list[Path], overwrite: bool) -> Result | Exception:
    """The result, which is in its file now; or why it is not."""
    if target.resolve() in (source.resolve() for source in sources):
        return ImageError(f"{target} is an input; results do not overwrite inputs")
    if target.exists() and not overwrite:
        return ImageError(f"{target} exists (--overwrite replaces it)")
    try:
        result.save(target)
    except (ImageError, OSError) as error:
        return error
    return result


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return int(text)


def quality(text: str) -> int:
    if not text.isdecimal() or int(text) > 51:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 51")
    return int(text)


def arguments_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="a name of paddle_cv.list_models(), or several joined by + for a chain")
    parser.add_argument("inputs", nargs="+", help="pictures, videos, folders of pictures, patterns with * and **")
    parser.add_argument(
        "--weights",
        metavar="FILE",
        action="append",
        help="weights instead of the shipped or published ones; for a chain once for each network, - for the shipped ones",
    )
    parser.add_argument("--engine", default="auto", choices=["auto", *ENGINES])
    parser.add_argument(
        "--precision",
        default="auto",
        choices=PRECISIONS,
        help="of OpenVINO; auto: bfloat16 where it costs nothing visible",
    )
    parser.add_argument("--device", default="auto", help="cpu, gpu, gpu:1 ... (%(default)s)")
    parser.add_argument("--threads", type=positive, help="CPU threads (one for each core)")
    parser.add_argument("--batch_size", type=positive, help="pictures, or windows of a picture, at once (1)")
    parser.add_argument(
        "--max-megapixels",
        type=float,
        default=MAX_MEGAPIXELS,
        help="refuse files of more pixels (%(default)g)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON list instead of lines")
    group = parser.add_argument_group("networks that make pictures")
    group.add_argument("-o", "--output", help="folder for the results")
    group.add_argument(
        "--format",
        choices=["png", "jpg", "webp", "tif", "bmp", *(suffix[1:] for suffix in VIDEO_FORMATS)],
        help="of the results: of pictures, or of videos (that of each file)",
    )
    group.add_argument("--overwrite", action="store_true", default=None, help="replace earlier results")
    group.add_argument("--crf", type=quality, help=f"quality of videos, from 0 (best) to 51 ({CRF})")
    known, flags = predictors(), {}
    for kind in dict.fromkeys(known.values()):
        tasks = [task.replace("_", "-") for task, its_kind in known.items() if its_kind is kind]
        add_options(parser.add_argument_group(" and ".join(tasks)), kind.options, flags)
    return parser


def load(arguments: argparse.Namespace):
    """The predictor that the arguments ask for; ValueError for options that are not for it."""
    names = arguments.name.split("+")
    weights = arguments.weights and [None if file == "-" else file for file in arguments.weights]
    if len(names) == 1:
        names, weights = names[0], weights and weights[-1]
    options = {name: getattr(arguments, name) for name in ("precision", "threads", "max_megapixels")}
    predictor = load_with(
        names, weights, arguments.engine, arguments.device, options, lambda kinds: asked_of(kinds, arguments)
    )
    if isinstance(predictor, PicturePredictor):  # what is missing or surplus is an error before the first picture
        predictor.prepare(**given(arguments, [option for option in predictor.options if not option.at_start]))
    return predictor


def asked_of(kinds: Sequence[type], arguments: argparse.Namespace) -> dict[str, Any]:
    """The options that predictors of these classes begin with; ValueError for those that are not for them."""
    makes_pictures = all(issubclass(kind, PicturePredictor) for kind in kinds)
    writes = makes_pictures or (len(kinds) == 1 and kinds[0].writes)
    taken = {option.name for kind in kinds for option in kind.options}
    taken.update(WRITING if makes_pictures else ("output", "overwrite") if writes else ())
    every = {option.name for kind in predictors().values() for option in kind.options} | set(WRITING)
    for name in sorted(every - taken):
        if getattr(arguments, name) is not None:
            raise ValueError(f"{flag(name)} is not for {arguments.name}")
    if writes and arguments.output is None:
        raise ValueError("-o FOLDER is needed for the results")
    return given(arguments, [option for kind in kinds for option in kind.options if option.at_start])


def main() -> int:
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    parser = arguments_parser()
    arguments = parser.parse_args()
    try:
        predictor = load(arguments)
    except (KeyError, FileNotFoundError, ValueError) as error:
        parser.error(error.args[0])
    speed = None
    try:
        if isinstance(predictor, PicturePredictor):
            report, speed = restore(predictor, arguments)
        else:
            report = report_results(predictor, arguments)
    except KeyboardInterrupt:
        print("interrupted; the results that are there are whole", file=sys.stderr)
        return 130
    failed = [entry["error"] for entry in report if "error" in entry]
    if arguments.json:
        print(json.dumps(report, indent=1, ensure_ascii=False))
    if not report:
        print("there is no picture in these folders", file=sys.stderr)
        return 1
    if speed is not None and not arguments.json:
        files = "files" if any(is_video(entry["name"]) for entry in report) else "pictures"
        print(f"{len(report) - len(failed)} of {len(report)} {files}, {speed:.2f} megapixels/s")
    for error in failed:
        print(f"failed: {error}", file=sys.stderr)
    return 1 if failed else 0
