"""The modules under the names of PaddleHub's animal modules, with a folder of the published form and with weights trained here."""

import json
import shutil
import sys

import numpy as np
import pytest
from PIL import Image

import paddle_cv as pcv
from tests.weights.static_names import mobilenet_v2_names, resnet_vd_names, save_static

pytest.importorskip("paddlehub", reason="paddlehub is not installed (pip install .[hub])")

from .support import Runner  # noqa: E402

pytestmark = pytest.mark.hub
NAMES = ["东方铃蟾", "中国小鲵", "黄臀鹎", "大鲵", "黄臀鹎"]  # the published labels have some twice

# The calls that courses show.
CALLS = """
import json, sys
import cv2
import paddlehub as hub

name, picture, options = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
classifier = hub.Module(name=name, **options)
results = [
    classifier.classification(images=[cv2.imread(picture)]),
    classifier.classification(paths=[picture, picture], batch_size=2, use_gpu=False, top_k=9),
]
print("REPORT", json.dumps(results))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory, root):
    """A HUB_HOME in which PaddleHub's own resnet50_vd_animals was before ours was installed over it."""
    folder = tmp_path_factory.mktemp("hub")
    run = Runner(folder, root)
    _publish("resnet50d", resnet_vd_names((1, 1, 1, 1)), folder / "home" / "modules" / "resnet50_vd_animals")
    _publish("mobilenet_v2", mobilenet_v2_names(), folder / "elsewhere")
    run(sys.executable, "-m", "paddle_cv", "hub", "install", "resnet50_vd_animals", "mobilenet_v2_animals")
    return run


def _publish(name, names, folder):
    """A folder as PaddleHub's module has it, of a small network with the weights that it starts with."""
    options = {"depths": (1, 1, 1, 1)} if name == "resnet50d" else {"always_expand": True}
    network = pcv.create_model(name, num_classes=len(NAMES), **options)
    save_static(network, names, folder / "model")
    (folder / "label_list.txt").write_text("\n".join(NAMES) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def picture(home, photo):
    path = home.folder / "cat.png"
    Image.fromarray(photo).save(path)
    return path


def _call(home, name, picture, **options):
    output = home(sys.executable, "-c", CALLS, name, picture, json.dumps(options))
    return json.loads(output.split("REPORT")[1].splitlines()[0])


@pytest.mark.parametrize("name, elsewhere", [("resnet50_vd_animals", False), ("mobilenet_v2_animals", True)])
def test_published_files(home, picture, name, elsewhere):
    folder = home.folder.parent / ("elsewhere" if elsewhere else f"home/modules/{name}")
    [best], [all_of_them, again] = _call(home, name, picture, **({"weights": str(folder)} if elsewhere else {}))
    right = pcv.load(name[: -len("_animals")], weights=folder / "model").predict(picture)
    expected = {}
    for index, probability in zip(right.indices, right.probabilities):
        expected[NAMES[index]] = probability
    assert all_of_them == again == pytest.approx(expected, abs=1e-5) and len(expected) == 4
    assert list(best) == [NAMES[right.indices[0]]]


def test_without_weights(home, picture, tmp_path):
    code = """
import sys, paddlehub as hub
for weights in (None, *sys.argv[1:]):
    try:
        hub.Module(name="mobilenet_v2_animals", weights=weights)
    except (FileNotFoundError, ValueError) as error:
        print("REFUSED", error)
"""
    short = tmp_path / "short"
    shutil.copytree(home.folder.parent / "elsewhere", short)
    (short / "label_list.txt").write_text("only\ntwo\n", encoding="utf-8")
    output = home(sys.executable, "-c", code, tmp_path, short)
    _, nothing, empty, too_few = output.split("REFUSED")
    for text in (nothing, empty):
        assert "comes without weights" in text and "label_list.txt" in text and "paddle-cv train" in text
    assert str(tmp_path) in empty and "2 names" in too_few and "5 classes" in too_few


@pytest.mark.data
def test_cats_and_dogs(home, picture, root, data, tmp_path):
    """Any folder of animals: a run of tools/train.py, and its file in the module. The names of the classes are in the file."""
    for part in ("train", "val"):
        for label in ("cats", "dogs"):
            (tmp_path / part / label).mkdir(parents=True)
            source = next(path for path in (data / "cats_dogs" / part).iterdir() if path.name.startswith(label[:3]))
            for path in sorted(source.iterdir())[:2]:
                shutil.copy(path, tmp_path / part / label)
    home(
        *(sys.executable, root / "tools" / "train.py", "--quiet"),
        *("-c", root / "configs" / "classification" / "finetune_cats_dogs.yaml"),
        *("-o", "model.name=mobilenet_v2", "model.weights=null", f"data.folders=[{tmp_path}]", "data.batch_size=2"),
        *(
            "data.augment=[{RandomResizedCrop: {size: 32}}]",
            "steps=1",
            "validation.every=1",
            f"output={tmp_path / 'run'}",
        ),
    )
    weights = tmp_path / "run" / "last.pdparams"
    expected = pcv.load("mobilenet_v2", weights).predict(picture).as_dict()
    assert set(expected) == {"cats", "dogs"}
    _, [by_argument, _] = _call(home, "mobilenet_v2_animals", picture, weights=str(weights))
    shutil.copy(weights, home.folder.parent / "home" / "modules" / "mobilenet_v2_animals" / "mobilenet_v2.pdparams")
    _, [by_place, _] = _call(home, "mobilenet_v2_animals", picture)
    assert by_argument == by_place == pytest.approx(expected, abs=1e-5)
    assert np.isclose(sum(by_place.values()), 1, atol=1e-5)
