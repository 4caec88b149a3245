"""Takes the program out of a document: `python fences.py README.md FOLDER` writes FOLDER/program.sh.

Fences marked ```bash are run as they stand, in order, in one shell; those marked ```python as scripts, at their place among them;
others (```console, ```text ...) are not run.
"""

import re
import sys
from pathlib import Path

FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def fences(text: str) -> list[tuple[str, str]]:
    """Language and content of each fence that is run."""
    found = []
    for indent, language, content in FENCE.findall(text):
        if language in ("bash", "python"):
            found.append((language, re.sub(rf"^{indent}", "", content, flags=re.MULTILINE)))
    return found


def without_comments(text: str) -> list[tuple[str, str]]:
    """The fences without what translations of a document may say otherwise."""
    stripped = []
    for language, content in fences(text):
        lines = [re.sub(r"(^|\s)#\s.*$", "", line).rstrip() for line in content.splitlines()]
        stripped.append((language, "\n".join(filter(None, lines))))
    return stripped


def program(text: str, folder: Path) -> str:
    """A shell script of all fences; Python's are written into the folder. It says which one it is at, and how long each took."""
    lines = ["set -eo pipefail", "trap 'echo \"stranger: failed in: $BASH_COMMAND\" >&2' ERR"]
    for number, (language, content) in enumerate(fences(text), 1):
        head = content.strip().splitlines()[0]
        lines.append(f"echo {_quoted(f'stranger: fence {number} ({language}): {head}')}; SECONDS=0")
        if language == "python":
            script = folder / f"fence_{number}.py"
            script.write_text(content, encoding="utf-8")
            content = f"python {_quoted(str(script))}\n"
        lines.append(content + f'echo "stranger: fence {number} took $SECONDS s"')
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


if __name__ == "__main__":
    document, target = map(Path, sys.argv[1:])
    (target / "program.sh").write_text(program(document.read_text(encoding="utf-8"), target), encoding="utf-8")
    print(len(fences(document.read_text(encoding="utf-8"))))
