"""Training networks that cut images into parts."""

import json

import numpy as np
import paddle
import pytest
from PIL import Image

import paddle_cv as pcv
from paddle_cv.models import build_model
from paddle_cv.training import Trainer, load_config, state_to_go_on_with
from paddle_cv.training.tasks import make_task
from paddle_cv.weights import save_state

SMALL = "num_features: 8, low_features: 4"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Bright rectangles on dark noise; `masks` have their opacity, those in `classes/masks` numbers of three classes."""
    folder, rng = tmp_path_factory.mktemp("people"), np.random.default_rng(0)
    for part in ("images", "masks", "classes/images", "classes/masks"):
        (folder / part).mkdir(parents=True)
    for number in range(10):
        mask = np.zeros((48, 56), np.uint8)
        top, left = rng.integers(2, 12, 2)
        mask[top : top + 30, left : left + 30] = 255
        image = np.clip(rng.normal(50, 15, (48, 56, 3)) + 150 * (mask[..., None] > 0), 0, 255).astype(np.uint8)
        classes = np.where(mask > 0, 1 + number % 2, 0).astype(np.uint8)
        image[classes == 2] = image[classes == 2][:, [0, 0, 0]] // (1, 4, 4)  # red
        classes[:2] = 255
        for place, picture in (("images", image), ("masks", mask), ("classes/masks", classes)):
            Image.fromarray(picture).save(folder / place / f"{number}.png")
        Image.fromarray(image).save(folder / "classes" / "images" / f"{number}.png")
    return folder


def run(root, folder, output, *overrides, model="{hyperparameters: {" + SMALL + "}}"):
    return load_config(
        root / "configs/segmentation/portrait_seg.yaml",
        [
            f"model={model}",
            "model.backbone_weights=null",
            f"data={{folders: [{folder}], backgrounds: [{folder}/images], patch_size: 32, batch_size: 4}}",
            "data.validation_share=0.2",
            "optimizer={learning_rate: 0.003, warmup_steps: 0}",
            "steps=30",
            "validation.every=30",
            "ema=0.8",
            f"output={output}",
            *overrides,
        ],
    )


def test_a_foreground_is_learned(root, folder, tmp_path):
    config = run(
        root,
        folder,
        tmp_path / "run",
        "data={patch_size: 64, batch_size: 4, variation: {scale: [1.0, 2.0], composite: 0.2}}",
        "optimizer={learning_rate: 0.01, rate_factors: {backbone: 1}}",
        "steps=12",
        "log_every=3",
        model="{name: portrait_lite, frozen: [], hyperparameters: {width: 0.25, " + SMALL + "}}",
    )
    trainer = Trainer(config, progress=False)
    trainer.train()
    losses = [loss for _, loss in trainer.losses]
    assert losses[-1] < 0.8 * losses[0]
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert {"pixel_accuracy", "iou", "miou"} < metrics["history"][-1].keys()
    network, spec = pcv.from_checkpoint(tmp_path / "run" / "last.pdparams")
    assert spec.task == "segmentation" and network.num_classes == 2


def test_classes_are_learned_and_what_is_unknown_does_not_count(root, folder, tmp_path):
    config = run(
        root,
        folder / "classes",
        tmp_path / "run",
        "model.hyperparameters={num_classes: 3, " + SMALL + "}",
        "data.variation={composite: 0, color: 0, degrade: false}",
        "losses={cross_entropy: 1, lovasz: 0.5, dice: 0}",
        "steps=4",
    )
    task = make_task(config)
    assert task.score == "miou" and not task.tells_foreground
    rows = task.validate(lambda x: paddle.zeros([1, 3, *x.shape[2:]]), 0, 1)  # all is background
    assert set(rows["pixel_accuracy"]) == {1 - 900 / (46 * 56)} and 0 < task.combine(rows)["miou"] < 0.5
    best = Trainer(config, progress=False).train()
    assert 0 <= best["miou"] <= 1 and "iou" not in best


def test_backbones_start_from_a_classifier_and_frozen_layers_stay(root, folder, tmp_path):
    classifier = build_model("squeezenet1_0")
    save_state(classifier.state_dict(), tmp_path / "classifier.pdparams")
    config = run(
        root, folder, tmp_path / "run", f"model.backbone_weights={tmp_path / 'classifier.pdparams'}", "steps=2"
    )
    trainer = Trainer(config, progress=False)
    own = {key: value.numpy() for key, value in trainer.network.backbone.state_dict().items()}
    for key, value in own.items():
        np.testing.assert_array_equal(value, classifier.state_dict()[key])
    trainer.train()
    after = trainer.network.backbone.state_dict()
    changed = {key for key, value in own.items() if not np.array_equal(value, after[key])}
    frozen = tuple(name.removeprefix("backbone.") for name in config.model.frozen)
    assert "features.0." in frozen and changed == {key for key in own if not key.startswith(frozen)}
    resumed = Trainer(config, progress=False)
    resumed.resume(state_to_go_on_with(tmp_path / "run"))
    assert resumed.step == 2


def test_what_cannot_be_is_named(root, folder, tmp_path):
    with pytest.raises(ValueError, match="model.frozen.*no parameter nowhere"):
        Trainer(run(root, folder, tmp_path, "model.frozen=[nowhere]"), progress=False)
    with pytest.raises(ValueError, match="losses: there is no 'l1', only cross_entropy"):
        make_task(run(root, folder, tmp_path, "losses={l1: 1}"))
    with pytest.raises(FileNotFoundError, match="no picture"):
        make_task(run(root, folder, tmp_path, f"data.backgrounds=[{folder}/none_*]")).make_dataset()
    save_state(build_model("squeezenet1_1").state_dict(), tmp_path / "other.pdparams")
    with pytest.raises(ValueError, match="backbone_weights.*squeezenet1_1"):
        make_task(run(root, folder, tmp_path, f"model.backbone_weights={tmp_path / 'other.pdparams'}")).build_network()


def test_only_this_task_knows_its_options(root):
    with pytest.raises(ValueError, match="there is no key losses"):
        load_config(root / "configs/classification/lenet_mnist.yaml", ["losses={dice: 1}"])


@pytest.mark.parametrize("name", ["sinet_portrait", "u2netp", "deeplabv3_mobilenet_v3_large"])
def test_networks_of_every_form_of_output(root, folder, tmp_path, name):
    """Logits of two classes, the foreground's probability at several scales, an auxiliary head and 21 classes."""
    hyperparameters = "{num_classes: 2}" if name.startswith("deeplabv3") else "{}"
    model = f"{{name: {name}, hyperparameters: {hyperparameters}, frozen: []}}"
    config = run(root, folder, tmp_path, "data.patch_size=64", model=model)
    task = make_task(config)
    dataset, network = task.make_dataset(), task.build_network()
    batch = [paddle.to_tensor(np.stack(part)) for part in zip(*(dataset[number] for number in range(2)))]
    loss = task.loss(network, batch, 0)
    loss.backward()
    assert np.isfinite(float(loss)) and any(p.grad is not None for p in network.parameters())
