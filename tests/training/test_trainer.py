import json

import numpy as np
import paddle
import pytest
from omegaconf import OmegaConf
from PIL import Image

import paddle_cv as pcv
from paddle_cv.training import Trainer, load_config
from paddle_cv.training.checkpoint import load_checkpoint, save_checkpoint
from paddle_cv.training.trainer import WeightAverage
from paddle_cv.weights import read_state


@pytest.fixture(scope="module")
def pictures(tmp_path_factory, photo):
    folder = tmp_path_factory.mktemp("pictures")
    Image.fromarray(photo).save(folder / "cat.png")
    Image.fromarray(photo[:100, :100, 0]).save(folder / "grey.png")
    return folder


@pytest.fixture
def config(root, pictures, tmp_path):
    return load_config(
        root / "configs/restoration/rdn_lite_x4.yaml",
        [
            f"output={tmp_path / 'run'}",
            f"data.folders=[{pictures}]",
            f"validation.high={pictures}",
            "model.hyperparameters={num_blocks: 1, num_features: 16, growth_rate: 16}",
            "data={patch_size: 12, batch_size: 2}",
            "steps=12",
            "validation.every=6",
            "save_every=6",
            "log_every=4",
            "optimizer.warmup_steps=2",
        ],
    )


def test_a_run_learns_and_leaves_its_files(config, tmp_path):
    config.steps = 60
    config.validation.every = 30
    best = Trainer(config, progress=False).train()
    run = tmp_path / "run"
    names = {path.name for path in run.iterdir()}
    assert names == {"config.yaml", "visualdl", "last.pdckpt", "last.pdparams", "best.pdparams", "metrics.json"}
    metrics = json.loads((run / "metrics.json").read_text())
    assert [entry["step"] for entry in metrics["history"]] == [30, 60]
    assert metrics["best"] == best and best["psnr"] == max(entry["psnr"] for entry in metrics["history"])
    # Nearest-neighbour enlargement, with which the network begins, has less.
    assert metrics["history"][1]["psnr"] > metrics["history"][0]["psnr"] > 20
    network, spec = pcv.from_checkpoint(run / "best.pdparams")
    assert spec.scale == 4 and spec.hyperparameters["num_blocks"] == 1
    assert OmegaConf.load(run / "config.yaml") == config


def test_stopping_and_going_on_changes_nothing(config, tmp_path):
    config.output = str(tmp_path / "whole")
    Trainer(config, progress=False).train()

    config.output = str(tmp_path / "halves")
    stopped = Trainer(config, progress=False)
    save = stopped.save

    def save_and_stop():
        save()
        raise KeyboardInterrupt

    stopped.save = save_and_stop
    with pytest.raises(KeyboardInterrupt):
        stopped.train()
    assert stopped.step == 6
    paddle.seed(99)
    continued = Trainer(config, progress=False)
    continued.resume(tmp_path / "halves" / "last.pdckpt")
    assert continued.step == 6
    continued.train()

    whole, halves = (load_checkpoint(tmp_path / name / "last.pdckpt") for name in ("whole", "halves"))
    assert whole["step"] == halves["step"] == 12
    for part in ("weights", "average", "optimizer"):
        assert whole[part].keys() == halves[part].keys()
        for key, value in whole[part].items():
            if isinstance(value, paddle.Tensor):
                assert np.array_equal(value.numpy(), halves[part][key].numpy()), (part, key)
    for a, b in zip(whole["history"], halves["history"]):
        assert (a["step"], a["psnr"], a["ssim"]) == (b["step"], b["psnr"], b["ssim"])


def test_learning_rate(config):
    trainer = Trainer(config, progress=False)
    rates = []
    for _ in range(config.steps):
        rates.append(trainer.optimizer.get_lr())
        trainer.schedule.step()
    peak = config.optimizer.learning_rate
    assert rates[0] == 0 and rates[1] == pytest.approx(peak / 2) and rates[2] == pytest.approx(peak)
    assert all(a > b for a, b in zip(rates[2:], rates[3:]))
    assert trainer.optimizer.get_lr() == pytest.approx(config.optimizer.final_rate)


def test_a_loss_that_is_not_finite_stops_the_run(config):
    trainer = Trainer(config, progress=False)
    trainer.loss = lambda output, target: (output * float("nan")).mean()
    with pytest.raises(FloatingPointError, match="step 4"):
        trainer.train()


def test_checkpoints_of_something_else(config, tmp_path):
    with pytest.raises(FileNotFoundError):
        load_checkpoint(tmp_path / "none.pdckpt")
    (tmp_path / "torn.pdckpt").write_bytes(b"\x80\x04 torn")
    with pytest.raises(ValueError, match="torn.pdckpt"):
        load_checkpoint(tmp_path / "torn.pdckpt")
    save_checkpoint(tmp_path / "other.pdckpt", {"model": "rdn_b_x2"})
    with pytest.raises(ValueError, match="rdn_b_x2"):
        Trainer(config, progress=False).resume(tmp_path / "other.pdckpt")


def test_start_from_weights(config, tmp_path):
    first = Trainer(config, progress=False)
    paddle.save(first.network.state_dict(), str(tmp_path / "start.pdparams"))
    config.model.weights, config.seed = str(tmp_path / "start.pdparams"), 77
    second = Trainer(config, progress=False)
    for key, value in read_state(tmp_path / "start.pdparams").items():
        assert np.array_equal(value, second.network.state_dict()[key].numpy())


def test_average_of_weights():
    network = paddle.nn.Linear(1, 1)
    average = WeightAverage(network, 0.5)
    network.weight.set_value(np.array([[1.0]], np.float32))
    average.average["weight"] = paddle.to_tensor([[0.0]])
    average.updates = 1000
    average.update()
    assert average.average["weight"].item() == 0.5
    average.swap()
    assert network.weight.item() == 0.5 and average.average["weight"].item() == 1.0
    average.swap()
    assert network.weight.item() == 1.0
