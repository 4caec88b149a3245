"""Fetching the data sets of `sources`: archives are looked for, fetched, checked and unpacked into the folder of all data."""

from __future__ import annotations

import difflib
import fnmatch
import json
import os
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import IO, Any

from tqdm import tqdm

from ..downloads import DownloadError, cache_folder, digest_of, download
from ..files import whole_file
from .sources import DATA_SETS, DataSet, File, data_folder

__all__ = ["DataError", "collect", "is_complete"]

#: In the folder of all data: where each file came from, and its hash.
RECORD = "sources.json"
# Where AI Studio puts the data sets that a project names: archives, each in a folder such as data12345.
_AI_STUDIO = ("~/data", "/home/aistudio/data")


class DataError(OSError):
    """A data set that cannot be had; the message says why, and where a file may be put by hand."""


def is_complete(data_set: DataSet, folder: Path | None = None) -> bool:
    """Whether all that the set holds lies in the folder of all data (None: that of `data_folder`)."""
    folder = folder or data_folder()
    return all(_count(folder / part) >= count for part, count in data_set.holds.items())


def collect(name: str, folder: Path | None = None, say: Callable[[str], Any] = print) -> list[Path]:
    """Fetches a data set, where it is not there yet.

    Archives are looked for first: in the folder itself, where they may have been put by hand, and where AI Studio puts them.

    Args:
        name: One of `DATA_SETS`.
        folder: Where it goes, with the data sets that are there; None: `data_folder()`.
        say: Called with a line of text for each file.

    Returns:
        The folders that it is in.

    Raises:
        ValueError: There is no such data set.
        DataError: A file cannot be fetched, is another one than before, or does not hold what it should.
    """
    data_set, folder = _named(name), folder or data_folder()
    if not is_complete(data_set, folder):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=f".{data_set.name}-", dir=folder) as staging:
                for file in data_set.files:
                    _add(data_set, file, folder, Path(staging), say)
                _ARRANGE.get(data_set.name, lambda _: None)(Path(staging))
                _check(data_set, Path(staging))
                _move(Path(staging), folder)
        except DataError:
            raise
        except OSError as error:
            raise DataError(f"{data_set.name}: {error}") from error
    return [folder / part for part in data_set.holds]


def _named(name: str) -> DataSet:
    known = {key.lower(): data_set for key, data_set in DATA_SETS.items()}
    if name.lower() not in known:
        near = difflib.get_close_matches(name.lower(), known, n=1)
        hint = f"did you mean {known[near[0]].name}?" if near else f"there are {', '.join(DATA_SETS)}"
        raise ValueError(f"no data set {name!r}; {hint}")
    return known[name.lower()]


def _count(folder: Path) -> int:
    return sum(len(files) for _, _, files in os.walk(folder))


def _add(data_set: DataSet, file: File, folder: Path, staging: Path, say: Callable[[str], Any]) -> None:
    """Brings what a file holds into the staging folder."""
    found = _at_hand(data_set, file, folder)
    if found is not None:
        say(f"{data_set.name}: {found}")
        _note(folder, file, str(found), digest_of(found, "sha256"))
        _unpack(found, file, staging)
        return
    path = cache_folder() / "data" / file.name
    if not path.is_file():
        _fetch(data_set, file, folder, path, say)
    _unpack(path, file, staging)
    if not any(
        other.urls == file.urls for others in DATA_SETS.values() if others != data_set for other in others.files
    ):
        path.unlink()  # no other data set comes from it


def _at_hand(data_set: DataSet, file: File, folder: Path) -> Path | None:
    """The file, or an archive with the name of the data set: put by hand, or by AI Studio."""
    names = [file.name]
    if len(data_set.files) == 1:
        names += [f"{data_set.name}{suffix}" for suffix in (".zip", ".tar", ".tar.gz", ".tgz")]
    places = [folder, *(place for root in _AI_STUDIO for place in sorted(Path(root).expanduser().glob("data*")))]
    return next((place / name for place in places for name in names if (place / name).is_file()), None)


def _fetch(data_set: DataSet, file: File, folder: Path, path: Path, say: Callable[[str], Any]) -> None:
    problems = []
    for url in file.urls:
        say(f"{data_set.name}: {url}")
        try:
            download(url, path, file.digest)
            break
        except DownloadError as error:
            problems.append(f"{url}: {error}")
    else:
        by_hand = folder / file.name
        raise DataError(
            f"{data_set.name} cannot be fetched: {'; '.join(problems)}\n"
            f"Download the file elsewhere and put it at {by_hand}, then run this again."
        )
    sha256 = digest_of(path, "sha256")
    before = _recorded(folder).get(file.name, {})
    if not file.digest and before.get("url") in file.urls and before.get("sha256") != sha256:
        path.unlink()
        raise DataError(
            f"{url} is not the file that it was: its SHA256 is {sha256}, and was {before.get('sha256')}. "
            f"To trust the new one, remove {file.name} from {folder / RECORD}."
        )
    _note(folder, file, url, sha256)


def _recorded(folder: Path) -> dict[str, dict[str, str]]:
    try:
        return json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise DataError(f"{folder / RECORD}: {error}") from error


def _note(folder: Path, file: File, source: str, sha256: str) -> None:
    record = {**_recorded(folder), file.name: {"url": source, "sha256": sha256}}
    with whole_file(folder / RECORD) as path:
        path.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _unpack(archive: Path, file: File, staging: Path) -> None:
    """Copies what the file's patterns take. Nothing is written outside the staging folder.

    Raises:
        DataError: It is no archive, is damaged, or names a file that does not lie in it: then nothing of it is unpacked.
    """
    if "" in file.takes:
        target = staging / file.takes[""] / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(archive, target)
        return
    try:
        with closing(_Archive(archive)) as opened:
            for name in opened.entries:
                _refuse_paths_out(name)
            wanted = [(name, target) for name in opened.entries if (target := _target(name, file)) is not None]
            for name, target in tqdm(wanted, desc=archive.name, unit="file", disable=None, leave=False):
                (staging / target).parent.mkdir(parents=True, exist_ok=True)
                with opened.open(name) as source, open(staging / target, "wb") as copy:
                    shutil.copyfileobj(source, copy, 2**20)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, ValueError, OSError) as error:
        raise DataError(f"cannot unpack {archive}: {error}") from error


class _Archive:
    """A .zip or .tar file, whatever its compression: its files, without links and devices."""

    def __init__(self, path: Path):
        if zipfile.is_zipfile(path):
            self.file = zipfile.ZipFile(path)
            self.entries = {entry.filename: entry for entry in self.file.infolist() if not entry.is_dir()}
        else:
            self.file = tarfile.open(path)
            self.entries = {entry.name: entry for entry in self.file if not entry.isdir()}

    def open(self, name: str) -> IO[bytes]:
        if isinstance(self.file, zipfile.ZipFile):
            return self.file.open(name)
        if not self.entries[name].isfile():  # a link leads anywhere
            raise ValueError(f"{name} is no file but a link or a device")
        return self.file.extractfile(self.entries[name])

    def close(self) -> None:
        self.file.close()


def _refuse_paths_out(name: str) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or ":" in path.parts[0]:
        raise ValueError(f"it holds {name!r}, which leads out of its folder")


def _target(name: str, file: File) -> str | None:
    """Where a file of an archive goes; None where it is left out."""
    path = f"/{name.removeprefix('./')}"
    if "/__MACOSX/" in path or "/._" in path or any(fnmatch.fnmatch(path, pattern) for pattern in file.leaves):
        return None
    for pattern, target in file.takes.items():
        if fnmatch.fnmatch(path, pattern):
            inner = pattern.rpartition("/")[0].removeprefix("*")
            return f"{target}/{path.partition(f'{inner}/')[2]}"
    return None


def _check(data_set: DataSet, staging: Path) -> None:
    for part, count in data_set.holds.items():
        found = _count(staging / part)
        if found < count:
            kinds = ", ".join(file.name for file in data_set.files)
            raise DataError(
                f"{data_set.name}: {kinds} brought {found} files for {part}, where {count} are expected; "
                "it is another file than the data set's, or arranged otherwise"
            )


def _move(staging: Path, folder: Path) -> None:
    for source in _files(staging):
        target = folder / source.relative_to(staging)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(source, target)


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place) / name for name in sorted(names))


def _flowers_by_class(staging: Path) -> None:
    """Sorts the flowers into train, val and test, each with a folder for each class, 001 to 102."""
    from scipy.io import loadmat  # comes with the extra `train`

    folder = staging / "flowers102"
    labels = loadmat(folder / "imagelabels.mat")["labels"].ravel()
    parts = loadmat(folder / "setid.mat")
    for part, key in (("train", "trnid"), ("val", "valid"), ("test", "tstid")):
        for number in parts[key].ravel():
            name = f"image_{number:05}.jpg"
            target = folder / part / f"{labels[number - 1]:03}" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(folder / "jpg" / name, target)


#: What is done with what a data set holds before it gets into its place.
_ARRANGE: dict[str, Callable[[Path], None]] = {"Flowers-102": _flowers_by_class}
