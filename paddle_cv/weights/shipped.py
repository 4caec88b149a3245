"""Where the weights that this project ships lie."""

from __future__ import annotations

from pathlib import Path

from ..models import ModelSpec

__all__ = ["hub_modules_folder", "shipped_weights"]


def hub_modules_folder() -> Path:
    """The hub modules: inside the installed package, or beside it in a source tree.

    Raises:
        FileNotFoundError: In neither place.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "hub_modules", package.parent / "hub_modules"):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"no folder hub_modules in {package} or beside it; install paddle-cv again")


def shipped_weights(spec: ModelSpec) -> Path:
    """The file with a network's weights.

    Raises:
        FileNotFoundError: None are shipped for it.
    """
    if spec.hub_module is None:
        raise FileNotFoundError(f"no weights are shipped for {spec.name}; train it, or give a file by weights=<path>")
    path = hub_modules_folder() / spec.hub_module / f"{spec.name}.pdparams"
    if not path.is_file():
        raise FileNotFoundError(f"the weights of {spec.name} are missing: there is no {path}")
    return path
