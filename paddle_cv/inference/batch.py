"""Many files: which there are, where their results go, and one after the other."""

from __future__ import annotations

import glob
import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Callable, Optional, Union

from ..data import IMAGE_SUFFIXES
from .base import PicturePredictor
from .images import ImageError
from .writing import writable

__all__ = ["find_pictures", "plan_results", "restore_files"]

logger = logging.getLogger(__name__)

_SUFFIXES = (*IMAGE_SUFFIXES, ".gif", ".jfif", ".jpe", ".pbm", ".pgm", ".ppm")


def find_pictures(
    inputs: Iterable[Union[str, Path]], outside: Optional[Union[str, Path]] = None
) -> list[tuple[Path, Path]]:
    """The files that files, folders and patterns stand for, each once.

    Args:
        inputs: Files; folders, for the pictures in them and below, hidden ones left out; patterns like `photos/**/*.jpg`.
        outside: A folder whose files are left out where a folder or a pattern would bring them: that of the results.

    Returns:
        Each file, and its place in a folder of results: that below the folder, or below the part of the pattern before its first
        wildcard. What does not exist is among them, as it stands: opening it tells.
    """
    found: dict[Path, tuple[Path, Path]] = {}
    for name in inputs:
        path = Path(name)
        if path.is_dir():
            base, files = path, sorted(path.rglob("*"))
        elif not path.exists() and glob.has_magic(str(name)) and glob.glob(str(name), recursive=True):
            base, files = _before_wildcards(path), sorted(map(Path, glob.glob(str(name), recursive=True)))
        else:
            found.setdefault(path.resolve(), (path, Path(path.name)))
            continue
        for file in files:
            if _is_picture(file, base, outside):
                found.setdefault(file.resolve(), (file, file.relative_to(base)))
    return list(found.values())


def _before_wildcards(pattern: Path) -> Path:
    parts = pattern.parts
    first = next(number for number, part in enumerate(parts) if glob.has_magic(part))
    return Path(*parts[:first])


def _is_picture(file: Path, base: Path, outside: Optional[Union[str, Path]]) -> bool:
    if file.suffix.lower() not in _SUFFIXES or not file.is_file():
        return False
    if any(part.startswith(".") for part in file.relative_to(base).parts):
        return False
    return outside is None or Path(outside).resolve() not in file.resolve().parents


def plan_results(
    found: Sequence[tuple[Path, Path]], folder: Union[str, Path], suffix: Optional[str] = None
) -> list[tuple[Path, Path]]:
    """Each source with the file for its result: of the same name, in the format of `suffix` or else its own.

    Formats that are read but not written (GIF) become PNG, which the log says.
    """
    plan = []
    for source, place in found:
        ending = suffix or place.suffix
        if suffix is None and not writable(place):
            ending = ".png"
            if source.exists():
                logger.warning(
                    "%s: %s is not written; the result is PNG", source, place.suffix or "a file without suffix"
                )
        plan.append((source, Path(folder) / place.with_name(place.stem + ending)))
    return plan


def restore_files(
    predictor: PicturePredictor,
    plan: Sequence[tuple[Path, Path]],
    overwrite: bool = False,
    progress: Optional[Callable[[Path, int, int], None]] = None,
    **options: Any,
) -> Iterator[tuple[Path, Path, Optional[Exception]]]:
    """Enlarges or denoises file after file; a bad one does not keep the others from being done.

    Args:
        predictor: What does the work.
        plan: Each source, and the file to write. No source is ever overwritten.
        overwrite: Replace files that exist already.
        progress: Called with the source, and the number of its windows that are done and of all.
        **options: As for `RestorationPredictor.predict`.

    Yields:
        Source, target, and None or why it failed; then nothing was written.
    """
    sources = {source.resolve() for source, _ in plan}
    written: set[Path] = set()
    for source, target in plan:
        try:
            if target.resolve() in sources:
                raise ImageError(f"{source}: {target} is an input; results do not overwrite inputs")
            if target.resolve() in written:
                raise ImageError(f"{source}: {target} is the result of another input already")
            if target.exists() and not overwrite:
                raise ImageError(f"{source}: {target} exists (--overwrite replaces it)")

            def show(done: int, total: int, source: Path = source) -> None:
                if progress:
                    progress(source, done, total)

            predictor.predict_file(source, target, progress=show, **options)
        except (ImageError, OSError) as error:
            yield source, target, error
        else:
            written.add(target.resolve())
            yield source, target, None
