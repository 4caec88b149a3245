"""The configurations that this project brings, by name."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

__all__ = ["configs_folder", "find_config", "shown_name"]


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
    known = {file.stem: file for file in _configs()}
    of_this_project = known.get(path.stem if path.suffix in (".yaml", ".yml") else path.name)
    if of_this_project is not None:
        relative = of_this_project.relative_to(configs_folder()).with_suffix("")
        if path.with_suffix("") in (Path(relative.name), relative, "configs" / relative):
            return of_this_project
    shown = {stem: stem for stem in known}
    if path.parent.is_dir():
        shown.update({file.stem: str(file) for file in sorted(path.parent.glob("*.y*ml"))})
    near = difflib.get_close_matches(path.stem, shown, n=3, cutoff=0.5)
    hint = (
        f"did you mean {' or '.join(map(shown.get, near))}?"
        if near
        else f"those of this project are {', '.join(known)}"
    )
    raise FileNotFoundError(f"there is no configuration {name}; {hint}")


def _configs() -> list[Path]:
    """All that can be trained with; files of a folder that begins with _ are bases of others."""
    folder = configs_folder()
    return sorted([*folder.glob("*.yaml"), *folder.glob("[!_]*/*.yaml")])


def shown_name(path: Path) -> str:
    """What to call the file: `configs/...` for one of this project, wherever that folder lies."""
    folder = configs_folder().resolve()
    inside = path.resolve().is_relative_to(folder)
    return ("configs" / path.resolve().relative_to(folder) if inside else path).as_posix()
