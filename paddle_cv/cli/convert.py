"""Converts weights to ours: `paddle-cv convert rdn_b_x4 authors.pth -o rdn_b_x4.pdparams`.

The source is any weight file of docs/weights.md, such as .pth, .safetensors, .npz or .pdparams, with the names of the reference
implementation or ours. If an entry is missing, surplus or of a wrong shape, it is named and nothing is written.
"""

import argparse
import sys

from paddle_cv.models import build_model  # noqa: E402
from paddle_cv.weights import load_weights, read_weights, save_state  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="a name of paddle_cv.list_models()")
    parser.add_argument("source", help="the file to convert")
    parser.add_argument("-o", "--output", required=True, metavar="OUT.pdparams", help="the file to write")
    parser.add_argument(
        "--for-255",
        action="store_true",
        help="the weights are for 0...255 and do not tell it, as those of DRLN's authors",
    )
    arguments = parser.parse_args()
    if not arguments.output.endswith(".pdparams"):
        parser.error(f"{arguments.output}: the name must end with .pdparams")
    try:
        network = build_model(arguments.name)
    except KeyError as error:
        parser.error(error.args[0])
    try:
        load_weights(network, read_weights(arguments.source, network, for_255=arguments.for_255))
        save_state(network.state_dict(), arguments.output)
    except (ImportError, OSError, ValueError) as error:
        print(f"{error}\nnothing was written from {arguments.source}", file=sys.stderr)
        return 1
    print(f"{len(network.state_dict())} entries of {arguments.name} in {arguments.output}")
    return 0
