#!/usr/bin/env python
"""Brings the tables of docs/complexity.md up to date: what classifiers cost, beside the figures of the course."""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from paddle_cv.analysis import cost_table, course_table, fill_marked  # noqa: E402

PAGE = ROOT / "docs" / "complexity.md"
#: Parameters and operations as the course has them; of the plain ResNets it has the operations only.
COURSE = {
    "resnet18": "1.8G",
    "resnet34": "3.6G",
    "resnet50": "3.8G; 25.5M and 4.1G beside ResNeXt",
    "resnet101": "7.6G",
    "resnet152": "11.3G",
    "resnext50_32x4d": "25.0M and 4.2G",
}


def totals() -> str:
    """A Markdown table of parameters and operations."""
    lines = ["| network | parameters | operations | the course |", "|---|---|---|---|"]
    for name, figures in COURSE.items():
        table = cost_table(name)
        lines.append(f"| `{name}` | {table.parameters / 1e6:.2f} M | {table.macs / 1e9:.2f} G | {figures} |")
    return "\n".join(lines)


def page() -> str:
    """The text that the page should have."""
    layers = course_table([cost_table("alexnet"), cost_table("lenet")])
    text = fill_marked(PAGE.read_text(encoding="utf-8"), "layers", f"```\n{layers}\n```")
    return fill_marked(text, "totals", totals())


def main() -> int:
    argparse.ArgumentParser(description=__doc__).parse_args()
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
