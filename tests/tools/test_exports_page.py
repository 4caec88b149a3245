"""docs/exports.md: that it is up to date, and what is tried for it."""

import json

import pytest

import paddle_cv as pcv
from paddle_cv.engines.export import LIMITS
from tools.maintain import exports_page


def test_the_page_is_what_the_results_say():
    results = json.loads(exports_page.RESULTS.read_text(encoding="utf-8"))
    text = exports_page.PAGE.read_text(encoding="utf-8")
    assert exports_page.page(results) == text, "python tools/maintain/exports_page.py"
    tried = {pcv.model_spec(name).network.__name__ for name in exports_page.tried_names()}
    assert all(f"| `{name}` |" in text for name in tried) and "RDN" in tried
    assert set(results["networks"]) <= set(pcv.list_models())
    for name, outcome in results["networks"].items():
        limited = pcv.model_spec(name).network.__name__ in LIMITS
        assert all(outcome[form].get("any_size") for form in ("paddle", "onnx")) != limited, name


def test_every_name_is_of_one_kind():
    kinds = exports_page.kinds()
    assert sorted(name for names in kinds for name in names) == exports_page.tried_names()
    first = {name: names[0] for names in kinds for name in names}
    assert first["rdn_b_x4"] == first["rdn_a_x2"] and first["ircnn_gray_s50"] == first["ircnn_gray_s2"]
    assert len({first[name] for name in ("resnet50", "resnet18", "resnext50_32x4d", "seresnet50", "resnet50d")}) == 5
    assert first["resnet152"] == "resnet50"


def test_names_to_try():
    missing = exports_page.wanted_names([], ["rdn_b_x4", "lenet"])
    assert "rdn_a_x2" not in missing and "lenet" not in missing and "rdn_lite_x2" in missing
    assert exports_page.wanted_names(["lenet", "fsrcnn_x*"], []) == ["lenet", "fsrcnn_x2", "fsrcnn_x3", "fsrcnn_x4"]
    with pytest.raises(KeyError, match="did you mean"):
        exports_page.wanted_names(["rdn_y4"], [])


def test_what_fails_is_told_below_the_table():
    good = {"any_size": True, "difference": 1e-6}
    tried = {
        "rdn_lite_x2": {"versions": "a 1", "paddle": good, "onnx": {"error": "no such operator"}},
        "rdn_lite_x3": {"versions": "a 1", "paddle": good, "onnx": good},
    }
    text = exports_page.networks_table(tried)
    assert "| `RDN` | 9 | `rdn_lite_x2`, `rdn_lite_x3` | yes | some | any size | 1.0e-06 |" in text
    assert "- `rdn_lite_x2` to onnx: no such operator." in text and "| `VDSR` | 6 | not yet |" in text
    row = {"model": "m_x2", "size": 0.25, "psnr": [30.0, 29.75]}
    assert "| m (m_x2) | 25 % | 30.00 dB | 29.75 dB | 0.25 dB | not measured |" in exports_page.int8_table({"m": row})
