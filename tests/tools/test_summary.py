"""tools/summary.py."""

import sys

import pytest

from paddle_cv.analysis import cost_table, format_cost_table
from paddle_cv.cli import summary


def _run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["summary.py", *arguments])
    return summary.main()


def test_prints_the_table(monkeypatch, capsys):
    assert _run(monkeypatch, "rdn_lite_x4", "--input", "320x160") == 0
    assert capsys.readouterr().out == format_cost_table(cost_table("rdn_lite_x4", 320, 160)) + "\n"


def test_classifiers_side_by_side(monkeypatch, capsys):
    assert _run(monkeypatch, "squeezenet1_0", "lenet", "--course") == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["squeezenet1_0", "lenet"]
    # LeNet by hand: 6 x 5 x 5 weights at 28 x 28 pixels, 16 x 6 x 5 x 5 at 10 x 10, 400 x 120, 120 x 84, 84 x 10.
    assert {tuple(line[:-4]): line[-2:] for line in lines[2:-1]} == {
        ("conv1",): ["150", "118K"],
        ("conv2",): ["2.40K", "240K"],
        ("conv3-26",): ["-", "-"],
        ("dense1",): ["48.0K", "48.0K"],
        ("dense2",): ["10.1K", "10.1K"],
        ("output",): ["840", "840"],
        ("all", "but", "output"): ["60.6K", "416K"],
        ("total",): ["61.5K", "417K"],
    }
    assert lines[-1] == ["all", "parameters", "1,248,424", "61,706"]


def test_a_classifier_has_its_own_size(monkeypatch, capsys):
    assert cost_table("squeezenet1_0").input_shape == (1, 3, 224, 224)
    assert _run(monkeypatch, "lenet", "rdn_lite_x4", "--input", "32x32") == 0
    output = capsys.readouterr().out
    assert "lenet, input 1x1x32x32" in output and "rdn_lite_x4, input 1x3x8x8" in output


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
