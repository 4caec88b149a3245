"""Private names of Paddle: which are there, and that nobody uses others."""

import ctypes
import re
import sys
from pathlib import Path

import paddle
import pytest

from paddle_cv import private

PACKAGE = Path(private.__file__).parent
HERE = PACKAGE / "private.py"


def test_this_release_has_all_of_them():
    assert private.missing() == []


def test_one_that_went_away_is_named(monkeypatch):
    monkeypatch.delattr(paddle._C_ops, "affine_channel")
    assert private.missing() == ["paddle._C_ops.affine_channel"]
    monkeypatch.setattr(private, "_CONV2D", ("_stride", "_strode"))
    assert private.missing() == ["paddle._C_ops.affine_channel", "paddle.nn.Conv2D._strode"]


def test_they_do_what_is_expected_of_them():
    x = paddle.rand([2, 3, 4, 5])
    scale, bias = paddle.to_tensor([1.0, 2.0, 3.0]), paddle.to_tensor([0.5, 0.0, -0.5])
    expected = x * scale.reshape([1, 3, 1, 1]) + bias.reshape([1, 3, 1, 1])
    assert paddle.allclose(private.affine_channel(x, scale, bias), expected)
    before = private.allocated_bytes()
    kept = paddle.zeros([1024, 256])
    assert private.allocated_bytes() - before == pytest.approx(kept.size * 4, rel=0.01)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows' build shows no variable")
def test_notes_can_be_hidden_late():
    variable = ctypes.c_int.in_dll(private._library(), private._LOG_LEVEL)
    before = variable.value
    try:
        assert private.hide_notes(3) and variable.value == 3
    finally:
        variable.value = before


def test_nobody_uses_others():
    # `_C_ops`, `paddle.base`, `paddle.framework` and whatever begins with an underscore below paddle.
    used = re.compile(r"\b_C_ops\b|\bpaddle\.(base|framework|pir|fluid)\b|\bpaddle(\.\w+)*\._(?!_)\w+")
    found = [
        f"{path.relative_to(PACKAGE)}:{number}"
        for path in PACKAGE.rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if used.search(line) and path != HERE
    ]
    assert found == []


def test_all_settings_of_convolutions_that_are_read_are_listed():
    read = {
        name
        for path in PACKAGE.rglob("*.py")
        for name in re.findall(r"\bconv\.(_\w+)", path.read_text(encoding="utf-8"))
    }
    assert read <= set(private._CONV2D)
