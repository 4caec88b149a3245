"""Lists the data sets that can be fetched, and fetches them.

    paddle-cv data list
    paddle-cv data get T91 BSDS500 Set5

They go into the folder that the configurations read: PADDLE_CV_DATA, or else `data` in the working directory. What is there already
is not fetched again, and what broke off goes on. Archives that you have put into that folder, and those of AI Studio's data sets,
are used instead of a download. Each set has its own terms, which `list` names.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..data.collect import DataError, collect, is_complete
from ..data.sources import DATA_SETS, data_folder


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="of all data sets (PADDLE_CV_DATA, or else data)")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="print what there is, and what is here")
    get = commands.add_parser("get", help="fetch data sets")
    get.add_argument("names", nargs="+", metavar="NAME")
    arguments = parser.parse_args()
    folder = arguments.folder or data_folder()
    if arguments.command == "list":
        show(folder)
        return 0
    try:
        for name in arguments.names:
            for place in collect(name, folder):
                print(place)
    except ValueError as error:
        parser.error(str(error))
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; what has come is kept, and the same command goes on from there", file=sys.stderr)
        return 130
    return 0


def show(folder: Path) -> None:
    for data_set in DATA_SETS.values():
        here = "here" if is_complete(data_set, folder) else size(data_set.bytes)
        print(f"{data_set.name:<18}{here:>8}  {data_set.about}")
        print(f"{'':<28}terms: {data_set.terms}; {', '.join(data_set.holds)}")
    print(f"\nThe folder is {folder}.")


def size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(count / 1e6, 0.1):.1f} MB"
