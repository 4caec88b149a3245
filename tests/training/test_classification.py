"""Training classifiers."""

import json
import os
import shutil

import numpy as np
import paddle
import pytest
from PIL import Image

import paddle_cv as pcv
from paddle_cv.data.classification import LabelledPictures, LabelledSet, read_class_folders
from paddle_cv.training import Trainer, load_config
from paddle_cv.training.checkpoint import load_checkpoint
from paddle_cv.weights import save_state, with_class_names


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two classes that can be told apart: bright and dark noise."""
    folder, rng = tmp_path_factory.mktemp("classes"), np.random.default_rng(0)
    for part, count in (("train", 12), ("val", 5)):
        for name, level in (("dark", 40), ("bright", 200)):
            (folder / part / name).mkdir(parents=True)
            for number in range(count):
                pixels = np.clip(rng.normal(level, 30, (36, 40 + number, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / part / name / f"{number}.png")
    return folder


@pytest.fixture
def config(root, folder, tmp_path):
    return load_config(
        root / "configs/classification/lenet_mnist.yaml",
        [
            "data={source: folder, batch_size: 8}",
            f"data.folders=[{folder}]",
            "optimizer={warmup_steps: 0, learning_rate: 0.003}",
            "data.augment=[{RandomHorizontalFlip: {}}, {RandomAffine: {degrees: 10}}]",
            "epochs=8",
            "validation.every=6",
            "save_every=6",
            f"output={tmp_path / 'run'}",
        ],
    )


def test_a_folder_of_classes_is_learned_and_named(config, folder, tmp_path):
    best = Trainer(config, progress=False).train()
    assert best["accuracy"] == 1.0
    history = json.loads((tmp_path / "run" / "metrics.json").read_text())["history"]
    assert [entry["step"] for entry in history] == [0, 6, 12, 18, 24]
    # The network has learned these classes, and says their names.
    predictor = pcv.load("lenet", weights=tmp_path / "run" / "best.pdparams")
    picture = next((folder / "val" / "dark").iterdir())
    assert predictor.predict(picture).label == "dark"
    assert predictor.names == ("bright", "dark")
    network, spec = pcv.from_checkpoint(tmp_path / "run" / "last.pdparams")
    assert spec.name == "lenet" and network.num_classes == 2
    assert spec.labels is None  # so that nothing is taken for a digit of MNIST, whatever the classes are called


def test_going_on_changes_nothing(config, tmp_path):
    config.model.name = "mnist_cnn_dropout"
    config.data.mixup, config.label_smoothing, config.epochs = 0.4, 0.1, 3
    Trainer(config, progress=False).train()
    whole = load_checkpoint(tmp_path / "run" / "last.pdckpt")
    second = Trainer(config, progress=False)
    second.resume(load_checkpoint(tmp_path / "run" / "previous.pdckpt"))
    assert second.step == 6
    second.train()
    half = load_checkpoint(tmp_path / "run" / "last.pdckpt")
    for key, value in whole["weights"].items():
        assert np.array_equal(value.numpy(), half["weights"][key].numpy()), key
    assert whole["losses"][-1] == half["losses"][-1]


def test_a_run_without_gain_ends(config):
    config.validation.patience, config.epochs = 2, 100
    trainer = Trainer(config, progress=False)
    trainer.task.validate = lambda *_: {"accuracy": [0.5], "loss": [1.0]}
    trainer.train()
    assert trainer.step == 12 and trainer.best["step"] == 0


def test_new_classes_for_given_weights(config, tmp_path):
    paddle.seed(3)
    old = pcv.create_model("lenet")
    paddle.save(old.state_dict(), str(tmp_path / "digits.pdparams"))
    config.model.weights = str(tmp_path / "digits.pdparams")
    network = Trainer(config, progress=False).network
    assert np.array_equal(network.conv1.weight.numpy(), old.conv1.weight.numpy())
    assert np.array_equal(network.fc2.weight.numpy(), old.fc2.weight.numpy())
    assert network.fc3.weight.shape == [84, 2]


def test_weights_for_the_very_same_classes_keep_their_head(config, tmp_path):
    paddle.seed(3)
    old = pcv.create_model("lenet", num_classes=2)
    config.model.weights = str(tmp_path / "old.pdparams")
    for names, same in ((["bright", "dark"], True), (["dark", "bright"], False)):
        save_state(with_class_names(old.state_dict(), names), config.model.weights)
        head = Trainer(config, progress=False).network.fc3.weight.numpy()
        assert np.array_equal(head, old.fc3.weight.numpy()) == same


def test_the_head_learns_at_a_rate_of_its_own_whatever_its_name(config):
    config.optimizer.rate_factors = {"head": 10}
    for name, head in (("lenet", "fc3."), ("mnist_mlp", None)):
        config.model.name = name
        network = Trainer(config, progress=False).network
        head = head or f"{network.classifiers[0]}."
        rates = {name: p.optimize_attr["learning_rate"] for name, p in network.named_parameters()}
        assert (
            {name for name, rate in rates.items() if rate == 10}
            == {name for name in rates if name.startswith(head)}
            != set()
        )


def test_a_folder_without_val_is_split_by_itself(config, folder, tmp_path):
    for source in (folder / "train", shutil.copytree(folder / "train", tmp_path / "copy" / "train").parent):
        config.data.folders = [str(source)]
        task = Trainer(config, progress=False).task
        assert (len(task.train), len(task.test)) == (20, 4)  # a fifth of 12 in each class
        assert not set(task.train.pictures) & set(task.test.pictures)
        assert sorted(task.test.labels) == [0, 0, 1, 1]
        config.seed = 5
        assert Trainer(config, progress=False).task.test.pictures == task.test.pictures
    config.data.validation_share = 0.5
    assert len(Trainer(config, progress=False).task.test) == 12


def test_names_of_classes_that_are_no_utf8_are_refused_before_the_first_step(config, folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    for part in ("train", "val"):
        os.rename(os.fsencode(tmp_path / "copy" / part / "dark"), os.fsencode(tmp_path / "copy" / part) + b"/\xb9\xb7")
    config.data.folders = [str(tmp_path / "copy")]
    with pytest.raises(ValueError, match=r"no UTF-8, b'\\xb9\\xb7': rename it") as error:
        Trainer(config, progress=False)
    str(error.value).encode("utf-8")


@pytest.mark.parametrize(
    "folders, message", [([], "data.folders is empty"), (["a", "b"], "data.folders has 2 folders")]
)
def test_one_folder_is_wanted(config, folders, message):
    config.data.folders = folders
    with pytest.raises(ValueError, match=message):
        Trainer(config, progress=False)


def test_other_classes_are_no_continuation(config, folder, tmp_path):
    config.epochs = 2
    Trainer(config, progress=False).train()
    shutil.copytree(folder, tmp_path / "copy")
    for part in ("train", "val"):
        (tmp_path / "copy" / part / "dark").rename(tmp_path / "copy" / part / "black")
    config.data.folders = [str(tmp_path / "copy")]
    with pytest.raises(ValueError, match=r"of the classes \['bright', 'dark'\], the data have \['black', 'bright'\]"):
        Trainer(config, progress=False).resume(load_checkpoint(tmp_path / "run" / "last.pdckpt"))


def test_items_of_an_epoch_are_all_pictures(folder):
    data = read_class_folders(folder, train=True)
    assert data.classes == ["bright", "dark"] and len(data) == 24
    augment = [{"RandomResizedCrop": {"size": 32}}, {"ColorJitter": {"brightness": 0.3}}]
    one, two = (LabelledPictures(data, pcv.model_spec("squeezenet1_0"), augment, seed=4) for _ in range(2))
    first = [one[index][1] for index in range(24)]
    assert sum(first) == 12 and first != [one[index][1] for index in range(24, 48)]
    for index in (30, 3):
        assert np.array_equal(one[index][0], two[index][0]) and one[index][0].shape == (3, 224, 224)
    assert not np.array_equal(one[3][0], one[27][0])


@pytest.mark.parametrize("value", [0, "random"])
@pytest.mark.parametrize("name", ["lenet", "squeezenet1_0"])
def test_random_erasing(name, value):
    pixels = np.full((300, 300) if name == "lenet" else (300, 300, 3), 200, np.uint8)
    data, spec = LabelledSet([pixels], [0], ["grey"]), pcv.model_spec(name)
    augment = [{"RandomErasing": {"prob": 1.0, "scale": [0.2, 0.2], "ratio": [1.0, 1.0], "value": value}}]
    plain, _ = LabelledPictures(data, spec)[5]
    erased, _ = LabelledPictures(data, spec, augment)[5]
    assert erased.shape == plain.shape and np.mean(erased != plain) == pytest.approx(0.2, abs=0.08)
    assert np.array_equal(erased, LabelledPictures(data, spec, augment)[5][0])
    assert np.all(pixels == 200)


@pytest.mark.parametrize("mixup", [0.0, 0.4])
def test_mixup_mixes_pictures_and_labels_alike(config, mixup):
    """Pictures of one value each, and a network that gives this value as the probability of the second class."""
    config.data.mixup = mixup
    task = Trainer(config, progress=False).task
    labels = np.array([0, 1, 1, 0, 1, 0, 0, 1])
    pictures = paddle.to_tensor(np.broadcast_to(labels[:, None, None, None], (8, 1, 32, 32)).astype(np.float32))
    seen = []

    def compute(x):
        value = x.mean([1, 2, 3])
        seen.append(value.numpy())
        return paddle.stack([1 - value, value], axis=1).clip(1e-9).log()

    for step in range(3):
        loss = float(task.loss(compute, [pictures, paddle.to_tensor(labels)], step))
        # With the labels mixed as the pictures are, the loss is the entropy of what the network sees.
        share = np.stack([1 - seen[-1], seen[-1]]).clip(1e-9, 1)
        assert loss == pytest.approx(-(share * np.log(share)).sum(0).mean(), abs=1e-4)
    assert any(np.any((0.01 < values) & (values < 0.99)) for values in seen) == bool(mixup)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"augment": [{"RandomMagic": {}}]}, "RandomMagic"),
        ({"augment": [{"RandomRotation": {"degree": 3}}]}, "RandomRotation"),
        ({"source": "cifar"}, "data.source.*folder, mnist"),
    ],
)
def test_mistakes(config, change, message):
    config.data.update(change)
    with pytest.raises(ValueError, match=message):
        Trainer(config, progress=False)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_picture_that_cannot_be_read_ends_the_run(config, folder, tmp_path, workers):
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / "train" / "dark" / "3.png").write_text("no picture")
    config.data.folders, config.data.num_workers = [str(tmp_path / "copy")], workers
    with pytest.raises(ValueError, match="3.png: this is no picture"):
        Trainer(config, progress=False).train()


def test_an_augmentation_that_makes_no_picture(config):
    config.data.augment = [{"ToTensor": None}]
    with pytest.raises(ValueError, match="data.augment: ToTensor makes no picture but a Tensor"):
        Trainer(config, progress=False).train()


def test_folders_that_are_not_there(config, tmp_path):
    config.data.folders = [str(tmp_path / "none")]
    with pytest.raises(FileNotFoundError, match="train/<class>"):
        Trainer(config, progress=False)


@pytest.mark.data
def test_mnist(root, data, tmp_path):
    config = load_config(
        root / "configs/classification/mnist_cnn.yaml",
        [
            f"data.folders=[{data / 'mnist'}]",
            "steps=100",
            "epochs=null",
            f"output={tmp_path}",
            "optimizer={warmup_steps: 10, learning_rate: 0.004}",
        ],
    )
    trainer = Trainer(config, progress=False)
    assert len(trainer.task.train) == 60000 and len(trainer.task.test) == 10000
    assert trainer.train()["accuracy"] > 0.9
    assert pcv.from_checkpoint(tmp_path / "best.pdparams")[1].labels == "mnist"
