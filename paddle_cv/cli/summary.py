"""Prints what networks cost, layer by layer.

    paddle-cv summary rdn_lite_x4 [--input 1280x720]
    paddle-cv summary alexnet lenet --course    # side by side, in the rows of a course's table

MACs (operations) are multiply-accumulates of convolutions and fully connected layers, biases not counted.
"""

import argparse
import re

from paddle_cv.analysis import cost_table, course_table, format_cost_table  # noqa: E402


def size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 1280x720")
    return int(match[1]), int(match[2])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", metavar="name", help="names of paddle_cv.list_models()")
    parser.add_argument(
        "--input",
        type=size,
        default=(None, None),
        metavar="WIDTHxHEIGHT",
        help="pixels; of the enlarged picture for super-resolution, as in the published tables (1280x720); of the input "
        "for classifiers (what they are trained for)",
    )
    parser.add_argument("--course", action="store_true", help="side by side, weights without biases")
    arguments = parser.parse_args()
    try:
        tables = [cost_table(name, *arguments.input) for name in arguments.names]
    except (KeyError, ValueError) as error:
        parser.error(error.args[0])
    print(course_table(tables) if arguments.course else "\n\n".join(map(format_cost_table, tables)))
    return 0
