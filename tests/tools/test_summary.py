"""tools/summary.py."""

import runpy
import sys
from pathlib import Path

import pytest

from paddle_cv.analysis import cost_table, format_cost_table

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "summary.py"


def _run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["summary.py", *arguments])
    return runpy.run_path(str(SCRIPT))["main"]()


def test_prints_the_table(monkeypatch, capsys):
    assert _run(monkeypatch, "rdn_lite_x4", "--input", "320x160") == 0
    assert capsys.readouterr().out == format_cost_table(cost_table("rdn_lite_x4", 320, 160)) + "\n"


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["rdn_lite_x5"], "did you mean"),
        (["rdn_lite_x4", "--input", "big"], "not a size"),
        (["rdn_lite_x4", "--input", "3x3"], "too few"),
    ],
)
def test_wrong_arguments(monkeypatch, capsys, arguments, message):
    with pytest.raises(SystemExit) as stopped:
        _run(monkeypatch, *arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err
