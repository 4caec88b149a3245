"""The notebooks of the course, in an environment that has only what they install, without data and without a network."""

import json

import pytest

pytestmark = pytest.mark.bare


def test_the_notebooks_run_and_print_the_numbers_that_they_hold(environment, wheel, source, root):
    bare = environment(f"{wheel}[notebook]")
    bare.variables["PYTHONPATH"] = str(root / "tests" / "offline")
    # Its exit status tells of numbers that are others than those in the notebooks.
    output, _ = bare("python", source / "tools" / "maintain" / "notebooks.py", "-o", bare.work / "made")
    kept = sorted(path.relative_to(source / "notebooks") for path in (source / "notebooks").rglob("*.ipynb"))
    assert kept == sorted(path.relative_to(bare.work / "made") for path in (bare.work / "made").rglob("*.ipynb"))
    for path in kept:
        assert path.stem in output
        fresh, old = (
            json.loads((folder / path).read_text("utf-8")) for folder in (bare.work / "made", source / "notebooks")
        )
        assert [cell["source"] for cell in fresh["cells"]] == [cell["source"] for cell in old["cells"]]
