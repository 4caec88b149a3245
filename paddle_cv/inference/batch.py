"""Many files: which there are, where their results go, and one after the other."""

from __future__ import annotations

import glob
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Optional, Union

from ..pictures import ImageError
from ..pictures.folders import IMAGE_SUFFIXES, files_below, is_hidden, tell_left_out
from ..pictures.video import CRF, VIDEO_FORMATS, is_video
from ..pictures.writing import writable
from .base import PicturePredictor
from .video import restore_video

__all__ = ["find_pictures", "is_picture", "plan_results", "restore_files"]

logger = logging.getLogger(__name__)


def find_pictures(
    inputs: Iterable[Union[str, Path]], outside: Optional[Union[str, Path]] = None
) -> list[tuple[Path, Path]]:
    """The files that files, folders and patterns stand for, each once.

    Args:
        inputs: Files; folders, for the pictures in them and below; patterns like `photos/**/*.jpg`. Of folders and patterns, what
            is hidden or of no kind that is read is left out. Videos, which take hours, are found only where they are named: as a
            file, or by a pattern with their suffix (`*.mp4`). The log counts what is left out, hidden files excepted.
        outside: A folder whose files are left out where a folder above it or a pattern would bring them: that of the results.

    Returns:
        Each file, and its place in a folder of results: that below the folder, or below the part of the pattern before its first
        wildcard. What does not exist is among them, as it stands: opening it tells.
    """
    found: dict[Path, tuple[Path, Path]] = {}
    for name in inputs:
        path = Path(name)
        if path.is_dir():
            base, files = path, files_below(path)
        elif not path.exists() and glob.has_magic(str(name)) and glob.glob(str(name), recursive=True):
            base, files = _before_wildcards(path), _matching(str(name))
        else:
            found.setdefault(path.resolve(), (path, Path(path.name)))
            continue
        files = [file for file in files if not _lies_in(file, outside, base)]
        others = [file for file in files if not (file.suffix.lower() in IMAGE_SUFFIXES or is_video(file))]
        tell_left_out(name, others)
        files = [file for file in files if file not in set(others)]
        videos = {file for file in files if is_video(file)}
        if videos and not is_video(path):
            logger.warning("%s: %d videos are left out; videos are worked on where they are named", name, len(videos))
            files = [file for file in files if file not in videos]
        for file in files:
            found.setdefault(file.resolve(), (file, file.relative_to(base)))
    return list(found.values())


def is_picture(file: Union[str, Path]) -> bool:
    """Whether a file in a folder is a picture by its name, and not hidden."""
    file = Path(file)
    return file.suffix.lower() in IMAGE_SUFFIXES and not is_hidden(file.name)


def _before_wildcards(pattern: Path) -> Path:
    parts = pattern.parts
    first = next(number for number, part in enumerate(parts) if glob.has_magic(part))
    return Path(*parts[:first])


def _matching(pattern: str) -> list[Path]:
    """The files that a pattern stands for, sorted; what is hidden below the part before its first wildcard is left out."""
    base, files = _before_wildcards(Path(pattern)), sorted(map(Path, glob.glob(pattern, recursive=True)))
    return [file for file in files if file.is_file() and not any(map(is_hidden, file.relative_to(base).parts))]


def _lies_in(file: Path, outside: Optional[Union[str, Path]], base: Path) -> bool:
    """Whether a file lies in a folder `outside` that is below `base`."""
    if outside is None:
        return False
    outside = Path(outside).resolve()
    return base.resolve() in outside.parents and outside in file.resolve().parents


def plan_results(
    found: Sequence[tuple[Path, Path]], folder: Union[str, Path], suffix: Optional[str] = None
) -> list[tuple[Path, Path]]:
    """Each source with the file for its result: of the same name, in the format of `suffix` or else its own.

    Formats that are read but not written become PNG (GIF) or Matroska (AVI, WebM ...), which the log says. A `suffix` of pictures
    is for pictures, and one of videos for videos.
    """
    plan = []
    for source, place in found:
        video, ending = is_video(place), place.suffix
        if suffix is not None and (suffix in VIDEO_FORMATS) == video:
            ending = suffix
        elif not (ending.lower() in VIDEO_FORMATS if video else writable(place)):
            ending = ".mkv" if video else ".png"
            if source.exists():
                name = place.suffix or "a file without suffix"
                logger.warning("%s: %s is not written; the result is %s", source, name, "Matroska" if video else "PNG")
        plan.append((source, Path(folder) / place.with_name(place.stem + ending)))
    return plan


def restore_files(
    predictor: PicturePredictor,
    plan: Sequence[tuple[Path, Path]],
    overwrite: bool = False,
    progress: Optional[Callable[[Path, int, int], None]] = None,
    crf: int = CRF,
    **options: Any,
) -> Iterator[tuple[Path, Path, Optional[Exception]]]:
    """Enlarges or denoises file after file, pictures and videos; a bad one does not keep the others from being done.

    Args:
        predictor: What does the work.
        plan: Each source, and the file to write. No source is ever overwritten.
        overwrite: Replace files that exist already.
        progress: Called with the source, and the number of its windows, or of the frames of a video, that are done and of all.
        crf: Quality of videos, 0 (best) to 51.
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

            if is_video(source):
                restore_video(predictor, source, target, crf, progress=show, **options)
            else:
                predictor.predict_file(source, target, progress=show, **options)
        except (ImageError, OSError) as error:
            yield source, target, error
        else:
            written.add(target.resolve())
            yield source, target, None
