"""Classification modules through the real `hub` program and `paddlehub` package, without a network."""

import base64
import json
import shutil
import sys

import pytest
from PIL import Image

import paddle_cv as pcv
from paddle_cv.weights import cached_path, save_state, with_class_names

pytest.importorskip("paddlehub", reason="paddlehub is not installed (pip install .[hub])")
import requests  # noqa: E402  (paddlehub brings it)

from paddle_cv.hub import write_module  # noqa: E402

from .support import HUB, Runner, serving  # noqa: E402

pytestmark = pytest.mark.hub


@pytest.fixture(scope="module")
def home(tmp_path_factory, root):
    """A HUB_HOME with a module that has its weights in its folder, and one whose weights would have to be fetched."""
    folder = tmp_path_factory.mktemp("hub")
    run = Runner(folder, root)
    module = write_module(pcv.model_spec("lenet"), folder)
    save_state(pcv.create_model("lenet").state_dict(), module / "lenet.pdparams")
    own = with_class_names(pcv.create_model("lenet", num_classes=3).state_dict(), ["ant", "bee", "猫"])
    save_state(own, run.folder / "own.pdparams")
    for path in (module, write_module(pcv.model_spec("resnet50"), folder)):
        assert f"Successfully installed {path.name}" in run(HUB, "install", path)
    return run


@pytest.fixture(scope="module")
def files(home, photo):
    folder = home.folder / "pictures"
    folder.mkdir()
    Image.fromarray(photo).save(folder / "a.png")
    Image.fromarray(photo[:100, :150]).save(folder / "b ä.png")
    return folder


@pytest.fixture(scope="module")
def expected(home, files):
    """What the weights of the installed module say, all ten classes of both pictures."""
    weights = home.folder.parent / "home" / "modules" / "lenet_mnist" / "lenet.pdparams"
    results = pcv.load("lenet", weights).predict(sorted(files.iterdir()), top_k=10)
    return [result.as_dict() for result in results]


def _same(results, expected):
    assert len(results) == len(expected)
    for result, right in zip(results, expected):
        assert result == pytest.approx({label: right[label] for label in list(right)[: len(result)]}, abs=1e-5)


def test_python(home, files, expected):
    code = """
import json, sys, cv2, numpy as np, paddlehub as hub
module = hub.Module(name="lenet_mnist")
paths = sys.argv[1:]
images = [cv2.imread(path) for path in paths]
report = [
    module.predict(paths=paths, top_k=10),
    module.classification(images=images, batch_size=2, top_k=10),
    module.predict(images=[np.dstack([image, np.full(image.shape[:2], 255, "uint8")]) for image in images], top_k=4),
    module.predict(images=images),
]
for bad in ({}, {"paths": paths[0]}, {"images": images[0]}, {"images": images, "top_k": 0}):
    try:
        module.predict(**bad)
    except (TypeError, ValueError) as error:
        report.append(str(error))
try:
    module.predict(images=[images[0], None])
except ValueError as error:
    report.append(error.results[1] is None and len(error.results[0]) == 1)
own = hub.Module(directory=module.directory, weights="own.pdparams")
report.append(own.predict(paths=paths, top_k=3))
print("REPORT", json.dumps(report))
"""
    output = home(sys.executable, "-c", code, *sorted(files.iterdir()))
    by_path, by_array, with_alpha, best, *refused, errors, own = json.loads(output.split("REPORT")[1].splitlines()[0])
    for results in (by_path, by_array, with_alpha, best):
        _same(results, expected)
    assert [len(result) for result in best] == [1, 1]
    assert len(refused) == 4 and "paths must be a list" in refused[1] and "top_k" in refused[3] and errors is True
    assert [set(result) for result in own] == [{"ant", "bee", "猫"}] * 2


def test_run(home, files, expected):
    output = home(HUB, "run", "lenet_mnist", "--input_path", files / "a.png", "--top_k", "3")
    best = list(expected[0])[:3]
    assert all(f"'{label}': " in output for label in best)
    folder = home.folder / "mixed"
    shutil.copytree(files, folder)
    (folder / "text.png").write_text("no picture")
    output = home(HUB, "run", "lenet_mnist", "--input_path", folder, code=1)
    assert "text.png: this is no picture" in output
    assert all(str(folder / path.name) in output for path in files.iterdir())


def test_serving(home, files, expected):
    with serving(home, "lenet_mnist") as port:
        address = f"http://127.0.0.1:{port}/predict/lenet_mnist"
        session = requests.Session()
        session.trust_env = False
        images = [base64.b64encode(path.read_bytes()).decode() for path in sorted(files.iterdir())]
        reply = session.post(address, json={"images": images, "top_k": 10}, timeout=120).json()
        assert reply["status"] == "000", reply
        _same(reply["results"], expected)
        bad = [
            {"images": images, "use_gpu": True},
            {"paths": ["/etc/passwd"]},
            {"images": images, "top_k": 0},
            {"images": images, "top_k": True},
            {"images": images, "top_k": "3"},
            {"images": images[0]},
        ]
        for body in bad:
            reply = session.post(address, json=body, timeout=60).json()
            assert reply["status"] == "101" and reply["msg"], body.keys()
        reply = session.post(address, json={"images": images}, timeout=60).json()
        assert reply["status"] == "000" and [len(result) for result in reply["results"]] == [1, 1]


def test_published_weights_without_a_network(home, files):
    """One clear error; a file for it is used."""
    code = """
import sys, paddlehub as hub
try:
    hub.Module(name="resnet50_imagenet")
except FileNotFoundError as error:
    print("REFUSED", error)
"""
    output = home(sys.executable, "-c", code).split("REFUSED")[1]
    published = pcv.model_spec("resnet50").published
    for part in (published.url, published.md5, str(cached_path(published)), "weights=<path>"):
        assert part in output
