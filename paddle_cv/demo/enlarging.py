"""The tab for results that are pictures: before and after."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from ..loading import load
from ..pictures import save_picture
from .parts import QUEUED, Words, errors_shown, menu, open_upload, predictor_of, samples
from .tabs import Tab, tab
from .texts import TEXTS

__all__ = ["Enlarging"]

_PROGRESS = gr.Progress()
# On a narrow page the result stands below the fold.
_SHOW_RESULT = """() => {
  const slider = document.querySelector("#slider");
  if (slider && slider.getBoundingClientRect().bottom > innerHeight) slider.scrollIntoView({block: "center"});
}"""


@tab("image")
class Enlarging(Tab):
    """A picture, before and after, with a line between to drag."""

    order = 0

    def build(self, words: Words, language: Any, page: gr.Blocks) -> None:
        networks, mark = list(self.networks.values()), self.mark
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                file = words(gr.File, "label", "picture", file_types=["image"], height=120, elem_id=f"{mark}picture")
                chosen = samples(words, file)
                network = menu(words, networks)
                widgets = self.widgets(words, network)
                run = words(gr.Button, "value", "run", variant="primary", elem_id=f"{mark}run")
            with gr.Column(scale=3, min_width=300):
                slider = gr.ImageSlider(
                    show_label=True,
                    label="↔",
                    height="min(560px, 60vh)",
                    max_height=560,
                    buttons=["fullscreen"],
                    interactive=False,
                    elem_id=f"{mark}slider",
                )
                with gr.Row():
                    facts = gr.Markdown(elem_id=f"{mark}facts")
                    download = words(
                        gr.DownloadButton, "label", "download", interactive=False, elem_id=f"{mark}download"
                    )
                words(gr.Markdown, "value", "hint", elem_classes="hint")
        arguments = ([file, network, *widgets, language], [slider, download, facts])
        show_result = _SHOW_RESULT.replace("#slider", f"#{mark}slider")
        # Elsewhere Gradio's own "Error" would lie on the text.
        clicked = run.click(self.restore, *arguments, **QUEUED, show_progress_on=slider)
        clicked.then(js=show_result)
        if chosen is not None:
            options = {**QUEUED, "api_visibility": "private"}
            chosen.then(self.restore, *arguments, **options, show_progress_on=slider).then(js=show_result)

    def restore(self, path: str | None, name: str, progress: Any = _PROGRESS, *values: Any) -> Iterator[Any]:
        """Works on the picture in a file; what the button does. The values are those of the widgets, and the language's code.

        Yields, once: the pictures for the slider, the file to download, and a line on them. When Gradio asks for more, it has
        copies of its own of the files.

        Raises:
            gr.Error: The picture cannot be used, is too large, or there is none; or the network has no weights.
        """
        texts, network = TEXTS[values[-1]], self.networks[name]
        with errors_shown(texts, path), tempfile.TemporaryDirectory(prefix="paddle_cv_") as folder:
            predictor = predictor_of(network, texts)
            picture = open_upload(path, predictor.result_size, self.max_megapixels, texts.too_large, texts)
            conditions = self.taken(network, values[:-1])
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
