"""What a run that goes on has of the one before: which checkpoint, and what in its configuration is different."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .checkpoint import LATEST, PREVIOUS, is_of_earlier_version, load_latest
from .run_folder import BEST_WEIGHTS, LAST_WEIGHTS, foreign_states, has_checkpoint, has_results, steps_measured

__all__ = ["changes", "check_changes", "state_to_go_on_with"]

#: What the values in a checkpoint belong to. Other keys have a meaning for the steps to come alone.
_FIXED = (
    "adversarial.discriminator",
    "adversarial.hyperparameters",
    "model.hyperparameters",
    "model.name",
    "optimizer.name",
)
#: Where a run is, and where its configuration was read from, is not what it does.
_ASIDE = ("file", "output")


def state_to_go_on_with(folder: Path) -> dict[str, Any] | None:
    """The newest state in a run folder that is whole; None where the run has not got as far as that.

    Raises:
        ValueError: There are results, but no state that is whole: to begin anew would replace them.
    """
    state = load_latest(folder)
    if state is None and has_results(folder):
        weights = next((name for name in (LAST_WEIGHTS, BEST_WEIGHTS) if (folder / name).is_file()), "WEIGHTS")
        raise ValueError(
            f"{folder}: {_what_is_there(folder)}; --overwrite starts again there, -o output=FOLDER "
            f"model.weights={folder}/{weights} starts from its weights elsewhere"
        )
    return state


def _what_is_there(folder: Path) -> str:
    """Why a run with results cannot be continued, in words."""
    if has_checkpoint(folder):
        there = [folder / name for name in (LATEST, PREVIOUS) if (folder / name).is_file()]
        if all(is_of_earlier_version(path) for path in there):
            names = " and ".join(path.name for path in there)
            return f"{names} of an earlier version of paddle_cv, whose checkpoints (pickles) are not read any more"
        return "every checkpoint is damaged"
    if others := foreign_states(folder):
        return f"no checkpoint of this program, but {', '.join(others[:5])}, which it does not read"
    return f"there is no checkpoint, but results of {steps_measured(folder)} steps"


def _values(content: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(content, Mapping) and content:
        for name, value in content.items():
            yield from _values(value, f"{key}.{name}" if key else str(name))
    else:
        yield key, content


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The dotted keys whose values differ between two configurations, with both values; None where one has no such key."""
    old, new = dict(_values(before)), dict(_values(after))
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key) and key not in _ASIDE]
    return {key: (old.get(key), new.get(key)) for key in keys if (old.get(key) or None) != (new.get(key) or None)}


def check_changes(found: Mapping[str, tuple[Any, Any]]) -> None:
    """Refuses what a checkpoint cannot be continued with.

    Raises:
        ValueError: Network, optimizer or discriminator are others.
    """
    for key, (old, new) in found.items():
        if key.startswith(_FIXED):
            raise ValueError(
                f"{key} was {old} in the run of this checkpoint and is {new} now: that cannot be continued; "
                "model.weights starts a new run from its weights"
            )
