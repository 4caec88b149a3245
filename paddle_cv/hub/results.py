"""What the modules' `predict` returns: PaddleHub's lists and dictionaries, which show themselves in a notebook."""

from __future__ import annotations

from pathlib import Path

from ..inference.result import Result
from ..pictures.display import ALONE, picture_html, picture_png
from .arrays import rgb

__all__ = ["LabelEntry", "PictureEntry"]


class PictureEntry(dict):
    """{"data": BGR array, "save_path": file}, as modules from picture to picture give it."""

    def _repr_png_(self) -> bytes:
        return picture_png(rgb(self["data"]), ALONE)

    def _repr_html_(self) -> str:
        return picture_html(rgb(self["data"]), caption=Path(self["save_path"]).name)


class LabelEntry(dict):
    """{label: probability}, the most probable class first, as classifiers give it.

    Args:
        result: What they have found.
    """

    def __init__(self, result: Result):
        super().__init__(result.as_dict())
        self._result = result

    def _repr_html_(self) -> str:
        return self._result._repr_html_()
