"""Which files of a folder are pictures: one rule for data sets, evaluation and prediction."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

__all__ = ["IMAGE_SUFFIXES", "files_below", "is_hidden", "pictures_below", "tell_left_out"]

logger = logging.getLogger(__name__)

#: Suffixes of the pictures that folders bring.
IMAGE_SUFFIXES = (
    *(".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm"),
    *(".tif", ".tiff", ".webp"),
)
# What systems leave behind in folders, beside names that begin with a dot; some of it is pictures (the thumbnails of @eaDir).
_OF_SYSTEMS = (
    "$recycle.bin",
    "@eadir",
    "__macosx",
    "desktop.ini",
    "ehthumbs.db",
    "system volume information",
    "thumbs.db",
)


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is hidden or a system's own, and no data."""
    return name.startswith(".") or name.lower() in _OF_SYSTEMS


def files_below(folder: str | os.PathLike) -> list[Path]:
    """All files in a folder and the folders below it, linked ones included, sorted by path; what is hidden is left out.

    Links that go nowhere are among them, as opening them tells; a link to a folder above it is not followed.
    """
    return sorted(_walk(Path(folder), frozenset()))


def _walk(folder: Path, above: frozenset[str]) -> Iterator[Path]:
    above = above | {os.path.realpath(folder)}
    try:
        entries = list(os.scandir(folder))
    except PermissionError as error:
        logger.warning("%s: this folder cannot be read, and all in it is left out (%s)", folder, error.strerror)
        return
    for entry in entries:
        if is_hidden(entry.name):
            continue
        if entry.is_dir():
            if not entry.is_symlink() or os.path.realpath(entry.path) not in above:
                yield from _walk(folder / entry.name, above)
        elif entry.is_file() or entry.is_symlink():
            yield folder / entry.name


def pictures_below(folder: str | os.PathLike) -> list[Path]:
    """The pictures in a folder and the folders below it, sorted by path; the log counts what is left out."""
    files = files_below(folder)
    pictures = [file for file in files if file.suffix.lower() in IMAGE_SUFFIXES]
    tell_left_out(folder, (file for file in files if file.suffix.lower() not in IMAGE_SUFFIXES))
    return pictures


def tell_left_out(folder: str | os.PathLike, files: Iterable[Path]) -> None:
    """Says in the log how many files of a folder have names of no pictures that are read."""
    kinds = Counter(file.suffix.lower() or "without suffix" for file in files)
    if kinds:
        logger.warning(
            "%s: left out are files whose names are not those of pictures of a kind that is read: %s",
            folder,
            ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items())),
        )
