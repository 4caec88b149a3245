"""Where the pictures of a data set come from: folders, single files, or the photographs that come with scikit-image."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .files import list_images, names_in

__all__ = ["is_there", "list_pictures", "named_pictures", "split"]

#: Photographs that lie in every installation of scikit-image (others it downloads), and what they are for. Their licences are in
#: its folder `data`. What is measured on shows other things than what is trained on.
_SCIKIT_IMAGE = {
    "train": (
        "brick.png",
        "camera.png",
        "coins.png",
        "grass.png",
        "gravel.png",
        "hubble_deep_field.jpg",
        "motorcycle_left.png",
        "rocket.jpg",
    ),
    "val": ("astronaut.png", "chelsea.png", "coffee.png"),
}
_NAMES = {
    "scikit-image": (*_SCIKIT_IMAGE["train"], *_SCIKIT_IMAGE["val"]),
    **{f"scikit-image:{part}": names for part, names in _SCIKIT_IMAGE.items()},
}


def list_pictures(sources: str | Path | Sequence[str | Path]) -> list[Path]:
    """The files of one source or several, in their order.

    Args:
        sources: Each is a folder, searched with the folders below it; a file; or one of the names `scikit-image`,
            `scikit-image:train` and `scikit-image:val`.

    Raises:
        FileNotFoundError: A folder is missing or has no picture in it, or scikit-image is not installed.
    """
    return [path for _, path in named_pictures(sources)]


def named_pictures(sources: str | Path | Sequence[str | Path]) -> list[tuple[str, Path]]:
    """As `list_pictures`, each with what to call it: its path within its folder, or the name of the file, without suffix."""
    found = []
    for source in [sources] if isinstance(sources, (str, Path)) else sources:
        if str(source) in _NAMES:
            found += [(Path(name).stem, _scikit_image_folder() / name) for name in _NAMES[str(source)]]
        elif Path(source).is_file():
            found.append((Path(source).stem, Path(source)))
        else:
            files = list_images(source)
            found += zip(names_in(source, files), files)
    return found


def is_there(source: str | Path) -> bool:
    """Whether a source is a name, a folder or a file that exists."""
    return str(source) in _NAMES or Path(source).exists()


def _scikit_image_folder() -> Path:
    spec = importlib.util.find_spec("skimage")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("the photographs of scikit-image are not there: pip install scikit-image")
    return Path(spec.submodule_search_locations[0]) / "data"


def split(items: Sequence[Any], share: float) -> tuple[list[Any], list[Any]]:
    """Divides items in two, always in the same way, whatever the seed of a run; both keep their order.

    Args:
        items: What is divided. The others do not change sides when the share grows.
        share: The second part's, in [0, 1). It has at least one item and leaves one, where there are two.

    Returns:
        The first part, and the second.
    """
    count = min(max(round(share * len(items)), 1), len(items) - 1) if share else 0
    order = list(range(len(items)))
    random.Random(0).shuffle(order)
    chosen = set(order[:count])
    parts: tuple[list[Any], list[Any]] = [], []
    for number, item in enumerate(items):
        parts[number in chosen].append(item)
    return parts
