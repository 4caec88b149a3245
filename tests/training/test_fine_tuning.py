"""Every classifier of the list is fine-tuned by the shipped configuration, with nothing but its name changed."""

import json

import numpy as np
import paddle
import pytest
from PIL import Image

import paddle_cv as pcv
from paddle_cv.models import build_model, model_spec
from paddle_cv.training import Trainer, load_config, starting
from paddle_cv.weights import save_state

#: Pixels of the input: few, but as many as the network's strides need.
SIZES = {
    "alexnet": 67,
    "inception_v3": 79,
    "inception_v4": 79,
    "inception_resnet_v2": 79,
    "xception": 71,
    "nin_imagenet": 67,
}
#: Inception-v3's auxiliary head takes features of 17 x 17, and so images of 299 pixels: 14 times the work of 79.
WITHOUT = {"inception_v3": {"aux_heads": False}}
#: Those whose layers hold so much that two steps take more than 20 seconds.
HEAVY = (
    "alexnet",
    "vgg",
    "inception",
    "xception",
    "resnet101",
    "resnet152",
    "resnext101",
    "wide_resnet",
    "densenet",
    "res2net",
)
NAMES = [
    pytest.param(name, marks=[pytest.mark.slow] if name.startswith(HEAVY) else [])
    for name in pcv.list_models(task="classification")
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two classes in one folder, which is split by itself."""
    folder, rng = tmp_path_factory.mktemp("classes"), np.random.default_rng(0)
    for name, level in (("dark", 40), ("bright", 200)):
        (folder / name).mkdir()
        for number in range(3):
            pixels = np.clip(rng.normal(level, 30, (90, 80, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_two_steps(name, folder, tmp_path, monkeypatch):
    spec = model_spec(name)
    size = min(spec.input_size, SIZES.get(name, 64))
    paddle.seed(1)
    hyperparameters = WITHOUT.get(name, {})
    start = build_model(name, **hyperparameters)
    save_state(start.state_dict(), tmp_path / "start.pdparams")
    monkeypatch.setattr(starting, "pretrained_weights", lambda spec: tmp_path / "start.pdparams")
    monkeypatch.setattr(Trainer, "save", lambda self: setattr(self, "saved", self.step))  # hundreds of megabytes
    config = load_config(
        "finetune_ants_bees",
        [
            f"model.name={name}",
            f"model.hyperparameters={json.dumps(hyperparameters)}",
            f"data.folders={folder}",
            "data.batch_size=2",
            f"data.augment=[{{RandomResizedCrop: {{size: {size}}}}}]",
            "steps=2",
            "validation.every=1000",
            "optimizer.warmup_steps=0",
            f"output={tmp_path / 'run'}",
        ],
    )
    trainer = Trainer(config, progress=False)
    for part in (trainer.task, trainer.dataset):
        part.spec = _small(part.spec, size)
    network = trainer.network
    assert config.model.weights == name and network.num_classes == 2
    head = tuple(f"{layer}." for layer in network.classifiers)
    before = {key: value.numpy() for key, value in network.named_parameters()}
    given = {key: value.numpy() for key, value in start.named_parameters()}
    same = {key for key in before if not key.startswith(head)}
    assert all(np.array_equal(before[key], given[key]) for key in same) and same != set(before)
    fast = {key for key, value in network.named_parameters() if value.optimize_attr["learning_rate"] == 10}
    assert fast == set(before) - same
    trainer.train()
    assert np.isfinite([loss for _, loss in trainer.losses]).all() and trainer.history[-1]["step"] == 2
    learned = {key for key, value in network.named_parameters() if not np.array_equal(value.numpy(), before[key])}
    assert fast <= learned and learned & same


def _small(spec, size):
    from dataclasses import replace

    return replace(spec, input_size=size, resize=size)
