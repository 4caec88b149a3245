#!/usr/bin/env python
"""Writes the table of docs/install.md: for which systems the packages that this project asks for have wheels.

    python tools/maintain/wheels_table.py [--python 3.12]

Asks pip, which asks the package index, for each extra and each system; nothing is installed. Only the packages that pyproject.toml
and setup.py name are looked at, not those that they need in turn.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

from packaging.requirements import Requirement

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from paddle_cv.analysis import fill_marked  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
SYSTEMS = {
    "Windows, x86-64": ["win_amd64"],
    "macOS, Apple silicon": [f"macosx_{major}_0_arm64" for major in range(11, 16)] + ["macosx_10_9_universal2"],
    "macOS, Intel": ["macosx_10_9_x86_64", "macosx_10_9_universal2"] + [f"macosx_{n}_0_x86_64" for n in range(11, 16)],
    "Linux, ARM": [f"manylinux_2_{minor}_aarch64" for minor in (17, 26, 27, 28, 31, 34)] + ["manylinux2014_aarch64"],
}


def requirements() -> dict[str, list[Requirement]]:
    """What each extra of the installed distribution asks for, the core under ""."""
    found: dict[str, list[Requirement]] = {"": []}
    for line in importlib.metadata.requires("paddle-cv") or []:
        requirement = Requirement(line)
        extra = re.search(r'extra == "([^"]+)"', line)
        found.setdefault(extra[1] if extra else "", []).append(requirement)
    return found


def without_wheels(wanted: list[Requirement], tags: list[str], python: str) -> list[str]:
    """Names of the packages that have no wheel for a system."""
    texts = []
    for requirement in wanted:
        environment = {
            "python_version": python,
            "extra": (re.findall(r'extra == "([^"]+)"', str(requirement)) or [""])[0],
        }
        if requirement.marker is None or requirement.marker.evaluate(environment):
            texts.append(f"{requirement.name}{requirement.specifier}")
    texts = [text for text in texts if not text.startswith("paddle-cv")]
    if has_wheels(texts, tags, python):
        return []
    return [Requirement(text).name for text in texts if not has_wheels([text], tags, python)]


def has_wheels(texts: list[str], tags: list[str], python: str) -> bool:
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--implementation", "cp", "--python-version", python, "--target", "/nonexistent"]
    for tag in tags:
        command += ["--platform", tag]
    return subprocess.run([*command, *texts], capture_output=True).returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default="3.12", help="release of Python (%(default)s)")
    arguments = parser.parse_args()
    lines = [f"| install | {' | '.join(SYSTEMS)} |", f"|---|{'---|' * len(SYSTEMS)}"]
    for extra, wanted in requirements().items():
        if extra == "dev":
            continue
        cells = []
        for tags in SYSTEMS.values():
            missing = without_wheels(wanted, tags, arguments.python)
            cells.append(f"not {', '.join(missing)}" if missing else "yes")
        lines.append(f"| `.[{extra}]` | {' | '.join(cells)} |" if extra else f"| `.` | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    text = "\n".join(lines) + f"\n\nPython {arguments.python}, {datetime.date.today()}."
    page = ROOT / "docs" / "install.md"
    page.write_text(fill_marked(page.read_text(encoding="utf-8"), "wheels", text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
