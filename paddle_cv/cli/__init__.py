"""The command `paddle-cv`: its first argument names a program, which is a file of this folder with a function `main`."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from pathlib import Path

from ..requirements import missing_package
from ..version import __version__

__all__ = ["PROGRAMS", "main", "run"]

#: What each program does, in the order of the help.
PROGRAMS = {
    "predict": "enlarge, denoise or classify pictures and videos",
    "train": "train or fine-tune a network as a configuration says",
    "evaluate": "measure a network on test sets",
    "compare": "draw a picture as each of several networks makes it, with scores",
    "demo": "open the page in a browser",
    "serve": "serve modules over HTTP",
    "hub": "put the PaddleHub modules in their place, list and check them",
    "convert": "convert weights of a reference implementation",
    "export": "write a network as a graph for other programs",
    "summary": "print what networks cost, layer by layer",
    "data": "list and fetch public data sets",
    "prepare-data": "cut photographs into sub-images",
    "benchmark": "measure speed on this machine",
}


def main() -> int:
    """Runs the program that the command line names, with the rest of the command line."""
    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if name in ("-h", "--help"):
        print("usage: paddle-cv PROGRAM ...\n")
        print("\n".join(f"  {program:<14}{text}" for program, text in PROGRAMS.items()))
        print("\npaddle-cv PROGRAM --help tells what each takes.")
        return 0
    if name == "--version":
        print(f"paddle-cv {__version__}")
        return 0
    if name not in PROGRAMS:
        near = difflib.get_close_matches(name, PROGRAMS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(PROGRAMS)}"
        print(f"paddle-cv: error: no program {name!r}; {hint}", file=sys.stderr)
        return 2
    # argparse takes the name that it shows from here.
    sys.argv = [f"paddle-cv {name}", *sys.argv[2:]]
    return run(name)


def run(name: str) -> int:
    """Runs one program with the arguments of `sys.argv`; its exit code, which is 1 where nobody reads its output any more."""
    for stream in (sys.stdout, sys.stderr):
        # A name of a file that the console's encoding does not have, as Windows' often has not, ends no program.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        program = importlib.import_module(f".{name.replace('-', '_')}", __name__)
        code = program.main()
        sys.stdout.flush()
    except ModuleNotFoundError as error:
        missing = missing_package(error)
        if missing is None:
            raise
        print(f"{Path(sys.argv[0]).name}: error: {missing}", file=sys.stderr)
        code = 2
    except BrokenPipeError:  # as after `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more at its end
        code = 1
    return code
