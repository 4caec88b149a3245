"""Whether the weights that this project ships score what their cards say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Union

from ..loading import load
from .cards import read_card
from .evaluation import evaluation_class, known_scores

__all__ = ["ShippedScore", "find_set", "measure_shipped"]

_DIGITS = 1e-6  # of the scores in a card


@dataclass(frozen=True)
class ShippedScore:
    """One score of a hub module, by the name that a predictor declares; `measured` is None where the test set is missing."""

    module: str
    model: str
    test_set: str
    kind: str
    card: float
    measured: Optional[float]

    @property
    def holds(self) -> bool:
        """Whether it was measured and is no worse than the card says."""
        allowed = known_scores()[self.kind].tolerance or 0
        return self.measured is not None and self.card - self.measured <= allowed + _DIGITS


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
    kind = evaluation_class(predictor.spec.task)
    by = kind(predictor, **{key: card[key] for key in kind.on_cards if key in card})
    for name, scores in card["scores"].items():
        try:
            measured = by.mean(by.rows(find_set(root, name)))
        except FileNotFoundError:
            measured = {}
        for key, score in predictor.scores.items():
            if key in scores and score.tolerance is not None:
                yield ShippedScore(module.name, card["model"], name, key, scores[key], measured.get(key))
