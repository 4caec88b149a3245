#!/usr/bin/env python
"""Writes docs/networks.md: every network with its paper, costs, shipped weights and published scores."""

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tqdm import tqdm  # noqa: E402

import paddle_cv as pcv  # noqa: E402
from paddle_cv.analysis import cost_table, fill_marked  # noqa: E402

PAGE = ROOT / "docs" / "networks.md"
HEADINGS = ("name", "parameters", "MACs", "reference", "weights", "published Set5 PSNR / SSIM")


def published_score(rows: list[dict], spec: pcv.ModelSpec) -> str:
    for row in rows:
        if spec.scale and spec.name == f"{row['model']}_x{spec.scale}" and f"x{spec.scale}" in row:
            psnr, ssim = row[f"x{spec.scale}"]["Set5"]
            return f"{psnr:.2f} / {ssim:.4f}"
    return ""


def count(number: int) -> str:
    return f"{number / 1e6:.2f} M" if number >= 1e6 else f"{number / 1e3:.1f} K"


def row_of(name: str, published: list[dict]) -> str:
    spec = pcv.model_spec(name)
    costs = cost_table(name)
    reference = f"`{spec.reference}`" if spec.reference else ("paper only" if costs.parameters else "its definition")
    shipped = f"`{spec.hub_module}`" if spec.hub_module else ""
    cells = (
        f"`{name}`",
        count(costs.parameters),
        f"{costs.macs_per_output / 1e9:.1f} G",
        reference,
        shipped,
        published_score(published, spec),
    )
    return f"| {' | '.join(cells)} |"


def main() -> int:
    argparse.ArgumentParser(description=__doc__).parse_args()
    published = json.loads((ROOT / "docs" / "published.json").read_text())["rows"]
    families: dict[str, list[str]] = {}
    for task in ("super_resolution", "denoising"):
        for name in pcv.list_models(task=task):
            families.setdefault(pcv.model_spec(name).paper, []).append(name)
    lines = []
    for paper, names in tqdm(families.items(), unit="paper"):
        lines += [f"### {paper or 'Interpolation'}", "", f"| {' | '.join(HEADINGS)} |", "|---" * len(HEADINGS) + "|"]
        lines += [row_of(name, published) for name in names]
        lines.append("")
    PAGE.write_text(fill_marked(PAGE.read_text(encoding="utf-8"), "networks", "\n".join(lines)), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
