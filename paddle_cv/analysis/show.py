"""Pictures and tables for notebooks: images side by side, feature maps, filters, curves.

Pictures are PIL images and tables have `_repr_html_`, so that the last line of a cell shows them, in any front end and without
pyplot; `.save("figure.png")` keeps one. They take titles in Latin letters: the font that Pillow brings has no others.
"""

from __future__ import annotations

import html
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Optional, Union

import numpy as np
import paddle
from paddle import nn
from PIL import Image, ImageDraw

from ..pictures.display import picture_png
from .comparison import title_font

__all__ = ["Table", "activations", "curves", "feature_maps", "filters", "images", "table"]

Shown = Union[np.ndarray, Image.Image]

_GAP, _TITLE = 6, 22


def images(shown: Mapping[str, Shown], columns: int = 4, height: int = 200) -> Image.Image:
    """Images of any sizes in rows, each below its title.

    Args:
        shown: Title and image: a PIL image, or an array (H, W) or (H, W, 1 to 4), uint8, uint16 or float in [0, 1].
        columns: How many stand in a row.
        height: Of each image on the sheet, in pixels. Smaller ones are enlarged pixel by pixel, so that one sees single pixels.

    Raises:
        ValueError: No images, or no columns.
    """
    if not shown or columns < 1:
        raise ValueError("images shows at least one image, in at least one column")
    cells = [_fit(image, height) for image in shown.values()]
    rows = [range(first, min(first + columns, len(cells))) for first in range(0, len(cells), columns)]
    font = title_font(14)
    widths = [max(cell.width, math.ceil(font.getlength(title)) + 4) for title, cell in zip(shown, cells)]
    sheet = Image.new(
        "RGB",
        (max(sum(widths[i] + _GAP for i in row) for row in rows) - _GAP, len(rows) * (height + _TITLE + _GAP) - _GAP),
        "white",
    )
    draw, titles = ImageDraw.Draw(sheet), list(shown)
    for number, row in enumerate(rows):
        left, top = 0, number * (height + _TITLE + _GAP)
        for i in row:
            draw.text((left + 2, top + 3), titles[i], fill="black", font=font)
            sheet.paste(cells[i], (left, top + _TITLE))
            left += widths[i] + _GAP
    return sheet


def activations(network: nn.Layer, x: paddle.Tensor, names: Sequence[str]) -> dict[str, np.ndarray]:
    """What layers of a network compute for an input.

    Args:
        network: It is run once in eval mode, without gradients.
        x: Its input.
        names: Of layers, as `network.named_sublayers()` has them.

    Returns:
        For each name the layer's output; of a layer that is called several times, the last one.

    Raises:
        KeyError: There is no such layer.
    """
    layers = dict(network.named_sublayers())
    found: dict[str, np.ndarray] = {}

    def keep(name: str) -> Any:
        def hook(layer: nn.Layer, inputs: Any, output: Any) -> None:
            found[name] = (output[0] if isinstance(output, (tuple, list)) else output).numpy()

        return hook

    hooks = [layers[name].register_forward_post_hook(keep(name)) for name in names]
    was_training = network.training
    network.eval()
    try:
        with paddle.no_grad():
            network(x)
    finally:
        for hook in hooks:
            hook.remove()
        if was_training:
            network.train()
    return {name: found[name] for name in names}


def feature_maps(maps: Any, columns: int = 8, most: int = 32, side: int = 80) -> Image.Image:
    """Feature maps as grey tiles, each from its least value (black) to its largest (white).

    Args:
        maps: (C, H, W), or (N, C, H, W) of which the first is shown; an array or a tensor.
        columns: Tiles in a row.
        most: The first so many channels.
        side: Height of a tile in pixels.

    Raises:
        ValueError: Another number of axes.
    """
    array = np.asarray(maps, np.float32)
    array = array[0] if array.ndim == 4 else array
    if array.ndim != 3:
        raise ValueError(f"feature maps have the axes (C, H, W) or (N, C, H, W), not the shape {array.shape}")
    return _tiles([_stretch(one, one.min(), one.max()) for one in array[:most]], columns, side)


def filters(weight: Any, columns: int = 8, most: int = 64, side: int = 48) -> Image.Image:
    """The filters of a convolution as tiles, all on one scale: zero is the middle grey.

    Args:
        weight: The layer; or its weight (O, I, h, w), an array or a tensor. Filters of three channels are shown in colour,
            others as the mean over their channels.
        columns: Tiles in a row.
        most: The first so many filters.
        side: Height of a tile in pixels.

    Raises:
        ValueError: Another number of axes.
    """
    array = np.asarray(weight.weight if isinstance(weight, nn.Layer) else weight, np.float32)
    if array.ndim != 4:
        raise ValueError(f"the weight of a convolution has four axes, not the shape {array.shape}")
    array = array.transpose(0, 2, 3, 1)[:most]
    array = array if array.shape[-1] == 3 else array.mean(-1)
    largest = np.abs(array).max()
    return _tiles([_stretch(one, -largest, largest) for one in array], columns, side)


def curves(
    lines: Mapping[str, Iterable[Sequence[float]]],
    x: str = "step",
    y: str = "",
    levels: Optional[Mapping[str, float]] = None,
    log: bool = False,
    size: tuple[float, float] = (6.0, 3.0),
) -> Image.Image:
    """Curves in one diagram, drawn by matplotlib.

    Args:
        lines: For each name its points (x, y).
        x: Title of the horizontal axis.
        y: Title of the vertical axis.
        levels: Dashed lines across: name and value.
        log: A logarithmic vertical axis.
        size: Width and height, in hundreds of pixels.
    """
    from matplotlib.figure import Figure  # without pyplot: no window, no global state

    figure = Figure(figsize=size, dpi=100, layout="constrained")
    axes = figure.subplots()
    for name, points in lines.items():
        places, values = np.asarray(list(points), float).reshape(-1, 2).T
        axes.plot(places, values, marker="." if len(places) < 50 else None, label=name)
    for number, (name, value) in enumerate((levels or {}).items()):
        axes.axhline(value, color="grey", linestyle=("--", ":", "-.")[number % 3], label=name)
    axes.set(xlabel=x, ylabel=y, yscale="log" if log else "linear")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return Image.open(buffer).convert("RGB")


class Table:
    """Rows with names for their columns, which a notebook shows as a table and `print` as aligned text."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]):
        self.columns = list(dict.fromkeys(name for row in rows for name in row))
        self.rows = [[_text(row.get(name, "")) for name in self.columns] for row in rows]

    def __str__(self) -> str:
        lines = [self.columns, *self.rows]
        widths = [max(len(line[number]) for line in lines) for number in range(len(self.columns))]
        return "\n".join(
            "  ".join(
                cell.rjust(width) if number else cell.ljust(width)
                for number, (cell, width) in enumerate(zip(line, widths))
            ).rstrip()
            for line in lines
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        def row(cells: Sequence[str], tag: str) -> str:
            sides = ["left", *["right"] * len(cells)]
            return "".join(
                f'<{tag} style="text-align:{side}">{html.escape(cell)}</{tag}>' for side, cell in zip(sides, cells)
            )

        body = "".join(f"<tr>{row(cells, 'td')}</tr>" for cells in self.rows)
        return f"<table><thead><tr>{row(self.columns, 'th')}</tr></thead><tbody>{body}</tbody></table>"


def table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """A table of rows: `table([{"network": "lenet", "parameters": 61706}, ...])`.

    Whole numbers get commas, others four significant digits; what a row lacks stays empty.
    """
    return Table(rows)


def _text(value: Any) -> str:
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, (float, np.floating)) else str(value)


def _fit(image: Shown, height: int) -> Image.Image:
    picture = Image.open(io.BytesIO(picture_png(image, side=4096))).convert("RGB")
    size = max(1, round(picture.width * height / picture.height)), height
    return picture.resize(size, Image.Resampling.NEAREST if picture.height < height else Image.Resampling.LANCZOS)


def _stretch(values: np.ndarray, least: float, largest: float) -> np.ndarray:
    """Values from `least` to `largest` as uint8."""
    return np.rint((values - least) * (255 / max(float(largest - least), 1e-12))).astype(np.uint8)


def _tiles(tiles: Sequence[np.ndarray], columns: int, side: int) -> Image.Image:
    pictures = [_fit(tile, side) for tile in tiles]
    columns = min(columns, len(pictures))
    width, height = pictures[0].width + 2, side + 2
    sheet = Image.new("RGB", (columns * width - 2, math.ceil(len(pictures) / columns) * height - 2), "white")
    for number, picture in enumerate(pictures):
        row, column = divmod(number, columns)
        sheet.paste(picture, (column * width, row * height))
    return sheet
