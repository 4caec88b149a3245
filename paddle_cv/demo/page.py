"""The page: what stands where, and what happens at a click."""

from __future__ import annotations

import contextlib
import html
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Optional

import gradio as gr
import numpy as np
from PIL import Image

from ..api import load
from ..pictures import ImageError, Picture, open_picture, picture_size, save_picture
from ..pictures.images import full_scale
from .digits import digit_picture
from .networks import Network
from .texts import LANGUAGES, TEXTS, Texts

__all__ = ["MAX_MEGAPIXELS", "Page"]

if int(gr.__version__.split(".")[0]) < 6:  # paddlehub is content with any
    raise ImportError(f"the page needs Gradio 6, and this is {gr.__version__}: pip install 'gradio>=6,<7'")

#: Of a result: the browser holds two pictures of this size, decoded.
MAX_MEGAPIXELS = 24.0
#: Of a picture to classify, which is reduced to some hundred pixels.
_MAX_CLASSIFIED = 50.0
_TOP = 5
# Pixels; Gradio counts the brush's radius.
_CANVAS, _BRUSH = 280, 11
#: How many pixels on the page, in each direction, show one that the network sees.
_LARGER = 8

# The system's fonts: those of Gradio's themes may come from the network.
_FONTS = ["system-ui", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif"]
_LOOK = {
    "theme": gr.themes.Default(primary_hue="blue", font=_FONTS, font_mono=["ui-monospace", "Consolas", "monospace"]),
    "footer_links": [],
}
# One cannot draw before a tool is chosen, at first and after clearing. The sketchpad comes into being when its tab is opened.
_TAKE_BRUSH = """() => {
  const timer = setInterval(() => {
    const brush = document.querySelector("#pad button[aria-label=Brush]");
    if (brush) { clearInterval(timer); brush.click(); }
  }, 200);
}"""
# Networks work one after the other, as each takes all cores.
_QUEUED = {"concurrency_id": "networks", "concurrency_limit": 1, "api_visibility": "undocumented"}
_AT_ONCE = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
_PROGRESS = gr.Progress()


class Page(gr.Blocks):
    """A Gradio page with a tab for each of the jobs that its networks do: enlarging and denoising, digits, classification.

    It asks for nothing from outside, and `launch` binds it to this machine alone if not told otherwise.

    Args:
        networks: What can be chosen.
        language: "zh" or "en"; None: as the browser prefers. Either can be chosen on the page.
        max_megapixels: Largest result; a picture that would give a larger one is refused before it is decoded.

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
        self.max_megapixels = max_megapixels
        self.networks = {network.name: network for network in networks}
        self._labelled: list[tuple[gr.blocks.Block, str, str]] = []
        first = TEXTS[language or "en"]

        def says(make: Any, of: str, text: str, **options: Any) -> Any:
            """A component whose property `of` is a text in the chosen language."""
            component = make(**{of: getattr(first, text)}, **options)
            self._labelled.append((component, of, text))
            return component

        def menu(names: list[str]) -> gr.Dropdown:
            about = self.networks[names[0]].about
            dropdown = says(gr.Dropdown, "label", "network", choices=names, value=names[0], info=about)
            dropdown.change(lambda name: gr.update(info=self.networks[name].about), dropdown, dropdown, **_AT_ONCE)
            return dropdown

        with self:
            with gr.Row(equal_height=True):
                says(gr.Markdown, "value", "heading")
                with gr.Column(scale=0, min_width=200):
                    languages = [(name, code) for code, name in LANGUAGES.items()]
                    self._language = gr.Radio(
                        languages, value=first.code, show_label=False, container=False, elem_id="language"
                    )
            jobs = {
                "restoration": (self._restoration, [n.name for n in networks if n.task != "classification"]),
                "digits": (self._digits, [n.name for n in networks if n.reads_digits]),
                "classification": (self._classification, [n.name for n in networks if n.task == "classification"]),
            }
            for job, (contents, names) in jobs.items():
                if names:
                    with says(gr.Tab, "label", job, id=job):
                        contents(says, menu, names)
            labelled = [component for component, _, _ in self._labelled]
            self._language.input(self._relabel, self._language, labelled, **_AT_ONCE)
            if language is None:
                self.load(self._greet, None, [self._language, *labelled], **_AT_ONCE)

    def launch(self, *args: Any, **options: Any) -> Any:
        """`gradio.Blocks.launch`, with the page's fonts, and without a public link."""
        return super().launch(*args, **{"share": False, **_LOOK, **options})

    # Languages

    def _greet(self, request: gr.Request) -> list[Any]:
        wanted = request.headers.get("accept-language", "").lower()
        language = "zh" if wanted.startswith("zh") else "en"
        return [language, *self._relabel(language)]

    def _relabel(self, language: str) -> list[Any]:
        return [gr.update(**{of: getattr(TEXTS[language], text)}) for _, of, text in self._labelled]

    # Enlarging and denoising

    def _restoration(self, says: Any, menu: Any, names: list[str]) -> None:
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                file = says(gr.File, "label", "picture", file_types=["image"], height=150, elem_id="picture")
                network = menu(names)
                noise = says(
                    gr.Slider,
                    "label",
                    "noise_level",
                    minimum=0,
                    maximum=75,
                    step=1,
                    value=15,
                    visible=self.networks[names[0]].told_noise,
                )
                run = says(gr.Button, "value", "run", variant="primary", elem_id="run")
                facts = gr.Markdown(elem_id="facts")
                download = says(gr.DownloadButton, "label", "download", interactive=False, elem_id="download")
            with gr.Column(scale=3):
                slider = gr.ImageSlider(
                    show_label=True,
                    label="↔",
                    height=560,
                    max_height=560,
                    buttons=["fullscreen"],
                    interactive=False,
                    elem_id="slider",
                )
                says(gr.Markdown, "value", "hint")
        network.change(lambda name: gr.update(visible=self.networks[name].told_noise), network, noise, **_AT_ONCE)
        outputs = [slider, download, facts]
        # Elsewhere Gradio's own "Error" would lie on the text.
        run.click(self.restore, [file, network, noise, self._language], outputs, **_QUEUED, show_progress_on=slider)

    def restore(
        self, path: Optional[str], name: str, noise_level: float, language: str, progress: Any = _PROGRESS
    ) -> Iterator[Any]:
        """Enlarges or denoises the picture in a file; what the button does.

        Yields, once: the pictures for the slider, the file to download, and a line on them. When Gradio asks for more, it has
        copies of its own of the files.

        Raises:
            gr.Error: The picture cannot be used, is too large, or there is none; or the network has no weights.
        """
        texts, network = TEXTS[language], self.networks[name]
        with _errors_shown(texts, path), tempfile.TemporaryDirectory(prefix="paddle_cv_") as folder:
            predictor = _predictor(network, texts)
            picture = self._open(path, network, texts)
            conditions = {"noise_level": noise_level} if network.told_noise else {}
            result = predictor.restore(
                picture, progress=lambda done, of: progress((done, of), unit="windows"), **conditions
            )
            scale = network.spec.scale
            before = load(f"bicubic_x{scale}").restore(picture) if scale else picture
            saved = save_picture(result, Path(folder) / f"{Path(path).stem}_{network.spec.name}.png")
            shown = [save_picture(_on_white(before), Path(folder) / "before.png"), saved]
            if result.alpha is not None:
                shown[1] = save_picture(_on_white(result), Path(folder) / "after.png")
            (height, width), (new_height, new_width) = picture.size, result.size
            yield (
                gr.update(value=tuple(map(str, shown)), label=f"{texts.bicubic if scale else texts.before} ↔ {name}"),
                gr.update(value=str(saved), interactive=True),
                texts.done.format(width=width, height=height, new_width=new_width, new_height=new_height),
            )

    def _open(self, path: str, network: Network, texts: Texts) -> Picture:
        """The picture in a file, whose size is looked at before it is decoded."""
        name = Path(path).name
        try:
            height, width = picture_size(path)
        except ImageError:
            raise ImageError(texts.unreadable.format(name=name)) from None
        if network.task == "classification":
            new_height, new_width, limit, text = height, width, _MAX_CLASSIFIED, texts.too_large_to_name
        else:
            new_height, new_width = network.predictor.result_size(height, width)
            limit, text = self.max_megapixels, texts.too_large
        if new_height * new_width > limit * 1e6:
            sizes = {"width": width, "height": height, "new_width": new_width, "new_height": new_height}
            raise ImageError(text.format(name=name, limit=limit, **sizes))
        try:
            return open_picture(path)
        except ImageError as error:
            raise ImageError(texts.damaged.format(error=error)) from None

    # Digits

    def _digits(self, says: Any, menu: Any, names: list[str]) -> None:
        with gr.Row():
            with gr.Column(scale=2, min_width=320):
                pad = says(
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
                network = menu(names)
                digit = says(gr.Label, "label", "digit", num_top_classes=_TOP, elem_id="digit")
            with gr.Column(scale=1, min_width=200):
                seen = says(
                    gr.Image, "label", "seen", format="png", interactive=False, buttons=[], height=260, elem_id="seen"
                )
        self.load(js=_TAKE_BRUSH)
        pad.clear(js=_TAKE_BRUSH)
        for change in (pad.change, network.change):
            change(
                self.read_digit,
                [pad, network],
                [digit, seen],
                **_QUEUED,
                trigger_mode="always_last",
                show_progress="hidden",
            )

    def read_digit(self, drawing: Optional[dict[str, Any]], name: str) -> tuple[Any, Any]:
        """What a drawing is, {digit: probability}, and how the network sees it, enlarged; None twice where nothing is drawn."""
        sheet = drawing and drawing["composite"]
        picture = None if sheet is None else digit_picture(_ink(sheet))
        if picture is None:
            return None, None
        return self.networks[name].predictor.predict(picture, top_k=_TOP).as_dict(), np.kron(
            picture, np.ones((_LARGER, _LARGER), np.uint8)
        )

    # Classification

    def _classification(self, says: Any, menu: Any, names: list[str]) -> None:
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                file = says(gr.File, "label", "picture", file_types=["image"], height=150, elem_id="unknown")
                network = menu(names)
                label = says(gr.Label, "label", "label", num_top_classes=_TOP, elem_id="label")
            with gr.Column(scale=2):
                shown = gr.Image(show_label=False, interactive=False, buttons=["fullscreen"], height=560)
        for change in (file.change, network.change):
            change(self.classify, [file, network, self._language], [label, shown], **_QUEUED)

    def classify(self, path: Optional[str], name: str, language: str) -> tuple[Any, Any]:
        """What the picture in a file shows, {label: probability}, and the picture; None twice without a file.

        Raises:
            gr.Error: The picture or the network's weights cannot be used.
        """
        if path is None:
            return None, None
        texts, network = TEXTS[language], self.networks[name]
        with _errors_shown(texts, path):
            picture = self._open(path, network, texts)
            [outcome] = _predictor(network, texts).predict_each([picture], _TOP)
            preview = _eight_bits(_on_white(picture))
            preview.thumbnail((1200, 1200))
            return outcome.as_dict(), preview


def _spare_the_proxy() -> None:
    """Requests to this machine go past a proxy: Gradio and PaddleHub's serving ask the page whether it is there."""
    for key in ("no_proxy", "NO_PROXY"):
        hosts = [host for host in os.environ.get(key, "").split(",") if host]
        if "*" not in hosts:  # which has to stand alone
            os.environ[key] = ",".join(dict.fromkeys([*hosts, "127.0.0.1", "localhost"]))


@contextlib.contextmanager
def _errors_shown(texts: Texts, path: Optional[str]) -> Iterator[None]:
    """Makes messages on the page of what is wrong with a picture; the folder of the upload means nothing to its sender."""
    if path is None:
        raise _error(texts.no_picture, texts)
    try:
        yield
    except (ImageError, OSError) as error:
        message = f"{texts.failed}: {error}".replace(path, Path(path).name)
        raise _error(message, texts) from None


def _error(message: str, texts: Texts) -> gr.Error:
    """A message on the page. Gradio takes it for HTML."""
    return gr.Error(html.escape(message), title=texts.error, print_exception=False)


def _predictor(network: Network, texts: Texts) -> Any:
    """The network's predictor. That its weights cannot be used is not the picture's fault, and said as such on the page."""
    try:
        return network.predictor
    except (FileNotFoundError, ValueError) as error:
        raise _error(texts.no_weights.format(name=network.name, error=error), texts) from None


def _ink(drawing: np.ndarray) -> np.ndarray:
    """Where and how darkly something is drawn, (H, W) uint8, of a drawing on transparent or white ground."""
    sheet = Image.new("RGBA", drawing.shape[1::-1], "white")
    sheet.alpha_composite(Image.fromarray(drawing).convert("RGBA"))
    return 255 - np.asarray(sheet.convert("L"))


def _on_white(picture: Picture) -> Picture:
    """Without transparency: the slider lays one picture over the other."""
    if picture.alpha is None:
        return picture
    top = full_scale(picture.color.dtype)
    alpha = picture.alpha.astype(np.float32) / top
    alpha = alpha if picture.grey else alpha[..., None]
    color = picture.color * alpha + top * (1 - alpha)
    return picture.with_pixels((color if top == 1 else np.rint(color)).astype(picture.color.dtype), None)


def _eight_bits(picture: Picture) -> Image.Image:
    top = full_scale(picture.color.dtype)
    return Image.fromarray(np.rint(picture.color * np.float32(255 / top)).astype(np.uint8))
