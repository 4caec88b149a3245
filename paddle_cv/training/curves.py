"""The picture of a run: its loss and what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .checkpoint import write_atomically

__all__ = ["draw_curves"]


def draw_curves(path: Path, losses: Sequence[Sequence[float]], history: Sequence[dict[str, Any]], score: str) -> None:
    """Draws loss and score over the steps.

    Args:
        path: PNG file.
        losses: Pairs of step and mean loss since the pair before.
        history: Measurements, each with "step" and `score`.
        score: What to draw of them.
    """
    from matplotlib.figure import Figure  # without pyplot: no window, no global state

    figure = Figure(figsize=(8, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.semilogy(*zip(*losses), marker="." if len(losses) < 50 else None)  # one value alone is no line
    left.set(title="loss", xlabel="step")
    right.plot([entry["step"] for entry in history], [entry[score] for entry in history], marker=".")
    right.set(title=score, xlabel="step")
    write_atomically(path, lambda name: figure.savefig(name, dpi=100))
