"""The tab to draw digits on."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from .digits import digit_picture
from .parts import QUEUED, TOP, Words, menu
from .tabs import Tab, tab
from .texts import Texts

__all__ = ["Drawing"]

# Pixels; Gradio counts the brush's radius.
_CANVAS, _BRUSH = 280, 11
#: How many pixels on the page, in each direction, show one that the network sees.
_LARGER = 8
# One cannot draw before a tool is chosen, at first and after clearing. The sketchpad comes into being when its tab is opened.
_TAKE_BRUSH = """() => {
  const timer = setInterval(() => {
    const brush = document.querySelector("#pad button[aria-label=Brush]");
    if (brush) { clearInterval(timer); brush.click(); }
  }, 200);
}"""


@tab("digits")
class Drawing(Tab):
    """A sheet to draw on, and the digit that a network reads there."""

    order = 1

    def title(self, texts: Texts) -> str:
        return texts.digits

    def build(self, words: Words, language: Any, page: gr.Blocks) -> None:
        with gr.Row():
            with gr.Column(scale=2, min_width=320):
                pad = words(
                    gr.Sketchpad,
                    "label",
                    "draw",
                    brush=gr.Brush(default_size=_BRUSH, colors=["#000000"], color_mode="fixed"),
                    canvas_size=(_CANVAS, _CANVAS),
                    fixed_canvas=True,
                    layers=False,
                    transforms=(),
                    elem_id="pad",
                )
            with gr.Column(scale=2, min_width=280):
                digit = words(gr.Label, "label", "digit", num_top_classes=TOP, elem_id="digit")
                network = menu(words, list(self.networks.values()))
            with gr.Column(scale=1, min_width=200):
                seen = words(
                    gr.Image, "label", "seen", format="png", interactive=False, buttons=[], height=260, elem_id="seen"
                )
        page.load(js=_TAKE_BRUSH)
        pad.clear(js=_TAKE_BRUSH)
        for change in (pad.change, network.change):
            change(
                self.read_digit,
                [pad, network],
                [digit, seen],
                **QUEUED,
                trigger_mode="always_last",
                show_progress="hidden",
            )

    def read_digit(self, drawing: dict[str, Any] | None, name: str) -> tuple[Any, Any]:
        """What a drawing is, {digit: probability}, and how the network sees it, enlarged; None twice where nothing is drawn."""
        sheet = drawing and drawing["composite"]
        picture = None if sheet is None else digit_picture(_ink(sheet))
        if picture is None:
            return None, None
        return self.networks[name].predictor.predict(picture, top_k=TOP).as_dict(), np.kron(
            picture, np.ones((_LARGER, _LARGER), np.uint8)
        )


def _ink(drawing: np.ndarray) -> np.ndarray:
    """Where and how darkly something is drawn, (H, W) uint8, of a drawing on transparent or white ground."""
    sheet = Image.new("RGBA", drawing.shape[1::-1], "white")
    sheet.alpha_composite(Image.fromarray(drawing).convert("RGBA"))
    return 255 - np.asarray(sheet.convert("L"))
