"""Puts this project's modules where hub.Module(name=...) finds them, and checks them there.

    paddle-cv hub list                   # what there is, and what is installed
    paddle-cv hub install [NAME ...]     # without names, all
    paddle-cv hub check [NAME ...]       # without names, all that are installed; exit status 1 where one is not right

The name of a network stands for its module as well. The place is HUB_HOME, or else ~/.paddlehub.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from paddlehub.module.manager import LocalModuleManager

from ..hub.animals import GRAPH_FOLDER, LABELS
from ..hub.published import published_modules, write_module
from ..models import ModelSpec, pretrained_spec
from ..weights import hub_modules_folder


def main() -> int:
    folders = {path.parent.name: path.parent for path in hub_modules_folder().glob("*/module.py")}
    published = published_modules()
    available = sorted({*folders, *published})
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="print the names of the modules, and which are installed")
    for command, text in (("install", "install modules; without names, all"), ("check", "check what is installed")):
        commands.add_parser(command, help=text).add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    manager = LocalModuleManager()
    installed = [name for name in available if (Path(manager.home) / name).is_dir()]
    if arguments.command == "list":
        for name in available:
            print(f"{name}  (installed)" if name in installed else name)
        return 0
    try:
        names = [module_of(name, available) for name in arguments.names]
    except KeyError as error:
        parser.error(error.args[0])
    if arguments.command == "install":
        for name in names or available:
            with source_of(name, folders, published) as source:
                module = install(manager, source)
            print(f"installed {name} {module.version} in {module.directory}")
        return 0
    problems = {}
    for name in names or installed:
        with source_of(name, folders, published) as source:
            problems[name] = check(manager, source)
    for name, problem in problems.items():
        print(f"{name}: {problem or 'ok'}")
    if not problems:
        print(f"no module of this project is installed in {manager.home}")
    return 1 if any(problems.values()) else 0


def module_of(name: str, available: list[str]) -> str:
    """The module of this name, or of the network of this name.

    Raises:
        KeyError: There is neither; the message has the nearest names.
    """
    if name in available:
        return name
    module = pretrained_spec(name).module_name
    if module not in available:
        raise KeyError(f"no module has the network {name}; `paddle-cv hub list` prints all modules")
    return module


@contextlib.contextmanager
def source_of(name: str, folders: Mapping[str, Path], published: Mapping[str, ModelSpec]) -> Iterator[Path]:
    """The folder of a module, which is written for a while where there is none."""
    if name in folders:
        yield folders[name]
        return
    with tempfile.TemporaryDirectory() as folder:
        yield write_module(published[name], Path(folder))


def install(manager: LocalModuleManager, source: Path) -> type:
    """Installs a module as `hub install` does, but keeps the weights that somebody has put into the installed one.

    `hub install` removes all of what lies there first: also the files of a module that PaddleHub publishes under the same name.
    """
    target = Path(manager.home) / source.name
    present = [*target.glob("*.pdparams"), target / LABELS, target / GRAPH_FOLDER]
    kept = [path for path in present if path.exists() and not (source / path.name).exists()]
    with tempfile.TemporaryDirectory(prefix=".kept-", dir=target.parents[1]) as aside:
        for path in kept:
            shutil.move(path, aside)
        try:
            return manager.install(directory=str(source))
        finally:
            target.mkdir(exist_ok=True)
            for path in kept:
                shutil.move(Path(aside) / path.name, path)


def check(manager: LocalModuleManager, source: Path) -> str:
    """What is wrong with an installed module; "" where nothing is.

    It is as the project has it, can be imported, and its weights are those that the card describes.
    """
    target = Path(manager.home) / source.name
    if not target.is_dir():
        return "not installed"
    code = "module.py"
    if not (target / code).is_file() or (target / code).read_bytes() != (source / code).read_bytes():
        return "another version, or not this project's; install it again"
    module = manager.search(source.name)
    if module is None:
        return "cannot be imported"
    if not (source / "card.json").is_file():
        return ""
    expected = json.loads((source / "card.json").read_text(encoding="utf-8"))["sha256"]
    weights = target / f"{module.model}.pdparams"
    if not weights.is_file():
        return f"{weights.name} is missing"
    if hashlib.sha256(weights.read_bytes()).hexdigest() != expected:
        return f"{weights.name} is not the file that the card describes"
    return ""
