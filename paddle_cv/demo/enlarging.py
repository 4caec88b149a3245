"""The tab that enlarges and denoises."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from ..api import load
from ..pictures import save_picture
from .networks import Network
from .parts import AT_ONCE, QUEUED, Words, errors_shown, menu, open_upload, predictor_of, samples
from .texts import TEXTS

__all__ = ["Enlarging"]

_PROGRESS = gr.Progress()
# On a narrow page the result stands below the fold.
_SHOW_RESULT = """() => {
  const slider = document.querySelector("#slider");
  if (slider && slider.getBoundingClientRect().bottom > innerHeight) slider.scrollIntoView({block: "center"});
}"""


class Enlarging:
    """A picture, before and after, with a line between to drag.

    Args:
        networks: Those that can be chosen.
        max_megapixels: Of a result.
    """

    def __init__(self, networks: Sequence[Network], max_megapixels: float):
        self.networks = {network.name: network for network in networks}
        self.max_megapixels = max_megapixels

    def build(self, words: Words, language: Any) -> None:
        """Puts the components where Gradio builds; `language` is the component that holds the code of the chosen one."""
        networks = list(self.networks.values())
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                file = words(gr.File, "label", "picture", file_types=["image"], height=120, elem_id="picture")
                chosen = samples(words, file)
                network = menu(words, networks)
                noise = words(
                    gr.Slider,
                    "label",
                    "noise_level",
                    minimum=0,
                    maximum=75,
                    step=1,
                    value=15,
                    visible=networks[0].told_noise,
                )
                run = words(gr.Button, "value", "run", variant="primary", elem_id="run")
            with gr.Column(scale=3, min_width=300):
                slider = gr.ImageSlider(
                    show_label=True,
                    label="↔",
                    height="min(560px, 60vh)",
                    max_height=560,
                    buttons=["fullscreen"],
                    interactive=False,
                    elem_id="slider",
                )
                with gr.Row():
                    facts = gr.Markdown(elem_id="facts")
                    download = words(gr.DownloadButton, "label", "download", interactive=False, elem_id="download")
                words(gr.Markdown, "value", "hint", elem_classes="hint")
        network.change(lambda name: gr.update(visible=self.networks[name].told_noise), network, noise, **AT_ONCE)
        arguments = ([file, network, noise, language], [slider, download, facts])
        # Elsewhere Gradio's own "Error" would lie on the text.
        clicked = run.click(self.restore, *arguments, **QUEUED, show_progress_on=slider)
        clicked.then(js=_SHOW_RESULT)
        if chosen is not None:
            options = {**QUEUED, "api_visibility": "private"}
            chosen.then(self.restore, *arguments, **options, show_progress_on=slider).then(js=_SHOW_RESULT)

    def restore(
        self, path: str | None, name: str, noise_level: float, language: str, progress: Any = _PROGRESS
    ) -> Iterator[Any]:
        """Enlarges or denoises the picture in a file; what the button does.

        Yields, once: the pictures for the slider, the file to download, and a line on them. When Gradio asks for more, it has
        copies of its own of the files.

        Raises:
            gr.Error: The picture cannot be used, is too large, or there is none; or the network has no weights.
        """
        texts, network = TEXTS[language], self.networks[name]
        with errors_shown(texts, path), tempfile.TemporaryDirectory(prefix="paddle_cv_") as folder:
            predictor = predictor_of(network, texts)
            picture = open_upload(path, predictor.result_size, self.max_megapixels, texts.too_large, texts)
            conditions = {"noise_level": noise_level} if network.told_noise else {}
            result = predictor.restore(
                picture, progress=lambda done, of: progress((done, of), unit="windows"), **conditions
            )
            scale = network.spec.scale
            before = load(f"bicubic_x{scale}").restore(picture) if scale else picture
            saved = save_picture(result, Path(folder) / f"{Path(path).stem}_{network.spec.name}.png")
            shown = [save_picture(before.on_white(), Path(folder) / "before.png"), saved]
            if result.alpha is not None:
                shown[1] = save_picture(result.on_white(), Path(folder) / "after.png")
            (height, width), (new_height, new_width) = picture.size, result.size
            yield (
                gr.update(value=tuple(map(str, shown)), label=f"{texts.bicubic if scale else texts.before} ↔ {name}"),
                gr.update(value=str(saved), interactive=True),
                texts.done.format(width=width, height=height, new_width=new_width, new_height=new_height),
            )
