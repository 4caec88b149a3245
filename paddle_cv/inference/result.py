"""What every result of a predictor can do, whatever it holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from PIL import Image

__all__ = ["Result"]


@runtime_checkable
class Result(Protocol):
    """What a predictor finds in an image: a `Picture`, classes, a mask ... In a notebook it shows itself (`_repr_html_`)."""

    def save(self, target: str | Path) -> Path:
        """Writes it to a file, and gives its path."""

    def as_dict(self) -> dict[str, Any]:
        """What JSON can hold of it."""

    def preview(self) -> Image.Image | None:
        """An image of 8 bits that shows it; None where there is nothing to see."""

    def _repr_html_(self) -> str | None:
        """Its form in a notebook."""
