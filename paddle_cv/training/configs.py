"""The configurations that this project brings, by name."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

__all__ = ["configs_folder", "find_config"]


def configs_folder() -> Path:
    """The configurations: inside the installed package, or beside it in a source tree.

    Raises:
        FileNotFoundError: In neither place.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "configs", package.parent / "configs"):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"no folder configs in {package} or beside it; install paddle-cv again")


def find_config(name: str | os.PathLike) -> Path:
    """The file of a configuration.

    Args:
        name: A path; or the name of one that this project brings, such as `rdn_lite_x4`. The path that one has in a clone,
            `configs/restoration/rdn_lite_x4.yaml`, goes without a clone as well.

    Raises:
        FileNotFoundError: There is none; the message suggests what may be meant.
    """
    path = Path(name)
    if path.is_file():
        return path
    known = {file.stem: file for file in sorted(configs_folder().glob("[!_]*/*.yaml"))}
    of_this_project = known.get(path.stem if path.suffix in (".yaml", ".yml") else path.name)
    if of_this_project is not None:
        if path.parent == Path() or path.parts[-3:-1] == ("configs", of_this_project.parent.name):
            return of_this_project
    near = difflib.get_close_matches(path.stem, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"those of this project are {', '.join(known)}"
    raise FileNotFoundError(f"there is no configuration {name}; {hint}")
