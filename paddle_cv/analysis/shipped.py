"""Whether the weights that this project ships score what their cards say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Union

from ..api import load
from .cards import read_card
from .evaluation import measure

__all__ = ["TOLERANCES", "ShippedScore", "find_set", "measure_shipped"]

#: How far a score may fall below the card, in dB or as a part of all pictures.
TOLERANCES = {"psnr": 0.02, "accuracy": 0.0002}
_DIGITS = 1e-6  # of the scores in a card


@dataclass(frozen=True)
class ShippedScore:
    """One score of a hub module: `psnr` in dB or `accuracy` in [0, 1]; `measured` is None where the test set is missing."""

    module: str
    model: str
    test_set: str
    kind: str
    card: float
    measured: Optional[float]

    @property
    def holds(self) -> bool:
        """Whether it was measured and is no worse than the card says."""
        return self.measured is not None and self.card - self.measured <= TOLERANCES[self.kind] + _DIGITS


def find_set(root: Union[str, Path], name: str) -> Path:
    """The folder of a test set: below the root itself, or one level further down.

    Raises:
        FileNotFoundError: There is none.
    """
    for folder in (Path(root) / name, *sorted(Path(root).glob(f"*/{name}"))):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"there is no test set {name} in {root}")


def measure_shipped(module: Union[str, Path], root: Union[str, Path]) -> Iterator[ShippedScore]:
    """Measures a hub module's weights on the test sets that its card names.

    Args:
        module: The module's folder.
        root: Where the test sets are (see `find_set`).

    Raises:
        FileNotFoundError: The module has no card or no weights.
    """
    module = Path(module)
    card = read_card(module)
    predictor = load(card["model"], weights=module / f"{card['model']}.pdparams", precision="float32")
    for name, scores in card["scores"].items():
        try:
            measured = measure(predictor, find_set(root, name), card.get("noise_level"))
        except FileNotFoundError:
            measured = {}
        for kind in TOLERANCES:
            if kind in scores:
                yield ShippedScore(module.name, card["model"], name, kind, scores[kind], measured.get(kind))
