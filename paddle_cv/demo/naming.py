"""The tab that names what a picture shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from .networks import Network
from .parts import TOP, Words
from .showing import Showing
from .tabs import tab

__all__ = ["Naming"]


@tab("classes")
class Naming(Showing):
    """A picture, and the classes that a network sees in it: always the same number."""

    order = 2

    def widgets(self, words: Words, network: gr.Dropdown) -> list[Any]:
        return []

    def facts(self, words: Words) -> Any:
        return words(gr.Label, "label", "label", num_top_classes=TOP, elem_id=f"{self.mark}label")

    def given(self, network: Network, values: Sequence[Any]) -> dict[str, Any]:
        return {"top_k": TOP}
