import hashlib
import json

import pytest

import paddle_cv as pcv
from paddle_cv.analysis import card_table, exercise_table, fill_marked, read_card, score_table, shipped_table
from tools.maintain.ship import marked_documents


def test_documents_have_the_tables_of_the_cards():
    documents = marked_documents()
    assert len(documents) == 2
    for path, text in documents.items():
        assert path.read_text(encoding="utf-8") == text, f"run python tools/maintain/ship.py: {path} is stale"


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


def test_published_rows_say_how_the_grey_picture_was_measured(root):
    rows = json.loads((root / "docs" / "published.json").read_text())["rows"]
    said = {row["model"]: row["bridge"] for row in rows if "Set14" in str(row)}
    assert set(said.values()) == {"one channel", "three channels", "unknown"}
    assert said["bicubic"] == "one channel" and said["imdn"] == said["carn"] == "three channels"


def test_table_of_all_modules(root):
    published = json.loads((root / "docs" / "published.json").read_text())
    set5 = {"psnr": 33.0, "ssim": 0.91, "bicubic_psnr": 30.4, "bicubic_ssim": 0.868}
    cards = {
        "four": {"model": "own_x4", "scale": 4, "parameters": 5000, "scores": {"Set14": {**set5, "psnr": 27.0}}},
        "three": {"model": "srcnn_955_x3", "scale": 3, "parameters": 57281, "scores": {"Set5": set5}},
    }
    assert shipped_table(cards, published).splitlines() == [
        "| module | network (parameters) | Set14 PSNR / SSIM | Set5 PSNR / SSIM | bicubic, Set14 | the paper's, Set14 |",
        "|---|---|---|---|---|---|",
        "| [three](hub_modules/three/README.md) | srcnn_955_x3 (57K) | - | 33.00 / 0.9100 | - | 29.29 |",
        "| [four](hub_modules/four/README.md) | own_x4 (5K) | 27.00 / 0.9100 | - | 30.40 / 0.8680 | - |",
    ]
    del cards["four"]
    assert "| 30.40 / 0.8680 | 32.75 / 0.9090 |" in shipped_table(cards, published, "zh")
    assert shipped_table({}, published) == ""


def test_tables_of_denoisers(root):
    published = json.loads((root / "docs" / "published.json").read_text())
    scores = {"psnr": 30.4, "ssim": 0.85, "noisy_psnr": 20.2, "noisy_ssim": 0.4}
    card = {"model": "dncnn_gray_s25", "scale": None, "noise_level": 25, "parameters": 556000}
    card["scores"] = {"Set12": scores}
    heading, _, row = shipped_table({"dncnn": card}, published).splitlines()
    assert heading.endswith("| noisy, Set12 | the paper's, Set12 |")
    assert row.endswith("| 30.40 / 0.8500 | 20.20 / 0.4000 | 30.44 |")
    labels = [line.split(" |")[0] for line in score_table(card, published).splitlines()[2:]]
    assert labels == ["| IRCNN", "| **dncnn_gray_s25 (556K), this module**", "| DnCNN"]


def test_table_of_exercises():
    row = {"model": "lenet", "parameters": 61706, "data": "mnist", "accuracy": 0.99, "steps": 9, "hours": 0.5}
    runs = {"a": {**row, "config": "configs/a.yaml"}, "b": {**row, "accuracy": 0.98}, "c": {**row, "data": "ants"}}
    assert exercise_table(runs).splitlines()[2:] == [
        "| ants | c | lenet (61.7K) | 99.00 % | 9 | 0.50 |",
        "| mnist | b | lenet (61.7K) | 98.00 % | 9 | 0.50 |",
        "| mnist | [a](configs/a.yaml) | lenet (61.7K) | 99.00 % | 9 | 0.50 |",
    ]
    assert exercise_table({}, "zh") == ""


def test_a_card_may_say_little():
    assert card_table({"model": "a", "note": "", "steps": 3, "scores": {}}).splitlines()[2:] == [
        "| network | a |",
        "| steps | 3 |",
    ]


def test_marks():
    assert fill_marked("a<!-- x -->old<!-- end of x -->b", "x", "new") == "a<!-- x -->\nnew\n<!-- end of x -->b"
    with pytest.raises(ValueError, match="end of y"):
        fill_marked("", "y", "new")


def test_every_network_stands_in_the_table(root):
    text = (root / "docs" / "networks.md").read_text(encoding="utf-8")
    for task in ("super_resolution", "denoising"):
        for name in pcv.list_models(task=task):
            assert f"| `{name}` |" in text, "run python tools/maintain/zoo_table.py"
