"""Test sets in folders, flat and tiny pictures, grey pictures among coloured ones."""

import json
import sys

import numpy as np
import pytest
from PIL import Image

from paddle_cv.analysis import evaluate, evaluate_denoising, mean_scores
from paddle_cv.cli import evaluate as program
from paddle_cv.data import imresize, super_resolution_pairs
from paddle_cv.inference import RestorationPredictor
from paddle_cv.metrics import mean_score, super_resolution_scores
from paddle_cv.models import build_model, model_spec


@pytest.fixture(scope="module")
def bicubic():
    return RestorationPredictor(build_model("bicubic_x2"), model_spec("bicubic_x2"), engine="dygraph")


@pytest.fixture
def scenes(tmp_path, photo):
    """0000.png of two scenes, large and small."""
    for scene, rows in (("calendar", 20), ("city", 120)):
        image = photo[rows : rows + 64, 100:164]
        for folder, pixels in (("HR", image), ("LR", imresize(image, 1 / 2))):
            (tmp_path / folder / scene).mkdir(parents=True)
            Image.fromarray(pixels).save(tmp_path / folder / scene / "0000.png")
    return tmp_path


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["evaluate", "bicubic_x2", "--engine", "dygraph", *map(str, arguments)])
    return program.main()


def test_pairs_lie_in_the_same_folders(scenes, bicubic, monkeypatch):
    both = {row["name"]: row["psnr"] for row in evaluate(bicubic, scenes / "HR", scenes / "LR")}
    assert list(both) == ["calendar/0000", "city/0000"]
    for scene in ("calendar", "city"):
        [alone] = evaluate(bicubic, scenes / "HR" / scene, scenes / "LR" / scene)
        assert alone["psnr"] == both[f"{scene}/0000"]
    run(monkeypatch, "--data", scenes / "HR", "--low", scenes / "LR", "--save", scenes / "saved")
    saved = sorted(path.relative_to(scenes / "saved").as_posix() for path in (scenes / "saved").rglob("*.png"))
    assert saved == ["HR/calendar/0000.png", "HR/city/0000.png"]
    (scenes / "LR" / "city" / "0000.png").rename(scenes / "LR" / "0000.png")
    with pytest.raises(FileNotFoundError, match="city/0000x2 nor city/0000"):
        list(super_resolution_pairs(scenes / "HR", 2, scenes / "LR"))


def test_sets_and_pictures_of_one_name_are_kept_apart(scenes, monkeypatch, photo):
    Image.fromarray(photo[:64, :64]).save(scenes / "HR" / "city" / "0000.bmp")
    for other in ("a", "b"):
        (scenes / other).mkdir()
        (scenes / "HR").rename(scenes / other / "HR") if other == "a" else (scenes / "b" / "HR").symlink_to(
            "../a/HR/city"
        )
    run(
        monkeypatch,
        "--data",
        scenes / "a" / "HR",
        scenes / "b" / "HR",
        "--save",
        scenes / "saved",
        "--json",
        scenes / "s.json",
    )
    sets = json.loads((scenes / "s.json").read_text())["sets"]
    assert len(list((scenes / "saved").rglob("*.png"))) == sum(len(one["images"]) for one in sets.values()) == 5
    assert len(sets) == 2


def test_a_flat_picture_spoils_no_mean(tmp_path, photo, bicubic, monkeypatch):
    Image.new("RGB", (96, 96)).save(tmp_path / "a.png")
    Image.fromarray(photo[:64, :64]).save(tmp_path / "b.png")
    rows = list(evaluate(bicubic, tmp_path))
    assert rows[0]["psnr"] == np.inf and mean_scores(rows)["psnr"] == rows[1]["psnr"]
    run(monkeypatch, "--data", tmp_path, "--json", tmp_path / "s.json")
    report = json.loads((tmp_path / "s.json").read_text(), parse_constant=pytest.fail)
    [scores] = report["sets"].values()
    assert scores["images"][0]["psnr"] is None and scores["mean"]["psnr"] == rows[1]["psnr"]
    assert mean_score([np.inf, np.inf]) == np.inf and np.isnan(mean_score([np.nan])) and np.isnan(mean_score([]))


@pytest.mark.parametrize("side", [1, 4])
def test_pictures_too_small_to_measure_are_named(tmp_path, photo, bicubic, side):
    Image.fromarray(photo[:64, :64]).save(tmp_path / "b.png")
    Image.new("RGB", (side, side)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match=rf"a\.png: of {side} x {side} pixels nothing is left inside a border of 2"):
        list(evaluate(bicubic, tmp_path))


def test_grey_pictures_in_both_conventions(tmp_path, photo, bicubic):
    """1.3 dB are 219/255, the part of the range that luminance takes of a picture in colour."""
    Image.fromarray(photo[:64, :64, 0]).save(tmp_path / "bridge.png")
    [own], [rgb] = (list(evaluate(bicubic, tmp_path, grey_as_rgb=value)) for value in (False, True))
    for key in ("psnr", "bicubic_psnr"):
        assert rgb[key] - own[key] == pytest.approx(20 * np.log10(255 / 219), abs=1e-6)
    grey = photo[:64, :64, 0]
    three = super_resolution_scores(np.dstack([grey ^ 3] * 3), np.dstack([grey] * 3), 2)
    assert super_resolution_scores(grey ^ 3, grey, 2, grey_as_rgb=True) == three


def test_names_of_pictures_in_folders_of_denoising(scenes):
    predictor = RestorationPredictor(build_model("dncnn_gray_s25"), model_spec("dncnn_gray_s25"), engine="dygraph")
    assert [row["name"] for row in evaluate_denoising(predictor, scenes / "LR", 25)] == ["calendar/0000", "city/0000"]
