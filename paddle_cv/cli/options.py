"""Flags from what predictors and evaluations declare."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any

from paddle_cv.inference.registry import Option

__all__ = ["add_options", "flag", "given"]


def flag(name: str) -> str:
    """As programs spell it."""
    return f"--{name.replace('_', '-')}"


def add_options(parser: Any, options: Iterable[Option], known: dict[str, argparse.Action]) -> None:
    """Adds a flag for each option; the spelling with underscores, as in Python, is understood as well.

    Args:
        parser: The parser, or a group of it.
        options: Those of one task; what another task has by the same name gets a longer help.
        known: The flags of all tasks, by name.
    """
    for option in options:
        if option.name in known:
            action = known[option.name]
            if option.help not in str(action.help):
                action.help = f"{action.help}; {option.help}"
            continue
        settings: dict[str, Any] = {"action": "store_true"} if option.kind is bool else {"type": _reader(option)}
        names = dict.fromkeys([option.flag, f"--{option.name}"])
        known[option.name] = parser.add_argument(
            *names, dest=option.name, default=None, help=option.help.replace("%", "%%"), **settings
        )


def _reader(option: Option) -> Any:
    def read(text: str) -> Any:
        try:
            return option.read(text)
        except ValueError:
            least = "" if option.least is None else f" of {option.least:g} or more"
            raise argparse.ArgumentTypeError(f"{text!r} is not a number{least}") from None

    return read


def given(arguments: argparse.Namespace, options: Iterable[Option]) -> dict[str, Any]:
    """The values that the command line has for some options."""
    values = {option.name: getattr(arguments, option.name) for option in options}
    return {name: value for name, value in values.items() if value is not None}
