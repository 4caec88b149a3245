"""The notebooks of the course: both languages are made of one source, and hold what a run prints."""

import base64
import io
import json
import re
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[1] / "notebooks"
NAMES = sorted(path.stem for path in ROOT.glob("source/[0-9]*.py"))
FOLDERS = {"zh": ROOT, "en": ROOT / "en"}
#: All of `notebooks/` stays below this, so that a clone stays small.
MOST_BYTES = 6_000_000


def cells(name: str, language: str) -> list[dict]:
    return json.loads((FOLDERS[language] / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]


def code(name: str, language: str) -> list[dict]:
    return [cell for cell in cells(name, language) if cell["cell_type"] == "code"]


def text(cell: dict) -> str:
    return "".join(cell["source"])


def test_every_notebook_has_a_source():
    assert NAMES
    for folder in FOLDERS.values():
        assert sorted(path.stem for path in folder.glob("*.ipynb")) == NAMES


@pytest.mark.parametrize("language", FOLDERS)
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_what_its_source_says(name, language):
    pytest.importorskip("jupytext")
    from tools.maintain.notebooks import read, translation

    made = translation(read(name), language).cells
    kept = cells(name, language)
    assert [(cell.cell_type, cell.source) for cell in made] == [(cell["cell_type"], text(cell)) for cell in kept]


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_have_the_same_code_and_outputs(name):
    assert code(name, "zh") == code(name, "en")
    kinds = [[cell["cell_type"] for cell in cells(name, language)] for language in FOLDERS]
    assert kinds[0] == kinds[1]
    for language, is_language in (("zh", True), ("en", False)):
        texts = [text(cell) for cell in cells(name, language) if cell["cell_type"] == "markdown"]
        assert all(bool(re.search(r"[\u4e00-\u9fff]", one)) == is_language for one in texts)


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_begins_with_the_library_and_ends_with_solutions(name):
    assert "pip" in text(code(name, "zh")[0])
    for language in FOLDERS:
        last = text(cells(name, language)[-1])
        assert last.startswith("## ") and last.count("<details>") == last.count("</details>") == 1


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_complete_and_say_nothing_of_the_machine(name):
    for number, cell in enumerate(code(name, "zh"), 1):
        assert cell["execution_count"] == number
        for output in cell["outputs"]:
            assert output["output_type"] != "error" and output.get("name") != "stderr"
            said = json.dumps(
                {key: value for key, value in output.get("data", {}).items() if not key.startswith("image/")}
            )
            said = re.sub(r"base64,[\w+/=]+", "", said) + "".join(output.get("text", ""))
            assert not re.search(r"/root|/home|/tmp|/Users|site-packages|Warning|Traceback| at 0x", said)
    pictures = [
        base64.b64decode("".join(content))
        for cell in code(name, "zh")
        for output in cell["outputs"]
        for kind, content in output.get("data", {}).items()
        if kind.startswith("image/")
    ]
    assert all(max(Image.open(io.BytesIO(picture)).size) <= 1000 for picture in pictures)


def test_they_are_small():
    assert sum(path.stat().st_size for path in ROOT.rglob("*") if path.is_file()) < MOST_BYTES


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_and_prints_the_numbers_that_it_holds(name):
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("jupytext")
    pytest.importorskip("nbclient")
    from tools.maintain.notebooks import differences, execute, path_of, read

    notebook = read(name)
    execute(notebook, scale=0.1)
    assert not differences(notebook, nbformat.read(path_of(name, "zh"), as_version=4))
