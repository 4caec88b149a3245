"""Weights that others publish: fetched once, checked, and kept in a cache folder."""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from tqdm import tqdm

from ..files import whole_file
from ..models import ModelSpec, PublishedWeights
from ..version import __version__
from .shipped import shipped_weights

__all__ = ["FetchError", "cache_folder", "cached_path", "fetch_weights", "pretrained_weights"]

_BLOCK = 2**20


class FetchError(FileNotFoundError):
    """Published weights that cannot be had; the message says why, and where a file may be put by hand."""


def cache_folder() -> Path:
    """`PADDLE_CV_HOME`, or `~/.cache/paddle_cv`."""
    return Path(os.environ.get("PADDLE_CV_HOME") or Path.home() / ".cache" / "paddle_cv")


def cached_path(published: PublishedWeights) -> Path:
    """Where the file is kept, or may be put by hand: `weights` in the cache folder, under the name it has at its publisher."""
    return cache_folder() / "weights" / Path(urlsplit(published.url).path).name


def pretrained_weights(spec: ModelSpec) -> Path:
    """The weights of `pretrained=True`: those that this project ships, or else those that somebody publishes.

    Raises:
        FileNotFoundError: There are neither.
        FetchError: They are published, but cannot be fetched.
    """
    if spec.hub_module is None and spec.published is not None:
        return fetch_weights(spec.published)
    return shipped_weights(spec)


def fetch_weights(published: PublishedWeights, timeout: float = 30) -> Path:
    """The file in the cache; it is fetched where it is not there, or is not the published one.

    It is checked against its hash each time, as it may have been put there by hand. Several processes may do this at once: each
    writes a file of its own, which gets its name only when it is whole and right.

    Args:
        published: The address and the hash.
        timeout: Seconds that the server may be silent.

    Raises:
        FetchError: It cannot be fetched or written, or what came is not the published file.
    """
    path = cached_path(published)
    present = ""
    if path.is_file():
        found = _md5(path)
        if found == published.md5:
            return path
        present = f"\nThe file that lies there now is another one: its MD5 is {found}."
    try:
        _download(published, path, timeout)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise FetchError(
            f"cannot fetch {published.url}: {error or type(error).__name__}\n"
            f"Download it elsewhere (MD5 {published.md5}) and put it at {path}, "
            f"or give a weight file by weights=<path>.{present}"
        ) from None  # the message has the reason; whoever is offline need not read urllib's traceback
    return path


def _download(published: PublishedWeights, path: Path, timeout: float) -> None:
    request = urllib.request.Request(published.url, headers={"User-Agent": f"paddle_cv/{__version__}"})
    with whole_file(path) as temporary:
        with open(temporary, "xb") as file, urllib.request.urlopen(request, timeout=timeout) as response:
            digest = hashlib.md5(usedforsecurity=False)
            length = int(response.headers.get("Content-Length") or 0)
            # disable=None: only where somebody looks at it
            with tqdm(desc=path.name, total=length or None, unit="B", unit_scale=True, disable=None) as bar:
                while block := response.read(_BLOCK):
                    file.write(block)
                    digest.update(block)
                    bar.update(len(block))
            received = file.tell()
        if received < length:
            raise ValueError(f"the connection ended after {received} of {length} bytes")
        if digest.hexdigest() != published.md5:
            raise ValueError(
                f"the {received} bytes that came are not the published file: their MD5 is {digest.hexdigest()}"
            )


def _md5(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
