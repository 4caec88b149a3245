"""Measures speed on this machine; each command compares its rows in one run.

Rows of PyTorch appear where it is installed (it is no requirement), and those of ONNX Runtime with `pip install ".[onnx]"`.
PyTorch's networks stand in tools/maintain/torch_twins.py and have the same weights; their results are compared first.
"""

import argparse
import importlib
import os
import sys

# Both are read when paddle is imported.
os.environ.setdefault("FLAGS_use_mkldnn", "1")
os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count() or 1))

__all__ = ["main"]

#: Each is a file of this folder.
PROGRAMS = ("predict", "tiles", "train", "mkl", "large", "cold", "page")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    # Only what is asked for is imported: Paddle, which others need, counts in the memory that `large` measures.
    for name in [name for name in PROGRAMS if name in sys.argv[1:2]] or PROGRAMS:
        program = importlib.import_module(f".{name}", __name__)
        command = commands.add_parser(name, help=program.__doc__)
        program.add_arguments(command)
        command.set_defaults(run=program.run)
    arguments = parser.parse_args()
    arguments.run(arguments)
    return 0
