"""What README and the documents say of one another: links, translations, and lines that can follow one another."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.fences import fences, without_comments

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
#: Documents that the README links and that exist in Chinese as well.
CHINESE = (
    "README",
    "docs/modules",
    "docs/paddlehub",
    "docs/prediction",
    "docs/scores",
    "docs/cutout",
    "docs/serving",
    "docs/training",
)


def outside_fences(text: str) -> str:
    return re.sub(r"^( *)```.*?^\1```$", "", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", outside_fences(path.read_text(encoding="utf-8"))):
        if "://" not in target and not target.startswith("#"):
            assert (path.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("name", CHINESE)
def test_translations_link_each_other(name):
    english, chinese = ROOT / f"{name}.md", ROOT / f"{name}.zh-CN.md"
    assert f"]({chinese.name})" in english.read_text(encoding="utf-8").split("\n## ")[0]
    assert f"]({english.name})" in chinese.read_text(encoding="utf-8").split("\n## ")[0]
    # The same chapters, tables and pieces of code.
    shapes = [
        (text.count("\n## "), len(re.findall(r"^\|", text, re.MULTILINE)))
        for text in (outside_fences(path.read_text(encoding="utf-8")) for path in (english, chinese))
    ]
    assert shapes[0] == shapes[1] or name in (
        "docs/serving",
        "docs/paddlehub",
    )  # which leave a chapter to the English page
    if name == "README":
        assert len(fences(english.read_text(encoding="utf-8"))) > 5


def test_both_readmes_have_the_same_lines():
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md"))
    assert without_comments(english) == without_comments(chinese)
    assert re.findall(r"\]\((?!README)([^)]+)\)", english).count("docs/demo.jpg") == 1


def test_the_readmes_lines_do_not_collide():
    """A result would not be written over another: each network has a folder of its own."""
    lines = [
        line for _, content in fences((ROOT / "README.md").read_text(encoding="utf-8")) for line in content.splitlines()
    ]
    outputs = [match[1] for line in lines if (match := re.search(r"\bpredict\b.* -o (\S+)", line))]
    assert len(outputs) >= 3 and max(Counter(outputs).values()) == 1


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 180
