"""The folder of the cache of graphs: that of one user, which nobody else is believed to have written to.

A graph is code that runs inside the process. So the folder must be the user's own and closed to others, or it is not used.
Checksums tell damage by accident; against intent they could not help, as whoever can write to a folder can write them anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path

from ..downloads import cache_folder

__all__ = ["CHECKSUMS", "MEMORY", "digest_of_sources", "graph_memory", "intact", "own_folder", "sha256"]

#: Files in the folder of a graph: hashes of the others, and what `graph_memory` tells.
CHECKSUMS, MEMORY = "checksums.json", "memory.json"


def graph_memory(folder: Path) -> int:
    """Bytes that each pixel of the input takes while the graph in a folder of `cached_graph` runs."""
    return json.loads((folder / MEMORY).read_text(encoding="utf-8"))


def own_folder() -> Path:
    """The folder of the cache: this user's, and closed to all others.

    Where several users share `PADDLE_CV_HOME`, each has a folder of his own in it.

    Raises:
        OSError: It cannot be made, or others can write to it.
    """
    if not hasattr(os, "getuid"):  # on Windows the home folder is closed to others
        folder = cache_folder() / "graphs"
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    folder = cache_folder() / f"graphs-{os.getuid()}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to somebody else; remove it, or set PADDLE_CV_HOME")
    if facts.st_mode & 0o022:
        raise PermissionError(f"others can write to {folder}: it may hold graphs that are not yours; remove it")
    return folder


def sha256(file: Path) -> str:
    """Of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with open(file, "rb") as stream:
        for block in iter(lambda: stream.read(2**20), b""):
            digest.update(block)
    return digest.hexdigest()


def intact(folder: Path) -> bool:
    """Whether the folder of a graph holds all that was written, unchanged."""
    try:
        sums = json.loads((folder / CHECKSUMS).read_text(encoding="utf-8"))
        return MEMORY in sums and all(sha256(folder / name) == value for name, value in sums.items())
    except (OSError, ValueError, AttributeError, TypeError):
        return False


def digest_of_sources(*parts: str) -> str:
    """A digest of the source of parts of this library: its folders, and files by their names."""
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for part in parts:
        path = package / part
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.relative_to(package).as_posix().encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()
