"""What the README says, done as it says it."""

import subprocess
import sys

import pytest

from .. import fences


def test_what_is_taken_out(tmp_path):
    text = (
        "```bash\nmake demo\nsource x  # go\n```\ntext\n```console\n$ never\n```\n- item\n  ```python\n  print('a')\n  ```\n"
        "```\nnor this\n```\n"
    )
    assert fences.fences(text) == [("bash", "make demo\nsource x  # go\n"), ("python", "print('a')\n")]
    script = fences.program(text, tmp_path)
    assert script.index("make demo") < script.index("source x") < script.index("fence_2.py")
    assert (
        (tmp_path / "fence_2.py").read_text() == "print('a')\n" and "never" not in script and "nor this" not in script
    )
    chinese = text.replace("# go", "# 走")
    assert fences.without_comments(chinese) == fences.without_comments(text)
    assert fences.without_comments(chinese.replace("demo", "test")) != fences.without_comments(text)


def test_both_languages_type_the_same(root):
    english, chinese = ((root / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md"))
    assert fences.without_comments(english) == fences.without_comments(chinese)


@pytest.mark.bare
def test_a_stranger_gets_through_the_readme(root):
    # One of them: the other has the same lines.
    done = subprocess.run([root / "tests" / "stranger.sh", "README.md"], stdout=sys.stdout, stderr=subprocess.STDOUT)
    assert done.returncode == 0
