"""Cards: how shipped weights were made and what they score, and the tables that documents have of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Optional, Union

from .course import short_number
from .evaluation import PictureEvaluation, evaluations, known_scores

__all__ = ["card_table", "exercise_table", "fill_marked", "read_card", "score_table", "shipped_table"]

_HEADINGS = {
    "en": ("network (parameters)", "{} PSNR / SSIM", "this module"),
    "zh": ("网络（参数量）", "{} PSNR / SSIM", "本模块"),
}
_SHIPPED = {
    "en": ("module", "network (parameters)", "the paper's"),
    "zh": ("模块", "网络（参数量）", "论文"),
}
_EXERCISES = {
    "en": ("data", "run", "network (parameters)", "test accuracy", "steps", "hours"),
    "zh": ("数据", "训练", "网络（参数量）", "测试准确率", "步数", "小时"),
}
_README = {"en": "README.md", "zh": "README.zh-CN.md"}

_CARD = {
    "en": {
        "model": "network",
        "config": "configuration",
        "overrides": "changed in it",
        "degradation": "degradation",
        "training_data": "training data",
        "noise_level": "noise level of the scores (of 255)",
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
        "overrides": "对配置的改动",
        "degradation": "退化",
        "training_data": "训练数据",
        "noise_level": "测试噪声的标准差（255 制）",
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
        card: What `read_card` returns, of a network that makes images.
        published: docs/published.json.
        language: "en" or "zh".
    """
    network, heading, own = _HEADINGS[language]
    sets = list(card["scores"])
    found = _measured_by(card).published(card, published)
    rows = [(row["label"], figures) for row, figures in found if sets[0] in figures]
    rows.append((f"**{_sized(card)}, {own}**", _own_figures(card)))
    rows.sort(key=lambda row: row[1][sets[0]][0])
    cells = [[name, *(_cell(figures.get(key)) for key in sets)] for name, figures in rows]
    return _table([network, *(heading.format(name) for name in sets)], cells)


def shipped_table(cards: Mapping[str, Mapping[str, Any]], published: Mapping[str, Any], language: str = "en") -> str:
    """A Markdown table of what several modules' weights score, by scale or noise level; nothing where there is no card.

    Args:
        cards: For each hub module, what `read_card` returns; all of one task.
        published: docs/published.json; the figures of the same network stand in the last column.
        language: "en" or "zh".
    """
    if not cards:
        return ""
    _, heading, _ = _HEADINGS[language]
    module, network, paper = _SHIPPED[language]
    by = _measured_by(next(iter(cards.values())))
    before, unprocessed = by.baseline
    sets = list(dict.fromkeys(name for card in cards.values() for name in card["scores"]))
    first = sets[0]
    headings = [module, network, *(heading.format(name) for name in sets)]
    headings += [f"{unprocessed[language]}, {first}", f"{paper}, {first}"]

    def rank(item: tuple[str, Mapping[str, Any]]) -> tuple:
        _, card = item
        return card[by.setting], card["scores"].get(first, {}).get("psnr", 0)

    cells = []
    for name, card in sorted(cards.items(), key=rank):
        figures = _own_figures(card)
        scores = card["scores"].get(first, {})
        same = (row for row in by.published(card, published) if card["model"] in by.names(row[0], card))
        _, theirs = next(same, (None, {}))
        cells.append(
            [
                f"[{name}](hub_modules/{name}/{_README[language]})",
                _sized(card),
                *(_cell(figures.get(key)) for key in sets),
                _cell([scores[f"{before}_psnr"], scores[f"{before}_ssim"]] if scores else None),
                _cell(theirs.get(first)),
            ]
        )
    return _table(headings, cells)


def exercise_table(exercises: Mapping[str, Mapping[str, Any]], language: str = "en") -> str:
    """A Markdown table of the classifiers that were trained as exercises, by data set, best last; nothing without any.

    Args:
        exercises: docs/exercises.json: for each run {"model", "parameters", "data", "accuracy", "steps", "hours", "config"}.
        language: "en" or "zh".
    """
    if not exercises:
        return ""
    rows = sorted(exercises.items(), key=lambda item: (item[1]["data"], item[1]["accuracy"]))
    cells = [
        [
            row["data"],
            f"[{name}]({row['config']})" if row.get("config") else name,
            f"{row['model']} ({short_number(row['parameters'])})",
            f"{100 * row['accuracy']:.2f} %",
            str(row["steps"]),
            f"{row['hours']:.2f}",
        ]
        for name, row in rows
    ]
    return _table(_EXERCISES[language], cells)


def _measured_by(card: Mapping[str, Any]) -> type[PictureEvaluation]:
    """The evaluation that the scores of a card are of: cards say what their tables are grouped by."""
    kinds = (kind for kind in evaluations().values() if issubclass(kind, PictureEvaluation))
    return next(kind for kind in kinds if card.get(kind.setting) is not None)


def _own_figures(card: Mapping[str, Any]) -> dict[str, list]:
    return {key: [scores["psnr"], scores["ssim"]] for key, scores in card["scores"].items()}


def _sized(card: Mapping[str, Any]) -> str:
    return f"{card['model']} ({card['parameters'] / 1e3:.0f}K)"


def _cell(figures: Optional[Sequence[Optional[float]]]) -> str:
    if not figures:
        return "-"
    psnr, ssim = figures
    return f"{psnr:.2f} / {ssim:.4f}" if ssim else f"{psnr:.2f}"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(("|" + "|".join(line) + "|") if line[0] == "---" else f"| {' | '.join(line)} |" for line in lines)


def card_table(card: Mapping[str, Any], language: str = "en") -> str:
    """A Markdown table of how a module's weights were made; what a card does not say is left out."""
    title = {"en": "weights of this module", "zh": "本模块的权重"}[language]
    lines = [f"| {title} | |", "|---|---|"]
    for key, heading in _CARD[language].items():
        value = card.get(key)
        if isinstance(value, dict):
            value = [f"{name}: {json.dumps(part, ensure_ascii=False)}" for name, part in value.items()]
        if value not in (None, "", []):
            lines.append(f"| {heading} | {', '.join(value) if isinstance(value, list) else value} |")
    for name, scores in card["scores"].items():
        for key, score in known_scores().items():
            if score.heading and key in scores:
                lines.append(f"| {score.heading[language].format(name)} | {score.text(scores[key])} |")
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
