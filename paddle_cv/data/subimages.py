"""Large pictures cut into overlapping sub-images, which load faster and of which a random patch shows more different places."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Optional, Union

from PIL import Image

from ..files import whole_file
from .files import list_images, read_image
from .workers import end_with_parent

__all__ = ["cut_folder", "cut_picture", "starts"]


def starts(side: int, size: int, step: int, min_rest: int = 1) -> list[int]:
    """Where the sub-images along one side of a picture begin.

    Args:
        side: Pixels of the picture.
        size: Pixels of a sub-image.
        step: Pixels from one to the next.
        min_rest: What is left after the last one gets a further one, flush with the edge, if it has so many pixels.

    Returns:
        At least one place; [0] where the picture is no longer than a sub-image, which then has all of it.
    """
    if side <= size:
        return [0]
    places = list(range(0, side - size + 1, step))
    if side - size - places[-1] >= min_rest:
        places.append(side - size)
    return places


def cut_picture(
    source: Path, folder: Path, size: int, step: int, min_rest: int = 1, overwrite: bool = False
) -> Union[int, Exception]:
    """Writes the sub-images of a picture as `<stem>_s001.png`, `<stem>_s002.png` ..., row by row.

    Returns:
        How many there are, or why there is none: the picture cannot be read, or a file exists already.
    """
    try:
        picture = read_image(source)
        places = [
            (top, left)
            for top in starts(picture.shape[0], size, step, min_rest)
            for left in starts(picture.shape[1], size, step, min_rest)
        ]
        targets = [_piece(source, folder, number) for number in range(1, len(places) + 1)]
        existing = next((target for target in targets if target.exists()), None)
        if existing is not None and not overwrite:
            raise FileExistsError(f"{existing} exists; it is replaced only with overwrite")
        number = len(places) + 1
        while (stale := _piece(source, folder, number)).is_file():  # of other sizes, or of what the picture was before
            stale.unlink()
            number += 1
        for target, (top, left) in zip(targets, places):
            with whole_file(target) as temporary:
                Image.fromarray(picture[top : top + size, left : left + size]).save(temporary, format="PNG")
        return len(places)
    except (OSError, ValueError) as error:
        return error


def _piece(source: Path, folder: Path, number: int) -> Path:
    return folder / f"{source.stem}_s{number:03d}.png"


def cut_folder(
    source: Union[str, Path],
    output: Union[str, Path],
    size: int = 480,
    step: int = 240,
    min_rest: int = 1,
    overwrite: bool = False,
    processes: Optional[int] = None,
) -> tuple[list[Path], Iterator[Union[int, Exception]]]:
    """Cuts all pictures in a folder and the folders below it, into a folder with the same folders below it.

    Args:
        source: Folder of pictures. Grey ones give grey files, all others RGB.
        output: Folder for the PNG files.
        size: Side of the sub-images; a shorter side of a picture is left whole.
        step: Distance of their beginnings.
        min_rest: See `starts`.
        overwrite: Replace the sub-images of a picture that exist, those that it has no more included.
        processes: How many work at the same time; None: one for each core.

    Returns:
        The pictures, and in their order what `cut_picture` returns of each.

    Raises:
        FileNotFoundError: There is no such folder, or no picture in it.
        ValueError: Sizes below 1, an output folder within the source folder, or two pictures whose files would have one name.
    """
    source, output = Path(source), Path(output)
    if min(size, step, min_rest) < 1:
        raise ValueError(f"size, step and the smallest rest are 1 or more, not {size}, {step} and {min_rest}")
    if source.resolve() in (output.resolve(), *output.resolve().parents):
        raise ValueError(
            f"the output folder {output} lies in {source}: the next run would cut what this one has written"
        )
    pictures = list_images(source)
    names = Counter(picture.with_suffix("") for picture in pictures)
    twins = [str(picture) for picture in pictures if names[picture.with_suffix("")] > 1]
    if twins:
        raise ValueError(f"pictures that differ in their suffix only would have the same files: {', '.join(twins)}")
    folders = [output / picture.parent.relative_to(source) for picture in pictures]
    cut = partial(cut_picture, size=size, step=step, min_rest=min_rest, overwrite=overwrite)
    return pictures, _each(cut, pictures, folders, min(processes or os.cpu_count() or 1, len(pictures)))


def _each(cut: partial, pictures: list[Path], folders: list[Path], processes: int) -> Iterator[Union[int, Exception]]:
    if processes == 1:
        yield from map(cut, pictures, folders)
        return
    with ProcessPoolExecutor(processes, initializer=end_with_parent, initargs=(os.getpid(),)) as pool:
        yield from pool.map(cut, pictures, folders)
