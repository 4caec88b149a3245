"""Classification modules in PaddleHub's Trainer, as PaddleHub's documentation shows it, and what comes out of it."""

import json
import sys

import numpy as np
import paddle
import pytest
from PIL import Image

import paddle_cv as pcv
from paddle_cv.weights import read_state, save_state, with_class_names

pytest.importorskip("paddlehub", reason="paddlehub is not installed (pip install .[hub])")

from paddle_cv.hub import write_module  # noqa: E402

from .support import Runner  # noqa: E402

pytestmark = pytest.mark.hub

# What the documentation of PaddleHub's Trainer has users write: a data set, a module with label_list, an optimizer, the Trainer.
TRAIN = """
import json, os, sys
import cv2
import numpy as np
import paddle
import paddlehub as hub
import paddlehub.vision.transforms as T
from paddlehub.finetune.trainer import Trainer

class Pictures(paddle.io.Dataset):
    def __init__(self, transforms, folder, labels, count):
        self.transforms = transforms
        self.files = [
            (os.path.join(folder, label, name), number)
            for number, label in enumerate(labels)
            for name in sorted(os.listdir(os.path.join(folder, label)))[:count]
        ]

    def __getitem__(self, index):
        path, label = self.files[index]
        return self.transforms(path), label

    def __len__(self):
        return len(self.files)

options = json.loads(sys.argv[1])
paddle.seed(1)
labels = options["labels"]
module = hub.Module(directory=options["module"], label_list=labels, weights=options["weights"])
if options["paddlehub_transforms"]:
    transforms = T.Compose(
        [T.Resize((256, 256)), T.CenterCrop(224), T.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])],
        to_rgb=True,
    )
else:
    transforms = module.transforms
train = Pictures(transforms, options["train"], labels, options["count"])
validation = Pictures(transforms, options["val"], labels, options["count"])
optimizer = paddle.optimizer.Adam(learning_rate=options["rate"], parameters=module.parameters())
trainer = Trainer(module, optimizer, checkpoint_dir="ckpt", use_gpu=False)
path, _ = validation.files[0]
before = module.predict(paths=[path], top_k=9)[0]
trainer.train(train, epochs=options["epochs"], batch_size=8, eval_dataset=validation, log_interval=1, save_interval=1)
score = trainer.evaluate(validation, batch_size=8)
after = module.predict(paths=[path], top_k=9)[0]

best = "ckpt/best_model/model.pdparams"
files = [path for path, _ in validation.files]
again = hub.Module(directory=options["module"], label_list=labels, load_checkpoint=best)
named = hub.Module(directory=options["module"], load_checkpoint=best)
renamed = hub.Module(directory=options["module"], label_list=[label.upper() for label in labels], load_checkpoint=best)
report = {
    "before": before,
    "after": after,
    "accuracy": score["metrics"]["acc"],
    "best": trainer.best_metrics["acc"],
    "right": [list(result)[0] for result in again.predict(images=[cv2.imread(file) for file in files])],
    "labels": [labels[number] for _, number in validation.files],
    "again": again.classification(paths=files[:1], top_k=9)[0],
    "named": named.predict(paths=files[:1], top_k=9)[0],
    "renamed": renamed.predict(paths=files[:1], top_k=9)[0],
}
try:
    hub.Module(directory=options["module"], label_list=[*labels, "one more"], load_checkpoint=best)
except ValueError as error:
    report["refused"] = str(error)
resumed = Trainer(again, paddle.optimizer.Adam(parameters=again.parameters()), checkpoint_dir="ckpt", use_vdl=False)
report["resumed at"] = resumed.current_epoch
print("REPORT", json.dumps(report))
"""


@pytest.fixture
def run(tmp_path, root):
    return Runner(tmp_path, root)


def _train(run, **options):
    defaults = {"weights": None, "paddlehub_transforms": False, "count": 16, "epochs": 2, "rate": 1e-3}
    output = run(sys.executable, "-c", TRAIN, json.dumps({**defaults, **options}))
    report = json.loads(output.split("REPORT")[1].splitlines()[0])
    checkpoint = run.folder / "ckpt" / "best_model" / "model.pdparams"
    assert report["again"] == report["named"] == dict(zip(report["again"], report["renamed"].values()))
    assert [name.upper() for name in report["again"]] == list(report["renamed"])
    assert report["before"] != report["after"], "the weights of before were used"
    assert f"{len(options['labels']) + 1} labels" in report["refused"]
    assert report["resumed at"] == {**defaults, **options}["epochs"]
    return report, checkpoint


def test_random_pictures(run, tmp_path):
    """LeNet learns bright from dark; ten classes become two."""
    for part in ("train", "val"):
        for label, low in (("bright", 150), ("dark", 0)):
            folder = tmp_path / part / label
            folder.mkdir(parents=True)
            rng = np.random.RandomState(low + len(part))
            for number in range(16):
                Image.fromarray(rng.randint(low, low + 100, (32, 32), np.uint8)).save(folder / f"{number}.png")
    module = write_module(pcv.model_spec("lenet"), tmp_path)
    save_state(pcv.create_model("lenet").state_dict(), module / "lenet.pdparams")
    labels = ["dark", "bright"]
    folders = {part: str(tmp_path / part) for part in ("train", "val")}
    report, checkpoint = _train(run, module=str(module), labels=labels, epochs=4, **folders)
    assert report["accuracy"] == report["best"] == 1
    assert report["right"] == report["labels"]
    # Outside PaddleHub the checkpoint is a weight file like others, names included.
    predictor = pcv.load("lenet", weights=checkpoint)
    assert predictor.names == ("dark", "bright")
    picture = tmp_path / "val" / "dark" / "0.png"
    assert predictor.predict(picture).as_dict() == pytest.approx(report["named"], abs=1e-5)


@pytest.mark.data
def test_ants_and_bees(run, tmp_path, data):
    """As PaddleHub's documentation has it, from weights of ImageNet: a few steps tell most apart."""
    weights = data.parent / "checkpoints" / "squeezenet1_0_imagenet.npz"
    if not weights.is_file():
        pytest.skip(f"there is no {weights}")
    module = write_module(pcv.model_spec("squeezenet1_0"), tmp_path)
    folders = {part: str(data / "hymenoptera" / part) for part in ("train", "val")}
    report, checkpoint = _train(
        run,
        module=str(module),
        weights=str(weights),
        labels=["ants", "bees"],
        paddlehub_transforms=True,
        rate=2e-4,
        count=12,
        **folders,
    )
    assert report["best"] >= 0.7
    assert np.mean([found == label for found, label in zip(report["right"], report["labels"])]) >= 0.7
    assert "network.classifier.1.weight" in read_state(checkpoint)


def test_classes(tmp_path):
    """What starts anew, and what is kept."""
    import paddlehub as hub

    module = write_module(pcv.model_spec("lenet"), tmp_path)
    own = pcv.create_model("lenet", num_classes=2).state_dict()
    save_state(with_class_names(own, ["ants", "bees"]), tmp_path / "own.pdparams")

    def last_layer(**arguments):
        made = hub.Module(directory=str(module), weights=str(tmp_path / "own.pdparams"), **arguments)
        return made.network.fc3.weight.numpy()

    assert np.array_equal(last_layer(), own["fc3.weight"].numpy())
    assert np.array_equal(last_layer(label_list=["ants", "bees"]), own["fc3.weight"].numpy())
    assert not np.array_equal(last_layer(label_list=["cats", "dogs"]), own["fc3.weight"].numpy())
    assert last_layer(label_list=["ants", "bees", "wasps"]).shape == (84, 3)
    for bad in ([], ["ants", "ants"], [""]):
        with pytest.raises(ValueError, match="class names"):
            last_layer(label_list=bad)


def test_training_sees_what_prediction_sees(tmp_path, root):
    """Dark digits on paper are inverted for weights of MNIST, and for no others, while they are trained and afterwards."""
    import paddlehub as hub

    digit = np.full((28, 28), 255, np.uint8)
    digit[8:20, 12:15] = 0
    digits = [str(number) for number in range(10)]
    for options, inverted in (({}, True), ({"label_list": digits}, True), ({"label_list": digits[::-1]}, False)):
        module = hub.Module(directory=str(root / "hub_modules" / "lenet_mnist"), **options)
        assert np.array_equal(module.transforms(digit), module.transforms(255 - digit)) == inverted
        save_state(module.state_dict(), tmp_path / "model.pdparams")  # as the Trainer does
        again = hub.Module(
            directory=str(root / "hub_modules" / "lenet_mnist"), load_checkpoint=str(tmp_path / "model.pdparams")
        )
        for image in (digit, 255 - digit):
            assert np.array_equal(module.transforms(image), again.transforms(image))
        assert (again.predict([digit]) == again.predict([255 - digit])) == inverted


def test_auxiliary_heads_count_less():
    """The loss of a network that gives several outputs in training."""
    from paddle_cv.hub.fine_tuning import FineTuning

    outputs = [paddle.to_tensor(np.random.RandomState(seed).randn(2, 3).astype(np.float32)) for seed in range(3)]
    labels = paddle.to_tensor([[0], [2]])

    class Module(FineTuning):
        def __call__(self, pictures):
            return outputs

    def loss(scores):
        logs = scores.numpy() - np.log(np.exp(scores.numpy()).sum(1, keepdims=True))
        return -(logs[0, 0] + logs[1, 2]) / 2

    result = Module().training_step([None, labels], 0)
    expected = loss(outputs[0]) + 0.3 * (loss(outputs[1]) + loss(outputs[2]))
    assert float(result["loss"]) == pytest.approx(expected, abs=1e-5)
    assert float(result["metrics"]["acc"]) == np.mean(outputs[0].numpy().argmax(1) == [0, 2])
