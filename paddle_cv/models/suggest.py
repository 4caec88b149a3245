"""What somebody may have meant who typed a name that no network has."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence

__all__ = ["suggest"]

# As many letters of a word and of a task's name have to agree: "denoiser", "superres", "colorize".
_STEM = 5
_SHOWN = 4
_ALIKE = 0.5


def suggest(name: str, tasks: Mapping[str, str], pretrained: Iterable[str], words: Mapping[str, Sequence[str]]) -> str:
    """A sentence with the names that come nearest: networks for what the name speaks of, or else names that look like it.

    Args:
        name: What was typed.
        tasks: The task of each known name.
        pretrained: Those that have weights; they come first.
        words: For each task those for what it does, beside its own name. They count where a typed name contains them.
    """
    pretrained = set(pretrained)
    task = _task(name, set(tasks.values()), words)
    family = _family(name)
    near = {known: (_family(known) == family, _likeness(name, known)) for known in tasks}
    alike = sorted(near, key=lambda known: (near[known], known in pretrained), reverse=True)
    alike = [known for known in alike[:_SHOWN] if near[known] > (False, _ALIKE)]
    if task is not None and not any(same for same, _ in map(near.get, alike)):
        of_task = sorted((known for known in tasks if tasks[known] == task), key=lambda known: known not in pretrained)
        # One of each family first: many names of one say no more.
        first = {}
        for known in of_task:
            first.setdefault(_family(known), known)
        shown = list(dict.fromkeys([*first.values(), *of_task]))[:_SHOWN]
        return f"for {task.replace('_', ' ')} there are {', '.join(shown)} ... (list_models(task={task!r}) has all)"
    if alike:
        return f"did you mean {', '.join(alike)}?"
    return "paddle_cv.list_models() has all names"


def _task(name: str, tasks: Iterable[str], words: Mapping[str, Sequence[str]]) -> str | None:
    """The task that a typed name speaks of."""
    name = name.lower()
    letters = re.sub(r"[^a-z]", "", name)
    for task in sorted(tasks):
        if any(word in name for word in words.get(task, ())) or _common(letters, task.replace("_", "")) >= _STEM:
            return task
    return None


def _common(a: str, b: str) -> int:
    """With how many letters both begin."""
    return next((n for n, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))


def _family(name: str) -> str:
    return re.split(r"[^a-z]", name.lower(), maxsplit=1)[0]


def _likeness(name: str, known: str) -> float:
    """In [0, 1]: by the words and numbers that both have in whatever order, or by their letters."""
    words, known_words = (set(re.findall(r"[a-z]+|\d+", text.lower())) for text in (name, known))
    shared = len(words & known_words) / max(1, len(words | known_words))
    return max(shared, difflib.SequenceMatcher(None, name.lower(), known).ratio())
