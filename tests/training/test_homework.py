"""The homework's configuration: anywhere, with no data and no network."""

import json
import socket

import pytest

from paddle_cv.training import Trainer, load_config


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    def refused(*_):
        raise OSError("no network in this test")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.delenv("PADDLE_CV_DATA", raising=False)
    monkeypatch.chdir(tmp_path)


def test_it_is_two_epochs_with_a_curve_of_ten_points_and_the_line_of_bicubic(tmp_path, caplog):
    caplog.set_level("INFO", "paddle_cv")
    config = load_config("homework", ["data.rescale=[0.5]"])
    trainer = Trainer(config, progress=False)
    assert config.epochs == 2 and "2 epochs" in caplog.text
    whole = 7 * trainer.steps  # all sizes have eight times the area, less the edges
    assert whole // config.validation.every >= 10 and whole // config.log_every >= 10 and whole >= 300


def test_the_log_has_bicubic_and_what_compiling_took(tmp_path, caplog):
    caplog.set_level("INFO", "paddle_cv")
    config = load_config("homework", ["data.rescale=[0.5]", "steps=2", "model.hyperparameters={num_blocks: 1}"])
    Trainer(config, progress=False).train()
    assert "bicubic: psnr 3" in caplog.text and "2 steps are few" in caplog.text
    assert "the first step compiles the network" in caplog.text and "compiled and trained one step in" in caplog.text
    metrics = json.loads((tmp_path / "runs" / "homework" / "metrics.json").read_text())
    assert metrics["baseline"]["name"] == "bicubic" and 30 < metrics["baseline"]["psnr"] < 36


@pytest.mark.slow
def test_it_ends_above_bicubic_on_photographs_it_has_not_seen(tmp_path):
    best = Trainer(load_config("homework"), progress=False).train()
    metrics = json.loads((tmp_path / "runs" / "homework" / "metrics.json").read_text())
    assert len(metrics["history"]) >= 10 and metrics["finished"]
    assert metrics["history"][-1]["psnr"] > metrics["baseline"]["psnr"] + 0.5
    assert metrics["history"][-1]["seconds"] < 600 and best["step"] > 0
