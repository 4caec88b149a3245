"""Photographs to begin with: those that come with scikit-image, where it is installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

__all__ = ["sample_folder", "sample_photographs"]

_NAMES = ("chelsea.png", "coffee.png", "astronaut.png", "rocket.jpg")


def sample_folder() -> Path | None:
    """Where they lie; None where scikit-image is not installed, which is not imported for it."""
    found = importlib.util.find_spec("skimage")
    return None if found is None or found.origin is None else Path(found.origin).parent / "data"


def sample_photographs() -> list[Path]:
    """The files: a cat, a cup of coffee, an astronaut, a rocket."""
    folder = sample_folder()
    return [] if folder is None else [folder / name for name in _NAMES if (folder / name).is_file()]
