#!/usr/bin/env python
"""Writes the table of docs/data.md from the data sets that `paddle-cv data` knows."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from paddle_cv.analysis import fill_marked  # noqa: E402
from paddle_cv.cli.data import size  # noqa: E402
from paddle_cv.data.sources import DATA_SETS  # noqa: E402

PAGE = Path(__file__).resolve().parents[2] / "docs" / "data.md"


def table() -> str:
    """Name, contents, size, folder, terms and source of each."""
    lines = ["| name | what | download | folder | terms | from |", "|---|---|---|---|---|---|"]
    for data_set in DATA_SETS.values():
        hosts = dict.fromkeys(file.urls[0].split("/")[2] for file in data_set.files)
        folders = ", ".join(f"`{folder}`" for folder in data_set.holds)
        cells = [f"`{data_set.name}`", data_set.about, size(data_set.bytes), folders, data_set.terms, ", ".join(hosts)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    PAGE.write_text(fill_marked(PAGE.read_text(encoding="utf-8"), "data sets", table()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
