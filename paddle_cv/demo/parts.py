"""What the tabs of the page share."""

from __future__ import annotations

import contextlib
import html
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from ..pictures import ImageError, Picture, open_picture, picture_size
from .networks import Network
from .samples import sample_photographs
from .texts import TEXTS, Texts

__all__ = [
    "AT_ONCE",
    "QUEUED",
    "TOP",
    "Words",
    "errors_shown",
    "menu",
    "open_upload",
    "page_error",
    "predictor_of",
    "samples",
]

#: So many classes are named.
TOP = 5
#: Networks work one after the other, as each takes all cores.
QUEUED: dict[str, Any] = {"concurrency_id": "networks", "concurrency_limit": 1, "api_visibility": "undocumented"}
AT_ONCE: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


class Words:
    """Makes components with texts, and gives them their texts in another language.

    Args:
        language: Code of the language that they begin with.
    """

    def __init__(self, language: str):
        self.first = TEXTS[language]
        self._said: list[tuple[Any, str, Callable[[Texts], Any]]] = []

    def __call__(self, make: Any, of: str, text: str | Callable[[Texts], Any], **options: Any) -> Any:
        """A component whose property `of` is a text, by its name in `Texts` or made from these."""
        say = text if callable(text) else lambda texts: getattr(texts, text)
        component = make(**{of: say(self.first)}, **options)
        self.also(component, of, say)
        return component

    def also(self, component: Any, of: str, say: Callable[[Texts], Any]) -> None:
        """Another property of a component that is there."""
        self._said.append((component, of, say))

    @property
    def components(self) -> list[Any]:
        return list(dict.fromkeys(component for component, _, _ in self._said))

    def updates(self, language: str) -> list[Any]:
        """What changes of each of `components`."""
        texts, changes = TEXTS[language], {component: {} for component in self.components}
        for component, of, say in self._said:
            changes[component][of] = say(texts)
        return [gr.update(**change) for change in changes.values()]


def menu(words: Words, networks: Sequence[Network]) -> gr.Dropdown:
    """A menu of networks, by what they do; the paper of the chosen one stands below it."""
    by_name = {network.name: network for network in networks}
    first = networks[0]

    def choices(texts: Texts) -> list[tuple[str, str]]:
        return [(network.title(texts), network.name) for network in networks]

    dropdown = words(gr.Dropdown, "label", "network", choices=choices(words.first), value=first.name, info=first.about)
    words.also(dropdown, "choices", choices)
    dropdown.change(lambda name: gr.update(info=by_name[name].about), dropdown, dropdown, **AT_ONCE)
    return dropdown


def samples(words: Words, file: gr.File) -> Any | None:
    """Photographs to choose by a click; the event after which the file is that photograph. None where there are none."""
    paths = [str(path) for path in sample_photographs()]
    if not paths:
        return None
    dataset = words(
        gr.Dataset,
        "label",
        "samples",
        components=[gr.Image(visible=False, type="filepath")],
        samples=[[path] for path in paths],
        type="index",
        elem_classes="samples",
    )
    return dataset.click(lambda index: paths[index], dataset, file, **AT_ONCE)


@contextlib.contextmanager
def errors_shown(texts: Texts, path: str | None) -> Iterator[None]:
    """Makes messages on the page of what is wrong with a picture; the folder of the upload means nothing to its sender."""
    if path is None:
        raise page_error(texts.no_picture, texts)
    try:
        yield
    except (ImageError, OSError) as error:
        message = f"{texts.failed}: {error}".replace(path, Path(path).name)
        raise page_error(message, texts) from None


def page_error(message: str, texts: Texts) -> gr.Error:
    """A message on the page. Gradio takes it for HTML."""
    return gr.Error(html.escape(message), title=texts.error, print_exception=False)


def predictor_of(network: Network, texts: Texts) -> Any:
    """The network's predictor. That its weights cannot be used is not the picture's fault, and said as such on the page."""
    try:
        return network.predictor
    except (FileNotFoundError, ValueError) as error:
        raise page_error(texts.no_weights.format(name=network.name, error=error), texts) from None


def open_upload(
    path: str, result_size: Callable[[int, int], tuple[int, int]], limit: float, too_large: str, texts: Texts
) -> Picture:
    """The picture in a file, whose size is looked at before it is decoded.

    Args:
        path: The file.
        result_size: Height and width of what is made of a picture of this height and width.
        limit: Megapixels of it.
        too_large: What is said of more, with places for name, sizes and limit.
        texts: In the chosen language.

    Raises:
        ImageError: It is no picture, damaged, or too large.
    """
    name = Path(path).name
    try:
        height, width = picture_size(path)
    except ImageError:
        raise ImageError(texts.unreadable.format(name=name)) from None
    new_height, new_width = result_size(height, width)
    if new_height * new_width > limit * 1e6:
        sizes = {"width": width, "height": height, "new_width": new_width, "new_height": new_height}
        raise ImageError(too_large.format(name=name, limit=limit, **sizes))
    try:
        return open_picture(path)
    except ImageError as error:
        raise ImageError(texts.damaged.format(error=error)) from None
