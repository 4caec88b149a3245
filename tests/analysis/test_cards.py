import hashlib
import json

import pytest

import paddle_cv as pcv
from paddle_cv.analysis import fill_marked, read_card, score_table
from tools.ship import marked_documents


def test_documents_have_the_tables_of_the_cards():
    documents = marked_documents()
    assert len(documents) >= 4
    for path, text in documents.items():
        assert path.read_text(encoding="utf-8") == text, f"run python tools/ship.py: {path} is stale"


@pytest.mark.parametrize("name", [name for name in pcv.list_models() if pcv.model_spec(name).hub_module])
def test_card_is_of_the_shipped_weights(name, root):
    module = root / "hub_modules" / pcv.model_spec(name).hub_module
    card = read_card(module)
    weights = (module / f"{name}.pdparams").read_bytes()
    assert card["model"] == name and card["sha256"] == hashlib.sha256(weights).hexdigest()
    assert (root / card["config"]).is_file()


def test_score_table_is_sorted(root):
    card = {"model": "own", "scale": 4, "parameters": 1234, "scores": {"Set5": {"psnr": 31.0, "ssim": 0.9}}}
    published = json.loads((root / "docs" / "published.json").read_text())
    lines = score_table(card, published).splitlines()
    assert lines[0] == "| network (parameters) | Set5 PSNR / SSIM |"
    place = next(number for number, line in enumerate(lines) if "own" in line)
    assert "1K" in lines[place] and "31.00 / 0.9000" in lines[place]
    assert "FSRCNN" in lines[place - 1] and "VDSR" in lines[place + 1]


def test_marks():
    assert fill_marked("a<!-- x -->old<!-- end of x -->b", "x", "new") == "a<!-- x -->\nnew\n<!-- end of x -->b"
    with pytest.raises(ValueError, match="end of y"):
        fill_marked("", "y", "new")


def test_every_network_stands_in_the_table(root):
    text = (root / "docs" / "networks.md").read_text(encoding="utf-8")
    for task in ("super_resolution", "denoising"):
        for name in pcv.list_models(task=task):
            assert f"| `{name}` |" in text, "run python tools/zoo_table.py"
