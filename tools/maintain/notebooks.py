"""Makes the notebooks of the course: one source each, in Chinese and in English, with the outputs of a run.

    python tools/maintain/notebooks.py                        # all of them, into notebooks/
    python tools/maintain/notebooks.py 04_super_resolution --scale 0.1 -o build/notebooks

A source, `notebooks/source/<name>.py`, is jupytext's percent format. Its texts are marked `lang="zh"` or `lang="en"`, its code
is shared, and an empty cell marked `from="setup"` stands for `setup.py`. Cells marked `check=<relative tolerance>` print numbers
that do not depend on how long it trains: they are compared with those that stand in the notebook. It runs once, in an empty
folder, without data and without the settings of whoever runs it; both languages get what it printed and drew.
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from PIL import Image

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
#: Where the notebooks of a language lie, below the folder.
LANGUAGES = {"zh": "", "en": "en"}
#: Of a picture in a notebook: longest side in pixels, and of JPEG the quality.
_SIDE, _QUALITY = 1000, 85
#: Where a line of Chinese goes on in the next one, which Markdown would show as a space.
_BREAK = re.compile(r"(?<=[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef])\n *(?!- |\* |\d+\. |```)(?=[\w*`（“])")
_HIDDEN = ("PADDLE_CV_", "HUB_", "FLAGS_", "GLOG_")


def names() -> list[str]:
    """Of all notebooks."""
    return sorted(path.stem for path in FOLDER.glob("source/[0-9]*.py"))


def read(name: str) -> NotebookNode:
    """The source of a notebook, with the texts of all languages and without outputs."""
    notebook = jupytext.read(FOLDER / "source" / f"{name}.py", fmt="py:percent")
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{name}-{number}"
        if "from" in cell.metadata:
            cell.source = (FOLDER / "source" / f"{cell.metadata['from']}.py").read_text(encoding="utf-8").strip()
    return notebook


def translation(notebook: NotebookNode, language: str) -> NotebookNode:
    """The notebook with the texts of one language."""
    kept = [NotebookNode(cell) for cell in notebook.cells if cell.metadata.get("lang", language) == language]
    for cell in kept:
        if cell.metadata.get("lang") == "zh":
            cell.source = _BREAK.sub(lambda found: " " * found.string[found.end()].isascii(), cell.source)
    return NotebookNode({**notebook, "cells": kept})


def path_of(name: str, language: str, folder: Path = FOLDER) -> Path:
    return folder / LANGUAGES[language] / f"{name}.ipynb"


def take_outputs(notebook: NotebookNode, kept: NotebookNode) -> None:
    """Gives the cells the outputs of an earlier run of the same code.

    Raises:
        ValueError: The code is another one.
    """
    before = [cell for cell in kept.cells if cell.cell_type == "code"]
    now = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if [cell.source for cell in before] != [cell.source for cell in now]:
        raise ValueError("the code has changed: it has to run")
    for cell, old in zip(now, before):
        cell.outputs, cell.execution_count = old.outputs, old.execution_count


def execute(notebook: NotebookNode, scale: float) -> None:
    """Runs all cells and gives them their outputs.

    Raises:
        RuntimeError: A cell failed, or wrote a warning.
    """
    with tempfile.TemporaryDirectory() as work:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(_HIDDEN)}
        settings = {
            "PADDLE_CV_NOTEBOOK_SCALE": str(scale),
            "HUB_HOME": f"{work}/hub",
            "PADDLE_CV_CACHE": f"{work}/cache",
        }
        client = NotebookClient(
            notebook, timeout=1200, kernel_name="python3", resources={"metadata": {"path": work}}, record_timing=False
        )
        client.execute(env={**kept, **settings}, cleanup_kc=True)
        notebook.metadata["language_info"] = {"name": "python"}  # without the interpreter's version
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs = list(_cleaned(cell.outputs, work))
                errors = [output.text for output in cell.outputs if output.get("name") == "stderr"]
                if errors:
                    raise RuntimeError(f"{cell.id} wrote a warning: {errors[0]}")


def _cleaned(outputs: list[NotebookNode], work: str) -> Iterator[NotebookNode]:
    """Without addresses, without the folder of the run, and with small pictures; what streams printed bit by bit in one piece."""
    before = None
    for output in outputs:
        if output.output_type == "stream":
            output.text = re.sub(r"[^\n]*\r(?!\n)", "", output.text.replace(f"{work}/", ""))
            if before is not None and before.get("name") == output.name:
                before.text += output.text
                continue
        else:
            output.data = NotebookNode(_small(output.data))
        before = output
        yield output


def _small(data: dict[str, Any]) -> dict[str, Any]:
    data = dict(data)
    picture = data.pop("image/png", None)
    if picture is not None:
        data.pop("image/jpeg", None)
        kind, content = _smaller(picture)
        data[kind] = content
    if "text/html" in data:
        data["text/html"] = re.sub(
            r"data:image/png;base64,([\w+/=]+)",
            lambda match: "data:{};base64,{}".format(*_smaller(match[1])),
            data["text/html"],
        )
    if "text/plain" in data:
        data["text/plain"] = re.sub(r" at 0x[0-9A-Fa-f]+", "", data["text/plain"])
    return data


def _smaller(png: str) -> tuple[str, str]:
    """A picture as PNG or as JPEG, whichever is smaller: its type, and it in base64."""
    image = Image.open(io.BytesIO(base64.b64decode(png)))
    image.thumbnail((_SIDE, _SIDE))
    packed = {}
    for kind, mode, options in (("PNG", image.mode, {"optimize": True}), ("JPEG", "RGB", {"quality": _QUALITY})):
        buffer = io.BytesIO()
        image.convert(mode).save(buffer, kind, **options)
        packed[f"image/{kind.lower()}"] = buffer.getvalue()
    kind = min(packed, key=lambda key: len(packed[key]))
    return kind, base64.b64encode(packed[kind]).decode("ascii")


def differences(fresh: NotebookNode, kept: NotebookNode) -> list[str]:
    """Where the cells marked `check=<tolerance>` print other numbers than before; those do not depend on the scale."""
    found = []
    before = {cell["id"]: cell for cell in kept.cells}
    for cell in fresh.cells:
        tolerance = cell.metadata.get("check")
        if tolerance is None:
            continue
        new, old = _numbers(cell), _numbers(before[cell.id])
        if not new:
            found.append(f"{cell.id} prints no numbers to check")
        if len(new) != len(old) or any(abs(a - b) > tolerance * max(abs(b), 1e-9) for a, b in zip(new, old)):
            found.append(f"{cell.id} printed {old} and prints {new}")
    return found


def _numbers(cell: NotebookNode) -> list[float]:
    texts = (output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs)
    joined = re.sub(r"(?<=\d),(?=\d{3})", "", "\n".join(texts))
    return [float(number) for number in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w])", joined)]


def write(notebook: NotebookNode, name: str, folder: Path) -> None:
    """Both languages of an executed notebook."""
    for language in LANGUAGES:
        path = path_of(name, language, folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = nbformat.writes(translation(notebook, language), indent=1, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="which ones (all)")
    parser.add_argument("--scale", type=float, default=1.0, help="how long they train: 0.1 is a tenth of the time")
    parser.add_argument("--texts", action="store_true", help="texts only: the outputs stay those of an earlier run")
    parser.add_argument("-o", "--output", type=Path, default=FOLDER, help="folder of the notebooks")
    arguments = parser.parse_args()
    changed = 0
    for name in arguments.names or names():
        notebook = read(name)
        path = path_of(name, "zh")
        before = nbformat.read(path, as_version=4) if path.is_file() else None
        if arguments.texts:
            take_outputs(notebook, before)
        else:
            execute(notebook, arguments.scale)
        complaints = differences(notebook, before) if before else []
        print(name, *complaints, sep="\n  ", flush=True)
        changed += bool(complaints)
        write(notebook, name, arguments.output)
    return int(changed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
