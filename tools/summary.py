#!/usr/bin/env python
"""Prints what a network costs, layer by layer: `python tools/summary.py rdn_lite_x4 [--input 1280x720]`.

MACs are multiply-accumulates of convolutions and fully connected layers, biases not counted.
"""

import argparse
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from paddle_cv.analysis import cost_table, format_cost_table  # noqa: E402


def size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 1280x720")
    return int(match[1]), int(match[2])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="a name of paddle_cv.list_models()")
    parser.add_argument(
        "--input",
        type=size,
        default="1280x720",
        metavar="WIDTHxHEIGHT",
        help="pixels; of the enlarged picture for super-resolution, as in the published tables (%(default)s)",
    )
    arguments = parser.parse_args()
    try:
        table = cost_table(arguments.name, *arguments.input)
    except (KeyError, ValueError) as error:
        parser.error(error.args[0])
    print(format_cost_table(table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
