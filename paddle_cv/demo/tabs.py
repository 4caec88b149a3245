"""What a tab of the page is, and which there are: a file of this folder registers its tab for a kind of result."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import gradio as gr

from ..inference.registry import Option, predictor_class
from ..models.discovery import Table
from .networks import Network
from .parts import AT_ONCE, Words
from .texts import Texts

__all__ = ["Tab", "make_tabs", "tab"]

#: The decorator that makes a class the tab for kinds of results (`Network.shows`); that for "" is for all that have none.
tab: Table[str] = Table(__package__)


class Tab(ABC):
    """The networks of one predictor, whose results are of one kind.

    Args:
        networks: Those that can be chosen.
        max_megapixels: Of a result.
        mark: What the elements' names begin with, where the page has another tab of this class.
    """

    #: Places of tabs from left to right.
    order: ClassVar[int] = 9

    def __init__(self, networks: Sequence[Network], max_megapixels: float, mark: str = ""):
        self.networks = {network.name: network for network in networks}
        self.max_megapixels, self.mark = max_megapixels, mark
        options = predictor_class(networks[0].task).options
        self.options = [option for option in options if option.preset is not None and not option.at_start]

    def title(self, texts: Texts) -> str:
        """What stands on it."""
        return next(iter(self.networks.values())).spec.title(texts.code)

    @abstractmethod
    def build(self, words: Words, language: Any, page: gr.Blocks) -> None:
        """Puts the components where Gradio builds; `language` is the component that holds the code of the chosen one."""

    def widgets(self, words: Words, network: gr.Dropdown) -> list[Any]:
        """A component for each of `options`, which is there where the chosen network takes it."""
        first = next(iter(self.networks.values()))
        found = [_widget(words, option, option.applies(first.spec)) for option in self.options]

        def shown(name: str) -> Any:
            spec = self.networks[name].spec
            updates = [gr.update(visible=option.applies(spec)) for option in self.options]
            return updates if len(updates) > 1 else updates[0]

        if found:
            network.change(shown, network, found, **AT_ONCE)
        return found

    def taken(self, network: Network, values: Sequence[Any]) -> dict[str, Any]:
        """What the widgets say to a network."""
        pairs = zip(self.options, values)
        return {option.name: option.kind(value) for option, value in pairs if option.applies(network.spec)}


def _widget(words: Words, option: Option, visible: bool) -> Any:
    settings = {"value": option.preset, "visible": visible}
    if option.kind is bool:
        kind = gr.Checkbox
    elif option.kind is str:
        kind = gr.Textbox
    elif option.most is None:
        kind = gr.Number
    else:
        kind = gr.Slider
        settings.update(minimum=option.least or 0, maximum=option.most, step=option.step)
    return words(kind, "label", lambda texts: option.title(texts.code), **settings)


def make_tabs(networks: Sequence[Network], max_megapixels: float) -> list[Tab]:
    """The tabs for networks, from left to right."""
    groups: dict[tuple[str, type], list[Network]] = {}
    for network in networks:
        groups.setdefault((network.shows, predictor_class(network.task)), []).append(network)
    tabs: list[Tab] = []
    for (shows, _), group in groups.items():
        kind = tab.get(shows) or tab.get("")
        mark = f"{group[0].task}-" if kind in map(type, tabs) else ""
        tabs.append(kind(group, max_megapixels, mark))
    return sorted(tabs, key=lambda one: one.order)
