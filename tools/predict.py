#!/usr/bin/env python
"""Enlarges or denoises pictures: `python tools/predict.py rdn_x4 photo.jpg folder -o results`."""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("GLOG_minloglevel", "2")  # Paddle's notes on its graphs
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tqdm import tqdm  # noqa: E402

import paddle_cv as pcv  # noqa: E402
from paddle_cv.data import IMAGE_SUFFIXES  # noqa: E402
from paddle_cv.inference import ENGINES, ImageError  # noqa: E402


def jobs(inputs: list[str], output: Path, suffix: str) -> list[tuple[Path, Path]]:
    """Each input file with its target; the folders below an input folder are found again in the output folder."""
    found = []
    for name in inputs:
        path = Path(name)
        if not path.is_dir():
            found.append((path, output / f"{path.stem}{suffix}"))
            continue
        for file in sorted(path.rglob("*")):
            if file.is_file() and file.suffix.lower() in IMAGE_SUFFIXES:
                found.append((file, output / file.relative_to(path).parent / f"{file.stem}{suffix}"))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="a name of paddle_cv.list_models()")
    parser.add_argument("inputs", nargs="+", help="pictures, and folders of pictures")
    parser.add_argument("-o", "--output", required=True, help="folder for the results, PNG files")
    parser.add_argument("--weights", metavar="FILE", help="weights instead of the shipped ones")
    parser.add_argument("--engine", default="auto", choices=["auto", *ENGINES])
    parser.add_argument("--device", default="auto", help="cpu, gpu, gpu:1 ... (%(default)s)")
    parser.add_argument("--tile", type=int, default=384, help="largest side of the windows in pixels (%(default)s)")
    parser.add_argument("--noise_level", type=float, help="of 255, for denoisers that are told it")
    parser.add_argument("--overwrite", action="store_true", help="replace earlier results")
    arguments = parser.parse_args()
    try:
        predictor = pcv.load(
            arguments.name,
            weights=arguments.weights,
            engine=arguments.engine,
            device=arguments.device,
            tile=arguments.tile,
        )
    except (KeyError, FileNotFoundError, ValueError) as error:
        parser.error(error.args[0])
    conditions = {} if arguments.noise_level is None else {"noise_level": arguments.noise_level}
    todo = jobs(arguments.inputs, Path(arguments.output), ".png")
    failed, written = [], set()
    for source, target in todo:
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
    for error in failed:
        print(f"failed: {error}", file=sys.stderr)
    if not todo:
        print("there is no picture in these folders", file=sys.stderr)
    return 1 if failed or not todo else 0


if __name__ == "__main__":
    sys.exit(main())
