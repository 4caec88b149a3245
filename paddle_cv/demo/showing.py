"""The tab for results of any kind: what stands in them, and their preview."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from .networks import Network
from .parts import AT_ONCE, QUEUED, Words, errors_shown, menu, open_upload, page_error, predictor_of, samples
from .tabs import Tab, tab
from .texts import TEXTS

__all__ = ["Showing"]

# A picture is reduced to some hundred pixels.
_MAX_MEGAPIXELS = 50.0
_PROGRESS = gr.Progress(track_tqdm=True)  # downloads show one


@tab("")
class Showing(Tab):
    """A picture, and what a network finds in it.

    Weights that would have to be fetched are offered, and fetched by a click only.
    """

    def build(self, words: Words, language: Any, page: gr.Blocks) -> None:
        networks, mark = list(self.networks.values()), self.mark
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                network = menu(words, networks)
                missing = networks[0].missing
                notice = gr.Markdown(
                    words.first.none_here.format(name=networks[0].name), visible=missing, elem_id=f"{mark}notice"
                )
                fetch = words(
                    gr.Button,
                    "value",
                    "fetch",
                    variant="primary",
                    visible=missing,
                    interactive=True,
                    elem_id=f"{mark}fetch",
                )
                file = words(gr.File, "label", "picture", file_types=["image"], height=120, elem_id=f"{mark}unknown")
                samples(words, file)  # worked on as any other, when the file changes
                widgets = self.widgets(words, network)
            with gr.Column(scale=2, min_width=300):
                facts = self.facts(words)
                shown = gr.Image(show_label=False, interactive=False, buttons=["fullscreen"], height="min(480px, 40vh)")
        notices = [notice, fetch]
        arguments = ([file, network, language, *widgets], [facts, shown])
        network.change(self.notice, [network, language], notices, **AT_ONCE)
        language.change(self.notice, [network, language], notices, **AT_ONCE)
        options = {**QUEUED, "api_visibility": "private"}
        for change in (file.change, network.change, *(widget.change for widget in widgets)):
            change(self.classify, *arguments, **QUEUED)
        fetched = fetch.click(self.fetch, [network, language], notices, **options, show_progress_on=fetch)
        fetched.success(self.classify, *arguments, **options)

    def facts(self, words: Words) -> Any:
        """The component for what stands in a result."""
        return words(gr.JSON, "label", "label", elem_id=f"{self.mark}facts")

    def notice(self, name: str, language: str) -> tuple[Any, Any]:
        """What is said of weights that are not here, and the button that fetches them."""
        missing = self.networks[name].missing
        text = TEXTS[language].none_here.format(name=name)
        return gr.update(value=text, visible=missing), gr.update(visible=missing)

    def fetch(self, name: str, language: str, progress: Any = _PROGRESS) -> tuple[Any, Any]:
        """Fetches the weights of a network; what the button does.

        Raises:
            gr.Error: They cannot be fetched; the message says where they may be put by hand.
        """
        texts = TEXTS[language]
        try:
            self.networks[name].fetch()
        except FileNotFoundError as error:
            raise page_error(texts.no_weights.format(name=name, error=error), texts) from None
        return self.notice(name, language)

    def classify(self, path: str | None, name: str, language: str, *values: Any) -> tuple[Any, Any]:
        """What a network finds in the picture in a file, and a preview; None twice without a file.

        Where the weights are not here, only the picture: nothing is fetched that nobody asked for.

        Raises:
            gr.Error: The picture or the network's weights cannot be used.
        """
        if path is None:
            return None, None
        texts, network = TEXTS[language], self.networks[name]
        with errors_shown(texts, path):
            picture = open_upload(path, lambda *size: size, _MAX_MEGAPIXELS, texts.too_large_to_name, texts)
            result = None
            if not network.missing:
                [result] = predictor_of(network, texts).predict_each([picture], **self.given(network, values))
                if isinstance(result, Exception):
                    raise result
            preview = (result or picture).preview()
            preview.thumbnail((1200, 1200))
            return None if result is None else result.as_dict(), preview

    def given(self, network: Network, values: Sequence[Any]) -> dict[str, Any]:
        """What the predictor is told."""
        return self.taken(network, values)
