"""The page: its tabs, its languages, and how it looks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Optional

import gradio as gr

from .drawing import Drawing
from .enlarging import Enlarging
from .naming import Naming
from .networks import Network
from .parts import AT_ONCE, Words
from .samples import sample_folder
from .tabs import make_tabs
from .texts import LANGUAGES

__all__ = ["MAX_MEGAPIXELS", "Page"]

if int(gr.__version__.split(".")[0]) < 6:  # paddlehub is content with any
    raise ImportError(f'the page needs Gradio 6, and this is {gr.__version__}: pip install ".[demo]"')

#: Of a result: the browser holds two pictures of this size, decoded.
MAX_MEGAPIXELS = 24.0

# The system's fonts: those of Gradio's themes may come from the network.
_FONTS = ["system-ui", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif"]
_CSS = """
#top { align-items: center; flex-wrap: nowrap; }
#top h1 { margin: 0; font-size: 1.5em; white-space: nowrap; }
#top > * { min-width: 0 !important; flex: none !important; width: max-content !important; overflow: visible !important; }
#top > :last-child { margin-left: auto; }
#language .wrap { flex-wrap: nowrap; }
#language label { padding: 4px 8px; white-space: nowrap; }
.samples .gallery { gap: 6px; flex-wrap: nowrap; }
.samples img { object-fit: cover; width: 64px !important; height: 48px !important; }
@media (max-width: 640px) {
  .gradio-container main { padding: 8px !important; }
  .tabitem { padding: 8px 0 !important; }
  .tab-container button { padding: 8px 5px !important; font-size: 13px !important; } /* the hidden copy that Gradio measures, too */
  #slider { height: 42vh !important; }
}
"""
_LOOK = {
    "theme": gr.themes.Default(primary_hue="blue", font=_FONTS, font_mono=["ui-monospace", "Consolas", "monospace"]),
    "css": _CSS,
    "footer_links": [],
}


class Page(gr.Blocks):
    """A Gradio page with a tab for each of the jobs that its networks do (`Tab`).

    It asks for nothing from outside, and `launch` binds it to this machine alone if not told otherwise.

    Args:
        networks: What can be chosen.
        language: "zh" or "en"; None: as the browser prefers. Either can be chosen on the page.
        max_megapixels: Largest result; a picture that would give a larger one is refused before it is decoded.

    Attributes:
        networks: By their names.
        tabs: From left to right.
        enlarging, drawing, naming: The first tab of each class; None where no network is for it.

    Raises:
        ValueError: No networks.
    """

    def __init__(
        self, networks: Sequence[Network], language: Optional[str] = None, max_megapixels: float = MAX_MEGAPIXELS
    ):
        if not networks:
            raise ValueError("a page needs a network")
        _spare_the_proxy()
        # Uploads and results go after an hour, and when the page is closed.
        super().__init__(title="paddle_cv", analytics_enabled=False, delete_cache=(600, 3600))
        self.networks = {network.name: network for network in networks}
        self._words = words = Words(language or "en")
        self.tabs = make_tabs(networks, max_megapixels)
        shown = {type(one): one for one in reversed(self.tabs)}
        self.enlarging, self.drawing, self.naming = map(shown.get, (Enlarging, Drawing, Naming))
        with self:
            with gr.Row(elem_id="top"):
                gr.Markdown("# paddle_cv")
                codes = [(name, code) for code, name in LANGUAGES.items()]
                chosen = gr.Radio(
                    codes, value=words.first.code, show_label=False, container=False, elem_id="language", min_width=0
                )
            for one in self.tabs:
                with words(gr.Tab, "label", one.title):
                    one.build(words, chosen, self)
            words(gr.Markdown, "value", "about")
            chosen.input(words.updates, chosen, words.components, **AT_ONCE)
            if language is None:
                self.load(self._greet, None, [chosen, *words.components], **AT_ONCE)

    def launch(self, *args: Any, **options: Any) -> Any:
        """`gradio.Blocks.launch`, with the page's look, and without a public link."""
        folder = sample_folder()
        look = {**_LOOK, "allowed_paths": [] if folder is None else [str(folder)]}
        return super().launch(*args, **{"share": False, **look, **options})

    def _greet(self, request: gr.Request) -> list[Any]:
        wanted = request.headers.get("accept-language", "").lower()
        language = "zh" if wanted.startswith("zh") else "en"
        return [language, *self._words.updates(language)]


def _spare_the_proxy() -> None:
    """Requests to this machine go past a proxy: Gradio and PaddleHub's serving ask the page whether it is there."""
    for key in ("no_proxy", "NO_PROXY"):
        hosts = [host for host in os.environ.get(key, "").split(",") if host]
        if "*" not in hosts:  # which has to stand alone
            os.environ[key] = ",".join(dict.fromkeys([*hosts, "127.0.0.1", "localhost"]))
