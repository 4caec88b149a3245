"""Scores of denoisers, and of all that is shipped."""

import json
import shutil
import sys

import numpy as np
import paddle
import pytest
from PIL import Image

from paddle_cv.analysis import ShippedScore, evaluate_denoising, find_set, measure, read_card
from paddle_cv.cli import evaluate as evaluation_program
from paddle_cv.inference import RestorationPredictor
from paddle_cv.models.network import Network
from paddle_cv.models.restoration.base import RestorationSpec


class Unchanged(Network):
    """Gives back its input."""

    receptive_radius = 0

    def forward(self, x):
        return x + 0


class Level(Network):
    """Gives back the noise level that it is told."""

    receptive_radius = 0

    def forward(self, x, sigma):
        return paddle.zeros_like(x) + sigma


@pytest.fixture
def pictures(tmp_path, photo):
    Image.fromarray(photo[:40, :50]).save(tmp_path / "a.png")
    return tmp_path


def _predictor(network, **facts):
    spec = RestorationSpec("own", type(network), task="denoising", **facts)
    return RestorationPredictor(network, spec, engine="dygraph")


@pytest.mark.parametrize("channels", [1, 3])
def test_noise(pictures, channels):
    predictor = _predictor(Unchanged(), in_channels=channels)
    [row] = evaluate_denoising(predictor, pictures, 25)
    assert row["name"] == "a" and row["psnr"] == row["noisy_psnr"] == pytest.approx(20.17, abs=0.2)
    assert row["ssim"] == row["noisy_ssim"] and row["result"].shape == (40, 50, channels)
    assert measure(predictor, pictures, noise_level=25) == {
        key: row[key] for key in ("psnr", "ssim", "noisy_psnr", "noisy_ssim")
    }


def test_a_network_that_is_told_the_noise(pictures):
    [row] = evaluate_denoising(_predictor(Level(), in_channels=1, extra_inputs={"sigma": (1, 1, 1)}), pictures, 15)
    assert (row["result"] == 15).all()


def test_a_degradation_in_place_of_noise(pictures):
    predictor = _predictor(Unchanged(), in_channels=1)
    [row] = evaluate_denoising(predictor, pictures, degradation="jpeg:90")
    assert row["psnr"] == row["noisy_psnr"] > 30
    for both in ({}, {"noise_level": 25, "degradation": "jpeg:90"}):
        with pytest.raises(ValueError, match="either a noise level"):
            list(evaluate_denoising(predictor, pictures, **both))


def test_find_set(tmp_path):
    (tmp_path / "sr_test" / "Set5").mkdir(parents=True)
    assert find_set(tmp_path, "Set5") == find_set(tmp_path / "sr_test", "Set5") == tmp_path / "sr_test" / "Set5"
    with pytest.raises(FileNotFoundError, match="Set6"):
        find_set(tmp_path, "Set6")


@pytest.mark.parametrize(
    "kind, card, measured, holds",
    [
        ("psnr", 31.0, 30.98, True),
        ("psnr", 31.0, 30.979, False),
        ("psnr", 31.0, 32.0, True),
        ("accuracy", 0.99, 0.9898, True),
        ("accuracy", 0.99, 0.9897, False),
        ("psnr", 31.0, None, False),
    ],
)
def test_tolerance(kind, card, measured, holds):
    assert ShippedScore("a", "b", "Set5", kind, card, measured).holds is holds


@pytest.fixture
def shipped(tmp_path, root, monkeypatch):
    """Runs `tools/evaluate.py --all-shipped` in this process, for a copy of one module with another card."""
    module = tmp_path / "hub_modules" / "rdn_x4"
    shutil.copytree(root / "hub_modules" / "rdn_x4", module)
    monkeypatch.setattr(evaluation_program, "hub_modules_folder", lambda: module.parent)

    def run(data_root, scores):
        (module / "card.json").write_text(json.dumps({**read_card(module), "scores": scores}))
        arguments = ["evaluate.py", "--all-shipped", "--data-root", data_root, "--json", tmp_path / "scores.json"]
        monkeypatch.setattr(sys, "argv", [str(argument) for argument in arguments])
        code = evaluation_program.main()
        return code, json.loads((tmp_path / "scores.json").read_text())["shipped"]

    return run


def test_a_test_set_is_missing(shipped, tmp_path, capsys):
    code, [score] = shipped(tmp_path, {"Set7": {"psnr": 31.0, "ssim": 0.9}})
    assert code == 1 and score["measured"] is None and not score["holds"]
    assert "31.000 dB     missing" in capsys.readouterr().out


@pytest.mark.data
def test_cards_are_reproduced(shipped, data, root, capsys):
    card = read_card(root / "hub_modules" / "rdn_x4")["scores"]["Set5"]
    code, [score] = shipped(data, {"Set5": card})
    assert code == 0 and score["holds"] and score["measured"] == pytest.approx(card["psnr"], abs=0.02)
    assert "rdn_lite_x4" in capsys.readouterr().out
    better = {**card, "psnr": score["measured"] + 0.03}
    code, [again] = shipped(data, {"Set5": better})
    assert code == 1 and not again["holds"] and "worse than the card" in capsys.readouterr().out


def test_evaluate_a_denoiser(pictures, monkeypatch, capsys):
    """The noise level is that of the registration where none is given."""
    predictor = _predictor(Unchanged(), in_channels=1, hyperparameters={"noise_level": 25})
    monkeypatch.setattr(evaluation_program.pcv, "load", lambda *_, **__: predictor)

    def run(*arguments):
        monkeypatch.setattr(
            sys, "argv", ["evaluate.py", "dncnn_gray_s25", "--data", str(pictures), *map(str, arguments)]
        )
        return evaluation_program.main()

    report = pictures / "scores.json"
    assert run("--json", report, "--save", pictures / "out") == 0
    assert "noisy psnr" in capsys.readouterr().out
    written = json.loads(report.read_text())
    assert written["noise_level"] == 25 and written["sets"][pictures.name]["mean"]["psnr"] == pytest.approx(
        20.2, abs=0.2
    )
    saved = np.asarray(Image.open(pictures / "out" / pictures.name / "a.png"))
    assert saved.shape == (40, 50)
    (pictures / "out" / pictures.name / "a.png").unlink()
    assert run("--noise-level", 50, "--json", report) == 0
    assert json.loads(report.read_text())["sets"][pictures.name]["mean"]["psnr"] < 15.5
    with pytest.raises(SystemExit):
        run("--low", pictures)
    assert "--low is for super-resolution" in capsys.readouterr().err
