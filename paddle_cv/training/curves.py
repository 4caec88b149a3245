"""The picture of a run: its loss and what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .checkpoint import write_atomically

__all__ = ["draw_curves"]


def draw_curves(
    path: Path,
    losses: Sequence[Sequence[float]],
    history: Sequence[Mapping[str, Any]],
    score: str,
    baseline: Mapping[str, Any] | None = None,
) -> None:
    """Draws loss and score over the steps.

    Args:
        path: PNG file.
        losses: Pairs of step and mean loss since the pair before.
        history: Measurements, each with "step" and `score`.
        score: What to draw of them.
        baseline: What needs no network: its "name" and `score`, a line across.
    """
    from matplotlib.figure import Figure  # without pyplot: no window, no global state

    figure = Figure(figsize=(8, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.semilogy(*zip(*losses), marker="." if len(losses) < 50 else None)  # one value alone is no line
    left.set(title="loss", xlabel="step")
    measured = [entry for entry in history if score in entry]
    right.plot([entry["step"] for entry in measured], [entry[score] for entry in measured], marker=".")
    if baseline and score in baseline:
        right.axhline(baseline[score], color="grey", linestyle="--", label=baseline["name"])
        right.legend()
    right.set(title=score, xlabel="step")
    write_atomically(path, lambda name: figure.savefig(name, dpi=100))
