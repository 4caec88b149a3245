"""`python -m paddle_cv.hub install [NAME ...]`: puts this project's modules where hub.Module(name=...) finds them."""

from __future__ import annotations

import argparse
import sys

from paddlehub.module.manager import LocalModuleManager

from ..weights import hub_modules_folder


def main() -> int:
    folder = hub_modules_folder()
    available = sorted(path.parent.name for path in folder.glob("*/module.py"))
    parser = argparse.ArgumentParser(prog="python -m paddle_cv.hub", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="print the names of the modules")
    install = commands.add_parser("install", help="install modules into HUB_HOME (default ~/.paddlehub)")
    install.add_argument(
        "names", nargs="*", metavar="NAME", help=f"modules to install; without any, all: {', '.join(available)}"
    )
    arguments = parser.parse_args()
    if arguments.command == "list":
        print("\n".join(available))
        return 0
    unknown = sorted(set(arguments.names) - set(available))
    if unknown:
        parser.error(f"no module {', '.join(unknown)}; there are {', '.join(available)}")
    manager = LocalModuleManager()
    for name in arguments.names or available:
        module = manager.install(directory=str(folder / name))
        print(f"installed {name} {module.version} in {module.directory}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
