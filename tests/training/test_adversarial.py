"""Perceptual losses, and training against a discriminator."""

import os
import subprocess
import sys
import urllib.request

import numpy as np
import paddle
import paddle.nn.functional as F
import pytest
from PIL import Image

from paddle_cv.models import model_spec
from paddle_cv.training import Trainer, load_checkpoint, load_config
from paddle_cv.training.losses import LOSSES
from paddle_cv.training.perceptual import _NAMES, PerceptualLoss, _build
from paddle_cv.training.tasks.adversarial import _KINDS
from paddle_cv.weights import read_state


@pytest.fixture(scope="module")
def pictures(tmp_path_factory, photo):
    folder = tmp_path_factory.mktemp("pictures")
    Image.fromarray(photo[60:180, 150:270]).save(folder / "cat.png")
    return folder


@pytest.fixture
def options(pictures, vgg19, tmp_path):
    return [
        f"output={tmp_path / 'run'}",
        f"data.folders=[{pictures}]",
        f"validation.high={pictures}",
        "model={weights: null, hyperparameters: {num_blocks: 1, num_features: 8}}",
        "data={patch_size: 8, batch_size: 2}",
        f"perceptual={{weights: {vgg19}, layers: [relu1_2]}}",
        "adversarial.hyperparameters={num_features: 4, image_size: 32}",
        "validation.every=2",
        "save_every=2",
        "steps=4",
    ]


@pytest.fixture
def config(root, options):
    return load_config(root / "configs/restoration/srgan_x4.yaml", options)


def _flat(state, prefix=""):
    """The arrays of nested dictionaries, by the path to them."""
    for key, value in state.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}/")
        elif hasattr(value, "numpy"):
            yield f"{prefix}{key}", value.numpy()


@pytest.mark.parametrize("kind", ["vanilla", "relativistic"])
def test_stopping_and_going_on_changes_nothing(config, tmp_path, kind):
    config.adversarial.kind = kind
    config.optimizer.update({"milestones": [1, 3], "gamma": 0.5})
    config.output = str(tmp_path / "whole")
    Trainer(config, progress=False).train()
    config.output, config.steps = str(tmp_path / "halves"), 2
    Trainer(config, progress=False).train()
    config.steps = 4
    paddle.seed(99)
    second = Trainer(config, progress=False)
    second.resume(load_checkpoint(tmp_path / "halves" / "last.pdckpt"))
    assert second.task.learner.optimizer.get_lr() == second.optimizer.get_lr() == pytest.approx(0.5e-4)
    second.train()
    whole, halves = (load_checkpoint(tmp_path / name / "last.pdckpt") for name in ("whole", "halves"))
    assert whole["step"] == halves["step"] == 4
    whole, halves = dict(_flat(whole)), dict(_flat(halves))
    assert whole.keys() == halves.keys()
    for part in ("weights/", "average/", "optimizer/"):
        assert any(key.startswith(part) for key in whole)
    for part in ("weights/features.0.weight", "weights/features.3._mean", "optimizer/features.0.weight_moment1_0"):
        assert f"task/discriminator/{part}" in whole
    for key, value in whole.items():
        assert np.array_equal(value, halves[key]), key


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_losses_are_those_of_the_papers():
    rng = np.random.default_rng(0)
    real, fake = rng.standard_normal((2, 6, 1)).astype(np.float32)
    tensors = paddle.to_tensor(real), paddle.to_tensor(fake)
    vanilla, relativistic = _KINDS["vanilla"], _KINDS["relativistic"]
    assert float(vanilla(*tensors, deceiving=True)) == pytest.approx(-np.log(_sigmoid(fake)).mean(), rel=1e-5)
    own = -np.log(_sigmoid(real)).mean() - np.log(1 - _sigmoid(fake)).mean()
    assert float(vanilla(*tensors, deceiving=False)) == pytest.approx(own / 2, rel=1e-5)
    more, less = _sigmoid(real - fake.mean()), _sigmoid(fake - real.mean())
    own = -np.log(more).mean() - np.log(1 - less).mean()
    assert float(relativistic(*tensors, deceiving=False)) == pytest.approx(own / 2, rel=1e-5)
    deceiving = -np.log(1 - more).mean() - np.log(less).mean()
    assert float(relativistic(*tensors, deceiving=True)) == pytest.approx(deceiving / 2, rel=1e-5)


def test_each_learns_from_its_own_loss(config):
    config.perceptual.weight, config.loss_weight = 0.0, 0.0
    trainer = Trainer(config, progress=False)
    task, batch = trainer.task, [paddle.to_tensor(part[None]) for part in trainer.dataset[0]]
    generator, discriminator = trainer.network.parameters(), task.discriminator.parameters()
    learned = [not p.stop_gradient for p in discriminator]
    assert not all(learned)  # the statistics of batch normalisation
    trainer.task.loss(trainer.outputs, batch, 0).backward()
    # With no other loss, the generator's gradient comes through the discriminator, which has none itself.
    assert all(p.grad is None for p in discriminator)
    assert any(float(p.grad.abs().max()) > 0 for p in generator)
    assert learned == [not p.stop_gradient for p in discriminator]
    trainer.optimizer.clear_grad()
    before = [p.numpy().copy() for p in generator]
    kept = [p.numpy().copy() for p in discriminator]
    task.after_step()
    assert all(np.array_equal(a, p.numpy()) for a, p in zip(before, generator))
    assert all(not np.array_equal(a, p.numpy()) for a, p in zip(kept, discriminator))


@pytest.mark.parametrize("kind", ["vanilla", "relativistic"])
def test_the_discriminator_learns(config, kind):
    config.adversarial.kind = kind
    config.optimizer.learning_rate = 1e-3
    trainer = Trainer(config, progress=False)
    items = [trainer.dataset[number] for number in range(2)]
    batch = [paddle.to_tensor(np.stack(parts)) for parts in zip(*items)]
    losses = []
    for _ in range(12):
        trainer.task.loss(trainer.outputs, batch, 0)
        trainer.task.after_step()
        losses.append(trainer.task.scalars())
    assert losses[-1]["discriminator_loss"] < 0.5 * losses[0]["discriminator_loss"]
    assert losses[-1]["adversarial_loss"] > losses[0]["adversarial_loss"]


def test_names_of_layers_are_those_of_vgg19():
    # Without memory for VGG19's weights.
    with paddle.LazyGuard():
        features = model_spec("vgg19").network(depth=19).features
        built = _build(_NAMES)
    assert len(features) == len(built)
    for ours, layer in zip(built, features):
        assert type(ours) is type(layer)
        assert [p.shape for p in ours.parameters()] == [p.shape for p in layer.parameters()]
    assert _NAMES[34] == "conv5_4" and _NAMES[35] == "relu5_4"


def test_perceptual_loss(vgg19):
    paddle.seed(0)
    output, target = paddle.rand([2, 3, 12, 12]), paddle.rand([2, 3, 12, 12])
    output.stop_gradient = False
    loss = PerceptualLoss(str(vgg19), ["conv1_1", "relu1_2"], LOSSES["mse"])
    state = {key: paddle.to_tensor(value) for key, value in read_state(vgg19).items()}
    maps = []
    for x in (output, target):
        x = (x - paddle.to_tensor([0.485, 0.456, 0.406]).reshape([3, 1, 1])) / paddle.to_tensor(
            [0.229, 0.224, 0.225]
        ).reshape([3, 1, 1])
        first = F.conv2d(x, state["features.0.weight"], state["features.0.bias"], padding=1)
        second = F.conv2d(F.relu(first), state["features.2.weight"], state["features.2.bias"], padding=1)
        maps.append((first, F.relu(second)))
    expected = sum(float(((a - b) ** 2).mean()) for a, b in zip(*maps))
    result = loss(output, target)
    assert float(result) == pytest.approx(expected, rel=1e-4)
    result.backward()
    assert float(output.grad.abs().max()) > 0 and all(p.grad is None for p in loss.network.parameters())
    grey = paddle.rand([1, 1, 12, 12])
    assert float(loss(grey, grey)) == 0


def test_mistakes(root, config, options, vgg19, tmp_path, monkeypatch):
    def fails(error, message, *changes, file="restoration/srgan_x4.yaml"):
        changed = load_config(root / "configs" / file, [*options, *changes])
        with pytest.raises(error, match=message):
            Trainer(changed, progress=False)

    fails(ValueError, "no 'hinge', only vanilla", "adversarial.kind=hinge")
    fails(ValueError, "network for super_resolution", "adversarial.discriminator=rdn_x4")
    fails(KeyError, "did you mean", "adversarial.discriminator=srgan_discriminators")
    fails(ValueError, "does not take results of 64 x 64", "data.patch_size=16")
    fails(ValueError, "perceptual.layers: there is no .*conv6_1", "perceptual.layers=[conv6_1]")
    fails(ValueError, "features.5.weight is missing", "perceptual.layers=[conv2_1]")
    fails(FileNotFoundError, "no weight file nowhere.npz", "perceptual.weights=nowhere.npz")
    fails(
        ValueError,
        "not trained against a discriminator",
        "adversarial.discriminator=srgan_discriminator",
        "model.hyperparameters={}",
        f"data.folders=[{tmp_path}]",
        file="classification/finetune_ants_bees.yaml",
    )

    def offline(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", offline)
    fails(FileNotFoundError, r"perceptual.weights: cannot fetch (.|\n)*weights=<path>", "perceptual.weights=vgg19")
    trainer = Trainer(config, progress=False)
    with pytest.raises(ValueError, match="without a discriminator"):
        trainer.resume({"model": "srresnet_x4"})


_TWO = """
import sys
from paddle_cv.training import Trainer, join, load_config, rank
from paddle_cv.training.distributed import gather
join()
trainer = Trainer(load_config(sys.argv[1], sys.argv[2:]), progress=False)
trainer.train()
parameters = trainer.task.discriminator.named_parameters()
weights = {name: value.numpy() for name, value in parameters if not value.stop_gradient}
one, two = gather(weights)
assert rank() in (0, 1) and all((one[name] == two[name]).all() for name in one)
print("the discriminators are equal")
"""


def test_processes_have_one_discriminator(root, options, tmp_path):
    (tmp_path / "two.py").write_text(_TWO)
    launcher = ["-m", "paddle.distributed.launch", "--nproc_per_node", "2", "--log_dir", str(tmp_path / "log")]
    program = [str(tmp_path / "two.py"), str(root / "configs/restoration/srgan_x4.yaml"), *options]
    done = subprocess.run(
        [sys.executable, *launcher, *program],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the discriminators are equal" in done.stdout


def test_a_broken_discriminator_is_not_saved(config, tmp_path):
    config.validation.every = 4
    trainer = Trainer(config, progress=False)
    after_step = trainer.task.after_step

    def break_it():
        after_step()
        if trainer.step == 3:  # the fourth
            weight = trainer.task.discriminator.parameters()[0]
            weight.set_value(paddle.full_like(weight, float("nan")))

    trainer.task.after_step = break_it
    with pytest.raises(FloatingPointError, match="of the .*Discriminator is not finite after step 4; .*from step 2"):
        trainer.train()
    assert load_checkpoint(tmp_path / "run" / "last.pdckpt")["step"] == 2
