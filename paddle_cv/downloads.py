"""Fetching published files: one at a time, checked, resumed after a broken connection, kept under their names only when whole."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tqdm import tqdm

from .files import whole_file
from .version import __version__

__all__ = ["DownloadError", "cache_folder", "digest_of", "download"]

_BLOCK = 2**20
_ATTEMPTS = 3
_PAUSE = 0.5  # seconds before the second attempt; twice as many before each further one


class DownloadError(OSError):
    """A file that cannot be fetched, or is another one than was published."""


def cache_folder() -> Path:
    """`PADDLE_CV_HOME`, or `~/.cache/paddle_cv`.

    Raises:
        FileNotFoundError: Neither is there: a user without a home folder.
    """
    try:
        return Path(os.environ.get("PADDLE_CV_HOME") or Path.home() / ".cache" / "paddle_cv")
    except RuntimeError as error:
        raise FileNotFoundError(f"{error}; set PADDLE_CV_HOME to a folder for the cache") from error


def digest_of(path: str | os.PathLike, kind: str) -> str:
    """The hash of a file, `kind` such as "md5" or "sha256", in hexadecimal digits."""
    with open(path, "rb") as file:
        return _digest(file, kind).hexdigest()


def download(url: str, path: str | os.PathLike, digest: str = "", timeout: float = 30) -> None:
    """Fetches a file.

    What has come stays beside `path`, hidden, when the connection breaks or the process is stopped: the next attempt, of which
    three are made here, goes on from there if the server can and still has the same file. Several processes may fetch the
    same file at once; all but one start from its beginning.

    Args:
        url: Its address.
        path: Where it goes. The folder is made where it is missing; a file that lies there is replaced.
        digest: What its hash must be, such as "sha256:..." or "md5:..."; "": any file will do.
        timeout: Seconds that the server may be silent.

    Raises:
        DownloadError: It cannot be fetched or written, or what came is another file; the message says why.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _part(path) as part:
            _fetch(url, part, path.name, timeout)
            if digest:
                _check(part.file, digest)
    except (OSError, ValueError, http.client.HTTPException) as error:
        if isinstance(error, DownloadError):
            raise
        raise DownloadError(str(error) or type(error).__name__) from error


class _Part:
    """What has come of a file so far, and which version of the file on the server it is a part of."""

    def __init__(self, file: IO[bytes], path: Path):
        self.file, self.path = file, path
        self.origin = path.with_name(f"{path.name}.json")

    def known(self, url: str) -> str:
        """The version that the part belongs to; "" where that cannot be told, or nothing has come."""
        try:
            origin = json.loads(self.origin.read_text(encoding="utf-8"))
            return str(origin["version"]) if origin["url"] == url and self.file.seek(0, os.SEEK_END) else ""
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def restart(self, url: str, version: str) -> None:
        self.file.seek(0)
        self.file.truncate()
        self.origin.write_text(json.dumps({"url": url, "version": version}), encoding="utf-8")

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)
        self.origin.unlink(missing_ok=True)


@contextmanager
def _part(path: Path) -> Iterator[_Part]:
    """A file that becomes `path` where the block ends without an exception.

    It is what came in an earlier attempt, unless another process is busy with that: then one that is thrown away in the end.
    """
    place = path.with_name(f".{path.name}.part")
    file = open(place, "a+b")
    if not (_lock(file) and _is_at(file, place)):
        file.close()
        with whole_file(path) as temporary, open(temporary, "x+b") as file:
            part = _Part(file, temporary)
            try:
                yield part
            finally:
                part.origin.unlink(missing_ok=True)
                file.close()
        return
    part = _Part(file, place)
    empty = True
    try:
        yield part
        if os.name != "nt":  # as long as it is locked; Windows renames no open file
            os.replace(place, path)
    finally:
        empty = not file.seek(0, os.SEEK_END)
        file.close()
        if empty:
            part.forget()
    if os.name == "nt":
        os.replace(place, path)
    part.origin.unlink(missing_ok=True)


def _lock(file: IO[bytes]) -> bool:
    """Whether nobody else has the file locked; it is released when the file is closed."""
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_at(file: IO[bytes], place: Path) -> bool:
    """Whether an open file still has this name: another process may have finished, and renamed it, before the lock was ours."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(place))
    except FileNotFoundError:
        return False


def _fetch(url: str, part: _Part, name: str, timeout: float) -> None:
    """Brings the part to its whole length."""
    for attempt in range(_ATTEMPTS):
        had = part.file.seek(0, os.SEEK_END)
        try:
            _receive(url, part, name, timeout)
            return
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code != 408 or attempt == _ATTEMPTS - 1:
                raise
        except (OSError, ValueError, http.client.HTTPException):
            # Where nothing answers, nothing will in a second either.
            if attempt == _ATTEMPTS - 1 or part.file.seek(0, os.SEEK_END) == had:
                raise
        time.sleep(_PAUSE * 2**attempt)


def _receive(url: str, part: _Part, name: str, timeout: float) -> None:
    headers = {"User-Agent": f"paddle_cv/{__version__}", "Accept-Encoding": "identity"}
    version = part.known(url)
    have = part.file.seek(0, os.SEEK_END) if version else 0
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": version}
    try:
        response = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=timeout)
    except urllib.error.HTTPError as error:
        if error.code != 416:  # the part is as long as the file, or longer
            raise
        part.restart(url, "")
        raise ValueError("the server's file has changed") from error
    with response:
        continued = response.status == 206 and str(response.headers.get("Content-Range", "")).startswith(
            f"bytes {have}-"
        )
        if not continued:
            have = 0
            part.restart(url, _version(response.headers))
        length = have + int(response.headers.get("Content-Length") or 0)
        total = length if response.headers.get("Content-Length") else None
        # disable=None: only where somebody looks at it
        with tqdm(desc=name, total=total, initial=have, unit="B", unit_scale=True, disable=None) as bar:
            while block := response.read(_BLOCK):
                part.file.write(block)
                bar.update(len(block))
        part.file.flush()
        received = part.file.tell()
    if total is not None and received < total:
        raise ValueError(f"the connection ended after {received} of {total} bytes")


def _version(headers: Any) -> str:
    """What If-Range may ask for: a strong ETag, or else the date of the file."""
    tag = str(headers.get("ETag") or "")
    return tag if tag and not tag.startswith("W/") else str(headers.get("Last-Modified") or "")


def _check(file: IO[bytes], digest: str) -> None:
    kind, _, expected = digest.partition(":")
    file.seek(0)
    found = _digest(file, kind).hexdigest()
    if found != expected:
        received = file.tell()
        file.seek(0)
        file.truncate()  # nothing to go on from
        raise DownloadError(
            f"the {received} bytes that came are not the published file: their {kind.upper()} is {found}"
        )


def _digest(file: IO[bytes], kind: str) -> Any:
    digest = hashlib.new(kind, usedforsecurity=False)
    while block := file.read(_BLOCK):
        digest.update(block)
    return digest
