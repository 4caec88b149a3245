#!/usr/bin/env python
"""The demonstration of `make demo`: a real photograph, enlarged by the PaddleHub module rdn_x4."""

import argparse
import sys
import time
from pathlib import Path

from paddle_cv.analysis import side_by_side  # before PaddleHub, whose import of Paddle brings all of its notes

# isort: split
import paddlehub as hub
import skimage
from PIL import Image


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", nargs="?", help="without it, the photograph of a cat that scikit-image carries")
    parser.add_argument("-o", "--output", default="demo_output", help="folder for the results (%(default)s)")
    arguments = parser.parse_args()
    picture = arguments.picture or str(Path(skimage.__file__).parent / "data" / "chelsea.png")

    started = time.perf_counter()
    module = hub.Module(name="rdn_x4")
    loaded = time.perf_counter()
    [result] = module.predict(paths=[picture], visualization=True, output_dir=arguments.output)
    finished = time.perf_counter()

    enlarged = Image.open(result["save_path"])
    source = Image.open(picture).convert("RGB")
    bicubic = source.resize(enlarged.size, Image.Resampling.BICUBIC)
    width, height = enlarged.size
    side_w, side_h = min(640, width), min(480, height)
    left, top = (width - side_w) * 2 // 5, (height - side_h) * 2 // 5
    sheet = side_by_side({"bicubic": bicubic, "rdn_x4": enlarged}, (left, top, left + side_w, top + side_h))
    comparison = Path(arguments.output) / f"{Path(result['save_path']).stem}_comparison.png"
    sheet.save(comparison)
    print(f"{source.width} x {source.height} -> {width} x {height} pixels")
    print(f"enlarged picture:  {result['save_path']}")
    print(f"beside bicubic:    {comparison}")
    print(f"time: {loaded - started:.1f} s to load the module, {finished - loaded:.1f} s to enlarge and write")
    return 0


if __name__ == "__main__":
    sys.exit(main())
