"""The folder of a run: one run at a time, and no leavings of runs that ended badly."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .checkpoint import LATEST, NEXT, PREVIOUS

__all__ = [
    "BEST_WEIGHTS",
    "LAST_WEIGHTS",
    "METRICS",
    "clear",
    "foreign_states",
    "has_checkpoint",
    "has_results",
    "hold",
    "steps_measured",
]

BEST_WEIGHTS, LAST_WEIGHTS, METRICS = "best.pdparams", "last.pdparams", "metrics.json"
_LOCK = ".lock"
_RESULTS = (LATEST, PREVIOUS, NEXT, BEST_WEIGHTS, LAST_WEIGHTS, METRICS, "curves.png", "config.yaml")
# How names of checkpoints end: ours, and the optimizers' states that `paddle.save` is given by custom.
_STATES = ("*.pdckpt", "*.pdopt")

_held: set[Path] = set()


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """While it lasts, no other process can hold the folder. It is made where it is missing, and is gone again where nothing
    was put into it.

    What dead processes have left half written is removed. A process may hold a folder within holding it.

    Raises:
        BlockingIOError: Another run is in the folder; the message says which.
    """
    place = folder.resolve()
    if place in _held:
        yield
        return
    made = [path for path in (place, *place.parents) if not path.exists()]
    place.mkdir(parents=True, exist_ok=True)
    try:
        lock = _locked(place / _LOCK, folder)
        _held.add(place)
        try:
            for leaving in (*place.glob(".*.tmp*"), place / NEXT):
                leaving.unlink(missing_ok=True)
            yield
        finally:
            _held.discard(place)
            with suppress(OSError):  # Windows does not remove open files; the lock itself goes with the file handle
                (place / _LOCK).unlink()
            os.close(lock)
            with suppress(OSError):
                (place / _LOCK).unlink()
    finally:
        with suppress(OSError):  # not empty
            for path in made:
                path.rmdir()


def _locked(path: Path, folder: Path) -> int:
    """An open file that no other process has a lock on; the operating system gives it free when this process ends."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT)
        try:
            _lock(file)
        except OSError:
            holder = path.read_text(encoding="utf-8", errors="replace")
            os.close(file)
            raise BlockingIOError(
                f"another run is in {folder}, {holder or 'which has just begun'}; -o output=FOLDER takes another folder"
            ) from None
        # Between opening and locking, a run that ended may have removed the name.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file), path.stat()):
                break
        os.close(file)
    os.truncate(path, 0)
    os.write(file, f"process {os.getpid()} on {socket.gethostname()}".encode())
    return file


def _lock(file: int) -> None:
    if os.name == "nt":
        import msvcrt

        # Others cannot read a locked part: this one lies behind the text.
        os.lseek(file, 2**20, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        os.lseek(file, 0, os.SEEK_SET)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def has_checkpoint(folder: Path) -> bool:
    """Whether there is one, whole or not."""
    return any((folder / name).is_file() for name in (LATEST, PREVIOUS))


def steps_measured(folder: Path) -> int:
    """The step of the last validation in a run folder; 0 where there was none."""
    try:
        return json.loads((folder / METRICS).read_text(encoding="utf-8"))["history"][-1]["step"]
    except (OSError, ValueError, LookupError, TypeError):
        return 0


def foreign_states(folder: Path) -> list[str]:
    """Names of states of training that no run of this version writes: renamed checkpoints, and optimizers of other programs."""
    names = sorted(path.name for pattern in _STATES for path in folder.glob(pattern))
    return [name for name in names if name not in _RESULTS]


def has_results(folder: Path) -> bool:
    """Whether a run in the folder has got anywhere, be it of another program."""
    return has_checkpoint(folder) or steps_measured(folder) > 0 or bool(foreign_states(folder))


def clear(folder: Path) -> None:
    """Removes what a run has left, so that a new one cannot go on with it; other files stay."""
    for name in _RESULTS:
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "visualdl", ignore_errors=True)
