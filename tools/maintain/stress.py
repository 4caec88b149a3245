#!/usr/bin/env python
"""Starts `paddle-cv serve` on 127.0.0.1 and puts it under load.

    python tools/maintain/stress.py clients rdn_x4 lenet_mnist    # many clients: is any reply lost, or somebody else's?
    python tools/maintain/stress.py hostile rdn_x4                # broken, huge and wrong requests: is all well after them?
    python tools/maintain/stress.py slow rdn_x4                   # clients that send or fetch byte by byte
    python tools/maintain/stress.py chunks rdn_x4                 # bodies in chunks of one byte
    python tools/maintain/stress.py page                          # all these, and what they print goes into docs/serving.md

Every picture of `clients` has its own result, which the module's predictor gives before. `hostile` draws its requests from a seed,
says how each kind was answered, and what memory the server has before and after. `slow` and `chunks` tell how a good client fares
beside them. The exit code is 1 where a reply was lost, wrong or of a kind that it should not be, or where a good request does not
succeed.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("GLOG_minloglevel", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from stress_clients import clients  # noqa: E402
from stress_hostile import hostile  # noqa: E402
from stress_slow import chunks, slow  # noqa: E402

from paddle_cv.analysis import fill_marked  # noqa: E402
from paddle_cv.cli.benchmark.page import machine  # noqa: E402

PAGE = Path(__file__).resolve().parents[2] / "docs" / "serving.md"
COMMANDS = (
    "clients rdn_x4 lenet_mnist",
    "clients rdn_x4 lenet_mnist --servers 2",
    "hostile rdn_x4",
    "slow rdn_x4",
    "chunks rdn_x4",
)


def page(arguments: argparse.Namespace) -> int:
    """Runs each in a process of its own, and writes the page only where all went well."""
    lines = [f"{machine()} The clients ran on the same cores.", "", "```"]
    for command in COMMANDS:
        run = [sys.executable, __file__, *command.split()]
        done = subprocess.run(run, stdout=subprocess.PIPE, text=True)
        print(done.stdout, flush=True)
        if done.returncode:
            return done.returncode
        lines += [f"$ python tools/maintain/stress.py {command}", *done.stdout.splitlines(), ""]
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(fill_marked(text, "stress", "\n".join([*lines[:-1], "```"])), encoding="utf-8")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("clients", help="many clients at once")
    command.set_defaults(run=clients)
    command.add_argument("names", nargs="+", metavar="NAME", help="modules, to which the clients send in turn")
    command.add_argument("--clients", type=int, default=32, help="how many (%(default)s)")
    command.add_argument("--seconds", type=float, default=120, help="for how long (%(default)g)")
    command.add_argument("--queue", type=int, default=16, help="of the server (%(default)s)")
    command.add_argument(
        "--servers", type=int, default=1, help="processes that share the cores and the clients (%(default)s)"
    )
    command = commands.add_parser("hostile", help="requests that should not be")
    command.set_defaults(run=hostile)
    command.add_argument("name", metavar="NAME", help="a module")
    command.add_argument("--requests", type=int, default=2000, help="how many (%(default)s)")
    command.add_argument("--threads", type=int, default=32, help="at one time (%(default)s)")
    command.add_argument("--seed", type=int, default=0, help="of the drawing (%(default)s)")
    # Longer than there are threads, so that each request is looked at.
    command.add_argument("--queue", type=int, default=64, help="of the server (%(default)s)")
    command = commands.add_parser("slow", help="clients that send or fetch byte by byte")
    command.set_defaults(run=slow)
    command.add_argument("name", metavar="NAME", help="a module")
    command.add_argument("--clients", type=int, default=600, help="how many (%(default)s)")
    command.add_argument("--seconds", type=float, default=30, help="for how long (%(default)g)")
    command = commands.add_parser("chunks", help="bodies in chunks of one byte, without a token")
    command.set_defaults(run=chunks)
    command.add_argument("name", metavar="NAME", help="a module")
    command.add_argument("--clients", type=int, default=16, help="how many (%(default)s)")
    command.add_argument("--seconds", type=float, default=20, help="for how long (%(default)g)")
    commands.add_parser("page", help="writes docs/serving.md").set_defaults(run=page)
    arguments = parser.parse_args()
    return arguments.run(arguments)


if __name__ == "__main__":
    sys.exit(main())
