"""How results show themselves in a notebook."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable
from typing import Any

import numpy as np
from PIL import Image

from .images import full_scale

__all__ = ["ResultList", "picture_html", "picture_png", "table_html"]

#: Longest side in pixels of a picture that is shown alone, and of one in a row.
ALONE, IN_A_ROW = 1024, 320
# A notebook keeps what it shows.
_MOST = 24
_ROW = "display:flex;flex-wrap:wrap;gap:12px;align-items:flex-start"


class ResultList(list):
    """A list that a notebook shows as a row: pictures, and whatever else shows itself as HTML."""

    def _repr_html_(self) -> str | None:
        shown = [item_html(item) for item in self[:_MOST]]
        if not shown or None in shown:
            return None  # as any list
        if len(self) > _MOST:
            shown.append(f"<div>… {len(self) - _MOST}</div>")
        return f'<div style="{_ROW}">{"".join(shown)}</div>'

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """In a terminal: sizes instead of pixels."""
        printer.text(f"[{', '.join(map(_brief, self[:_MOST]))}{', ...' if len(self) > _MOST else ''}]")


def item_html(item: Any) -> str | None:
    """A member of a row; None where it is nothing that can be shown."""
    if isinstance(item, (np.ndarray, Image.Image)):
        return picture_html(item, IN_A_ROW)
    make = getattr(item, "_repr_html_", None)
    return None if make is None else make()


def picture_html(picture: np.ndarray | Image.Image, side: int = ALONE, caption: str = "") -> str:
    """A picture with its size, and a caption, below it.

    Args:
        picture: As for `picture_png`.
        side: Longest side in pixels; a larger picture is reduced.
        caption: A text.
    """
    width, height = picture.size if isinstance(picture, Image.Image) else picture.shape[1::-1]
    data = base64.b64encode(picture_png(picture, side)).decode("ascii")
    text = html.escape(" · ".join(filter(None, [caption, f"{width} × {height}"])))
    return (
        f'<figure style="margin:0"><img alt="{text}" src="data:image/png;base64,{data}">'
        f'<figcaption style="font-size:small;opacity:.7">{text}</figcaption></figure>'
    )


def picture_png(picture: np.ndarray | Image.Image, side: int = ALONE) -> bytes:
    """A PNG file of 8 bits, at most `side` pixels long.

    Args:
        picture: A PIL image; or an RGB array, (H, W) or (H, W, 1 to 4), uint8, uint16 or float in [0, 1].
        side: Longest side in pixels; a larger picture is reduced.
    """
    if isinstance(picture, np.ndarray):
        array = picture[..., 0] if picture.ndim == 3 and picture.shape[2] == 1 else picture
        if array.dtype != np.uint8:
            array = np.rint(array.clip(0) * np.float32(255 / full_scale(array.dtype))).clip(0, 255).astype(np.uint8)
        image = Image.fromarray(np.ascontiguousarray(array))
    else:
        image = picture if picture.mode in ("L", "LA", "RGB", "RGBA") else _converted(picture)
    if max(image.size) > side:
        image = image.copy()
        image.thumbnail((side, side))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def table_html(rows: Iterable[tuple[str, float]], picture: np.ndarray | Image.Image | None = None) -> str:
    """A picture with a table below it: names, and their shares of 1 as bars and in percent."""
    lines = "".join(
        f'<tr><td style="text-align:left">{html.escape(name)}</td>'
        f'<td style="min-width:6em"><div style="background:#4c78a8;height:.8em;width:{100 * share:.1f}%"></div></td>'
        f'<td style="text-align:right">{100 * share:.1f} %</td></tr>'
        for name, share in rows
    )
    above = "" if picture is None else picture_html(picture, IN_A_ROW)
    return f"<div>{above}<table>{lines}</table></div>"


def _converted(image: Image.Image) -> Image.Image:
    """Of a mode that PNG does not have, or that has more than 8 bits."""
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode == "F":
        return Image.fromarray(np.rint(np.asarray(image).clip(0, 1) * 255).astype(np.uint8))
    return image.convert("RGBA" if "A" in image.mode or "transparency" in image.info else "RGB")


def _brief(item: Any) -> str:
    if isinstance(item, np.ndarray):
        return f"array {'x'.join(map(str, item.shape))} {item.dtype}"
    if isinstance(item, dict):
        return f"{{{', '.join(f'{key!r}: {_brief(value)}' for key, value in item.items())}}}"
    if isinstance(item, Image.Image):
        return f"image {item.width}x{item.height} {item.mode}"
    return repr(item)
