import hashlib
import io
import json
import os
import pickle

import numpy as np
import paddle
import pytest
from PIL import Image
from tqdm import tqdm

import paddle_cv as pcv
from paddle_cv.training import Trainer, load_config
from paddle_cv.training.average import WeightAverage
from paddle_cv.training.checkpoint import load_checkpoint, save_checkpoint
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
    files = {"config.yaml", "metrics.json", "visualdl", "curves.png"}
    weights = {"last.pdckpt", "previous.pdckpt", "last.pdparams", "best.pdparams"}
    assert names == files | weights
    metrics = json.loads((run / "metrics.json").read_text())
    # The first validation is before the first step.
    assert [entry["step"] for entry in metrics["history"]] == [0, 30, 60]
    assert metrics["best"] == best and best["psnr"] == max(entry["psnr"] for entry in metrics["history"])
    assert metrics["history"][2]["psnr"] > metrics["history"][1]["psnr"] > metrics["history"][0]["psnr"]
    assert metrics["step"] == 60 and metrics["finished"] is True
    network, spec = pcv.from_checkpoint(run / "best.pdparams")
    assert spec.scale == 4 and spec.hyperparameters["num_blocks"] == 1
    assert load_config(run / "config.yaml") == config


@pytest.mark.parametrize("optimizer", ["adam", "soap"])
def test_stopping_and_going_on_changes_nothing(config, tmp_path, optimizer):
    config.optimizer.name = optimizer
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
    continued.resume(load_checkpoint(tmp_path / "halves" / "last.pdckpt"))
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
    assert rates[:3] == pytest.approx([peak / 3, 2 * peak / 3, peak])
    assert all(a > b for a, b in zip(rates[2:], rates[3:]))
    assert trainer.optimizer.get_lr() == pytest.approx(config.optimizer.final_rate)


@pytest.mark.parametrize(
    "options, wanted",
    [
        ({"schedule": "multistep", "milestones": [3, 6], "gamma": 0.1}, [1, 1, 1, 0.1, 0.1, 0.1, 0.01]),
        ({"schedule": "multistep"}, [1] * 7),
        ({"schedule": "step", "step_size": 2, "gamma": 0.1}, [1, 1, 0.1, 0.1, 0.01, 0.01, 0.001]),
        ({"schedule": "exponential", "final_rate": 1e-12}, [10.0**-step for step in range(7)]),
    ],
)
def test_schedules_without_warm_up(config, options, wanted):
    config.optimizer.update({"warmup_steps": 0, "learning_rate": 1.0, **options})
    trainer = Trainer(config, progress=False)
    for rate in wanted:
        assert trainer.optimizer.get_lr() == pytest.approx(rate)
        trainer.schedule.step()


def test_sgd_with_momentum_decay_and_rates_of_parts(config):
    config.optimizer.update(
        {"name": "sgd", "schedule": "multistep", "warmup_steps": 0, "learning_rate": 0.5, "weight_decay": 0.1}
    )
    config.optimizer.clip_norm = None
    config.optimizer.rate_factors = {"UPNet.": 0.1}
    trainer = Trainer(config, progress=False)
    parameters = dict(trainer.network.named_parameters())
    before = {name: value.numpy().copy() for name, value in parameters.items()}
    for step in range(2):
        for value in parameters.values():
            value.grad = paddle.zeros_like(value)
        trainer.optimizer.step()
        for name, value in parameters.items():
            rate = 0.05 if name.startswith("UPNet.") else 0.5
            # One step: w (1 - 0.1 r); the second one adds 0.9 of the first one's change.
            first = 1 - 0.1 * rate
            left = first if step == 0 else first - 0.1 * rate * first - 0.9 * 0.1 * rate
            assert np.allclose(value.numpy(), left * before[name], atol=1e-6), name


def test_clipping_of_changes(config):
    config.optimizer.update({"name": "sgd", "momentum": 0.0, "schedule": "multistep", "warmup_steps": 0})
    config.optimizer.update({"learning_rate": 0.5, "clip_norm": None, "clip_change": 1e-4, "milestones": [1]})
    trainer = Trainer(config, progress=False)
    trainer.task.distance = lambda output, target: (output - target).abs().sum() * 100
    batch = [paddle.to_tensor(part[None]) for part in trainer.dataset[0]]
    for _ in range(2):  # at two learning rates
        before = {name: value.numpy().copy() for name, value in trainer.network.named_parameters()}
        trainer._train_step(batch)
        changes = [np.abs(value.numpy() - before[name]).max() for name, value in trainer.network.named_parameters()]
        assert max(changes) == pytest.approx(1e-4, rel=0.01)


@pytest.mark.parametrize("warmup", [0, 5])
def test_changes_are_clipped_from_the_first_step_on(config, warmup):
    """A warm-up that begins at 0 would divide by it."""
    config.optimizer.update({"name": "sgd", "momentum": 0.9, "schedule": "multistep", "warmup_steps": warmup})
    config.optimizer.update({"learning_rate": 0.5, "clip_norm": None, "clip_change": 1e-4})
    trainer = Trainer(config, progress=False)
    trainer.task.distance = lambda output, target: (output - target).abs().sum() * 100
    before = {name: value.numpy().copy() for name, value in trainer.network.named_parameters()}
    trainer._train_step([paddle.to_tensor(part[None]) for part in trainer.dataset[0]])
    changes = [np.abs(value.numpy() - before[name]).max() for name, value in trainer.network.named_parameters()]
    assert max(changes) == pytest.approx(1e-4, rel=0.01)


def test_the_time_that_is_left_does_not_count_the_first_step_nor_validations(config, monkeypatch):
    clock = [0.0]
    bar = tqdm(total=12, disable=False, file=io.StringIO())
    monkeypatch.setattr(bar, "_time", lambda: clock[0])
    bar.start_t = bar.last_print_t = 0.0
    trainer = Trainer(config, progress=False)

    def slow(batch):
        clock[0] += 100.0
        return paddle.zeros([])

    monkeypatch.setattr(trainer, "_train_step", slow)
    trainer._first_step([], bar)
    assert bar.n == 1 and bar.format_dict["elapsed"] == 0
    for _ in range(3):
        clock[0] += 1.0
        bar.update()
    rate = bar.format_dict["rate"] or (bar.n - bar.initial) / bar.format_dict["elapsed"]
    assert rate == pytest.approx(1.0)


def test_bars_show_no_score_before_there_is_one_and_a_validation_has_its_own(config, capsys):
    config.steps, config.log_every = 2, 1
    Trainer(config, progress=True).train()
    shown = capsys.readouterr().err
    assert "validation:" in shown and "inf" not in shown and "psnr=" in shown


@pytest.mark.parametrize(
    "change, message",
    [
        ({"name": "lion"}, "optimizer.name: there is no 'lion', only adam, adamw, soap, sgd"),
        ({"schedule": "linear"}, "optimizer.schedule.*multistep"),
        ({"schedule": "step"}, "step needs optimizer.step_size"),
        ({"rate_factors": {"head.": 0.1}}, "no parameter head"),
        ({"clip_norm": 1.0, "clip_change": 1.0}, "exclude"),
    ],
)
def test_mistakes_in_the_optimizer(config, change, message):
    config.optimizer.update(change)
    with pytest.raises(ValueError, match=message):
        Trainer(config, progress=False)


@pytest.mark.parametrize("name, usual", [("adam", (0.9, 0.99)), ("adamw", (0.9, 0.99)), ("soap", (0.95, 0.95))])
def test_decays_of_an_optimizer(config, name, usual):
    config.optimizer.name = name
    for given, expected in ((None, usual), (0.5, (0.5, usual[1]))):
        config.optimizer.beta1 = given
        optimizer = Trainer(config, progress=False).optimizer
        names = ("beta1", "beta2") if name == "soap" else ("_beta1", "_beta2")
        assert tuple(getattr(optimizer, key) for key in names) == expected


def test_a_loss_that_does_not_exist(config):
    config.loss = "l2"
    with pytest.raises(ValueError, match="loss.*euclidean"):
        Trainer(config, progress=False)


@pytest.mark.parametrize("name", ["dncnn_color_blind", "ffdnet_gray"])
def test_stopping_and_going_on_with_sgd_and_noise(root, pictures, tmp_path, name):
    overrides = [f"data.folders=[{pictures}]", f"validation.high={pictures}", "data.patch_size=16", "data.batch_size=2"]
    overrides += ["model.hyperparameters={num_layers: 3, num_features: 8}", "steps=4", "save_every=2"]
    config = load_config(root / f"configs/restoration/{name}.yaml", [*overrides, f"output={tmp_path / 'whole'}"])
    Trainer(config, progress=False).train()
    config.output, config.steps = str(tmp_path / "half"), 2
    if config.optimizer.schedule == "exponential":  # its rates depend on the number of steps
        config.optimizer.final_rate = config.optimizer.learning_rate * 1e-3**0.5
    Trainer(config, progress=False).train()
    config = load_config(root / f"configs/restoration/{name}.yaml", [*overrides, f"output={tmp_path / 'half'}"])
    second = Trainer(config, progress=False)
    second.resume(load_checkpoint(tmp_path / "half" / "last.pdckpt"))
    second.train()
    whole = load_checkpoint(tmp_path / "whole" / "last.pdckpt")
    half = load_checkpoint(tmp_path / "half" / "last.pdckpt")
    for key, value in whole["weights"].items():
        assert np.allclose(value.numpy(), half["weights"][key].numpy(), rtol=1e-4, atol=1e-6), key
    assert whole["history"][-1]["psnr"] == pytest.approx(half["history"][-1]["psnr"], abs=1e-3)


def test_a_loss_that_is_not_finite_stops_the_run(config):
    trainer = Trainer(config, progress=False)
    trainer.task.distance = lambda output, target: (output * float("nan")).mean()
    with pytest.raises(FloatingPointError, match="at step 1; there is no checkpoint yet"):
        trainer.train()


def test_the_checkpoint_before_a_broken_loss_is_named_when_a_run_has_gone_on(config, tmp_path):
    config.save_every, config.steps = 500, 2
    Trainer(config, progress=False).train()
    config.steps = 12
    trainer = Trainer(config, progress=False)
    trainer.resume(load_checkpoint(tmp_path / "run" / "last.pdckpt"))
    trainer.task.distance = lambda output, target: (output * float("nan")).mean()
    with pytest.raises(FloatingPointError, match="at step 3; .*last.pdckpt is from step 2"):
        trainer.train()


@pytest.mark.parametrize("save_every, validation_every", [(3, 12), (5, 6)])
def test_weights_that_are_not_finite_are_neither_saved_nor_measured(config, tmp_path, save_every, validation_every):
    """The loss is that of the weights before: it does not show what its own step has done to them."""
    config.save_every, config.validation.every = save_every, validation_every
    trainer = Trainer(config, progress=False)
    step = trainer.learner.step

    def break_the_weights(loss):
        step(loss)
        if trainer.step == 5:  # the sixth
            weight = trainer.network.parameters()[0]
            weight.set_value(paddle.full_like(weight, float("inf")))

    trainer.learner.step = break_the_weights
    with pytest.raises(FloatingPointError, match=f"is not finite after step 6; .*is from step {save_every}"):
        trainer.train()
    state = load_checkpoint(tmp_path / "run" / "last.pdckpt")
    assert state["step"] == save_every and [entry["step"] for entry in trainer.history] == [0]
    assert all(np.isfinite(value.numpy()).all() for value in state["weights"].values())


def test_mixed_precision_on_a_cpu_is_said_to_have_no_effect(config, caplog):
    losses = []
    for amp in (None, "float16"):
        config.amp = amp
        trainer = Trainer(config, progress=False)
        losses.append(float(trainer._train_step([paddle.to_tensor(part[None]) for part in trainer.dataset[0]])))
    assert losses[0] == losses[1] and caplog.text.count("amp has no effect on CPUs") == 1


def test_checkpoints_of_something_else(config, tmp_path):
    with pytest.raises(FileNotFoundError):
        load_checkpoint(tmp_path / "none.pdckpt")
    (tmp_path / "torn.pdckpt").write_bytes(b"\x80\x04 torn")
    with pytest.raises(ValueError, match="torn.pdckpt"):
        load_checkpoint(tmp_path / "torn.pdckpt")
    save_checkpoint(tmp_path / "other.pdckpt", {"model": "rdn_b_x2"})
    with pytest.raises(ValueError, match="rdn_b_x2"):
        Trainer(config, progress=False).resume(load_checkpoint(tmp_path / "other.pdckpt"))


def test_a_checkpoint_holds_all_kinds_and_runs_nothing(tmp_path):
    state = {
        "weights": {"a.b": paddle.rand([2, 3]), "c/d": paddle.to_tensor(3.5), "none": paddle.zeros([0, 2])},
        "optimizer": {"half": paddle.rand([3]).astype("bfloat16"), "steps": paddle.to_tensor([2**40])},
        "turned": paddle.rand([2, 3]).T,
        "best": {"step": 0, "psnr": float("-inf")},
        "losses": [[1, 0.1], [2, np.float32(0.5)], [3, 1e-300]],
        "name": "猫",
        "nothing": None,
        "flag": True,
        "shape": (1, 2),
    }
    path = tmp_path / "a.pdckpt"
    save_checkpoint(path, state)
    read = load_checkpoint(path)
    tensors = {**state.pop("weights"), **state.pop("optimizer"), "turned": state.pop("turned")}
    others = {**read.pop("weights"), **read.pop("optimizer"), "turned": read.pop("turned")}
    assert tensors.keys() == others.keys()
    for key, value in tensors.items():
        assert others[key].dtype == value.dtype and others[key].shape == value.shape, key
        assert bool((others[key] == value).all()), key
    assert read == {**state, "shape": [1, 2]}
    content = bytearray(path.read_bytes())
    for place in range(0, len(content), 7):
        content[place] ^= 1
        path.write_bytes(content)
        with pytest.raises(ValueError, match="no checkpoint, or a damaged one"):
            load_checkpoint(path)
        content[place] ^= 1
    with pytest.raises(TypeError):
        save_checkpoint(path, {"a": object()})
    with pytest.raises(TypeError, match="no text"):
        save_checkpoint(path, {"a": {1: 2}})


def test_a_checkpoint_runs_no_code(tmp_path):
    """Checkpoints were pickles with a digest that anybody can write."""

    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "owned"),)

    content = pickle.dumps({"model": "rdn_lite_x4", "step": Evil()}, 2)
    (tmp_path / "last.pdckpt").write_bytes(content + b"sha256:" + hashlib.sha256(content).digest())
    with pytest.raises(ValueError, match="earlier versions"):
        load_checkpoint(tmp_path / "last.pdckpt")
    assert not (tmp_path / "owned").exists()


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


@pytest.mark.parametrize(
    "change, message",
    [
        (["data.degradation=blur"], "there is no degradation 'blur'"),
        (["model.name=srmd_x4", "data.degradation=bd"], "data.degradation: srmd_x4 is told"),
        (["model.name=dncnn_gray_s25", "data.degradation=jpeg:9", "data.noise_level=[25]"], "both are given"),
        (["model.name=dncnn_gray_s25", "data.degradation=bd"], "changes the size"),
    ],
)
def test_mistakes_in_the_degradation(root, pictures, tmp_path, change, message):
    overrides = [f"output={tmp_path}", f"data.folders=[{pictures}]", "model.compile=false"]
    config = load_config(root / "configs/_base_/restoration.yaml", [*overrides, "model.name=rdn_lite_x4", *change])
    with pytest.raises(ValueError, match=message):
        Trainer(config, progress=False)


def test_validation_has_the_degradation_of_the_data_or_its_own(config):
    config.data.degradation = "bd"
    inputs = []
    for own in (None, "bicubic", "bicubic+noise:0"):
        config.validation.degradation = own
        inputs.append(Trainer(config, progress=False).task._pictures[0][1])
    assert np.abs(inputs[0] - inputs[1]).max() > 0.01 and np.array_equal(inputs[1], inputs[2])
