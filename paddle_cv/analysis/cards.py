"""Cards: how shipped weights were made and what they score, and the tables that documents have of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional, Union

__all__ = ["card_table", "fill_marked", "read_card", "score_table"]

_HEADINGS = {
    "en": ("network (parameters)", "{} PSNR / SSIM", "this module"),
    "zh": ("网络（参数量）", "{} PSNR / SSIM", "本模块"),
}


_CARD = {
    "en": {
        "model": "network",
        "config": "configuration",
        "training_data": "training data",
        "steps": "steps",
        "hours": "hours",
        "hardware": "hardware",
        "date": "date",
        "note": "note",
        "sha256": "SHA-256",
    },
    "zh": {
        "model": "网络",
        "config": "配置",
        "training_data": "训练数据",
        "steps": "步数",
        "hours": "小时",
        "hardware": "硬件",
        "date": "日期",
        "note": "说明",
        "sha256": "SHA-256",
    },
}


def read_card(folder: Union[str, Path]) -> dict[str, Any]:
    """The `card.json` of a hub module."""
    return json.loads((Path(folder) / "card.json").read_text(encoding="utf-8"))


def score_table(card: Mapping[str, Any], published: Mapping[str, Any], language: str = "en") -> str:
    """A Markdown table of what a module's weights score, between the published figures, best last.

    Args:
        card: What `read_card` returns.
        published: docs/published.json.
        language: "en" or "zh".
    """
    network, heading, own = _HEADINGS[language]
    sets = list(card["scores"])
    scale = f"x{card['scale']}"
    rows = [(row["label"], row[scale]) for row in published["rows"] if scale in row]
    label = f"**{card['model']} ({card['parameters'] / 1e3:.0f}K), {own}**"
    rows.append((label, {key: [card["scores"][key]["psnr"], card["scores"][key]["ssim"]] for key in sets}))
    rows.sort(key=lambda row: row[1][sets[0]][0])
    lines = [f"| {network} | " + " | ".join(heading.format(name) for name in sets) + " |"]
    lines.append("|---|" + "---|" * len(sets))
    for name, scores in rows:
        lines.append(f"| {name} | " + " | ".join(_cell(*scores[key]) for key in sets) + " |")
    return "\n".join(lines)


def _cell(psnr: float, ssim: Optional[float]) -> str:
    return f"{psnr:.2f} / {ssim:.4f}" if ssim else f"{psnr:.2f}"


def card_table(card: Mapping[str, Any], language: str = "en") -> str:
    """A Markdown table of how a module's weights were made."""
    title = {"en": "weights of this module", "zh": "本模块的权重"}[language]
    lines = [f"| {title} | |", "|---|---|"]
    for key, heading in _CARD[language].items():
        value = card[key]
        lines.append(f"| {heading} | {', '.join(value) if isinstance(value, list) else value} |")
    accuracy = {"en": "accuracy on {}", "zh": "{} 上的准确率"}[language]
    for name, scores in card["scores"].items():
        if "accuracy" in scores:
            lines.append(f"| {accuracy.format(name)} | {100 * scores['accuracy']:.2f} % |")
    return "\n".join(lines)


def fill_marked(text: str, mark: str, content: str) -> str:
    """Replaces what stands between `<!-- mark -->` and `<!-- end of mark -->`.

    Raises:
        ValueError: The text has no such marks.
    """
    begin, end = f"<!-- {mark} -->", f"<!-- end of {mark} -->"
    if begin not in text or end not in text:
        raise ValueError(f"no {begin} ... {end} in the text")
    before, rest = text.split(begin, 1)
    _, after = rest.split(end, 1)
    return f"{before}{begin}\n{content}\n{end}{after}"
