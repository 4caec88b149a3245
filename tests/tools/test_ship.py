"""Shipping tiny runs of all kinds in a small copy of the repository."""

import json
import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import paddle_cv as pcv
from paddle_cv.analysis import card_table, read_card
from paddle_cv.models import registry
from paddle_cv.training import Trainer, load_config
from tests.hub.support import Runner
from tools.maintain import ship

MARKS = ("shipped super-resolution", "shipped denoisers", "exercises")
MODELS = {"fsrcnn_x3": "tiny_x3", "dncnn_gray_s25": "tiny_denoiser", "lenet": "tiny_digits"}
CONFIGURATIONS = {
    "fsrcnn_x3": "data: {folders: [FOLDER/val/0], patch_size: 8, batch_size: 1}\nvalidation: {high: FOLDER/val/0}\n",
    "dncnn_gray_s25": "data: {folders: [FOLDER/val/0], patch_size: 8, batch_size: 1, noise_level: [25]}\n"
    "validation: {high: FOLDER/val/0}\n",
    "lenet": "data: {folders: [FOLDER], batch_size: 2}\n",
}


@pytest.fixture(scope="module")
def repository(tmp_path_factory, root, photo):
    """Documents with marks, data, and one run of one step for each kind of network."""
    folder = tmp_path_factory.mktemp("repository")
    (folder / "docs").mkdir()
    for name in ("scores.md", "scores.zh-CN.md"):
        text = "".join(f"<!-- {mark} -->\n<!-- end of {mark} -->\n" for mark in MARKS)
        (folder / "docs" / name).write_text(text, encoding="utf-8")
    shutil.copy(root / "docs" / "published.json", folder / "docs")
    for part in ("train", "val"):
        for digit in range(10):
            path = folder / "digits" / part / str(digit) / "a.png"
            path.parent.mkdir(parents=True)
            Image.fromarray(photo[100:136, 20 * digit : 20 * digit + 36]).save(path)
    (folder / "configs").mkdir()
    for name, text in CONFIGURATIONS.items():
        path = folder / "configs" / f"{name}.yaml"
        head = f"model: {{name: {name}, compile: false}}\nsteps: 1\noutput: {folder}/runs/{name}\n"
        path.write_text(head + text.replace("FOLDER", str(folder / "digits")), encoding="utf-8")
        Trainer(load_config(path), progress=False).train()
    return folder


@pytest.fixture(scope="module")
def registered():
    with pytest.MonkeyPatch.context() as patch:
        for name, module in MODELS.items():
            patch.setitem(registry._SPECS, name, replace(pcv.model_spec(name), hub_module=module))
        yield


@pytest.fixture(scope="module")
def shipped(repository, registered):
    """Modules with the weights of all runs."""
    for name, module in MODELS.items():
        data = repository / "digits" / ("val/0" if name != "lenet" else "")
        made = ship.ship(repository / "runs" / name, [str(data)], "two cores", "a note", root=repository)
        assert made == repository / "hub_modules" / module
    ship.update(repository)
    return repository


def test_ship(shipped):
    for name, module in MODELS.items():
        folder = shipped / "hub_modules" / module
        card = read_card(folder)
        assert card["model"] == name and card["config"] == f"configs/{name}.yaml" and card["steps"] == 1
        assert card["hardware"] == "two cores" and card["note"] == "a note"
        assert card.get("noise_level") == (25 if "dncnn" in name else None)
        [scores] = card["scores"].values()
        assert set(scores) & {"psnr", "accuracy"}
        english, chinese = ((folder / file).read_text(encoding="utf-8") for file in ("README.md", "README.zh-CN.md"))
        assert english.startswith(f"# {module}\n") and "## V. History" in english and "## 五、更新历史" in chinese
        assert card["sha256"] in english and card["sha256"] in chinese and "$" not in english + chinese
        assert pcv.from_checkpoint(folder / f"{name}.pdparams")[1].name == name
    page = (shipped / "hub_modules" / "tiny_denoiser" / "README.md").read_text(encoding="utf-8")
    assert "standard deviation of 25" in page and "| IRCNN |" not in page  # nothing is published for this test set
    scores = (shipped / "docs" / "scores.md").read_text(encoding="utf-8")
    assert "| [tiny_x3](../hub_modules/tiny_x3/README.md) | fsrcnn_x3 (" in scores
    assert "| [tiny_denoiser](" in scores and "Denoising, PSNR" in scores
    assert ship.update(shipped) == []


def test_what_was_changed_in_a_configuration_stands_on_the_card(repository, registered):
    options = [
        "optimizer.learning_rate=2e-3",
        "data.degradation=bd",
        f"output={repository}/runs/changed",
        "save_every=1",
    ]
    Trainer(load_config(repository / "configs" / "fsrcnn_x3.yaml", options), progress=False).train()
    folder = ship.ship(
        repository / "runs" / "changed", [str(repository / "digits/val/0")], "two cores", root=repository
    )
    card = read_card(folder)
    assert card["overrides"] == {"optimizer.learning_rate": 0.002} and card["degradation"] == "bd"
    for language, heading in (("en", "changed in it"), ("zh", "对配置的改动")):
        assert f"| {heading} | optimizer.learning_rate: 0.002 |" in card_table(card, language)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"finished": False}, "has not ended, at step 1: --resume goes on"),
        ({"step": 2}, "the weights of .* are from step 2, its last validation from step 1"),
    ],
)
def test_weights_that_the_last_validation_does_not_describe_are_not_shipped(
    repository, registered, tmp_path, change, message
):
    run = tmp_path / "run"
    shutil.copytree(repository / "runs" / "fsrcnn_x3", run)
    metrics = json.loads((run / "metrics.json").read_text())
    (run / "metrics.json").write_text(json.dumps({**metrics, **change}))
    with pytest.raises(ValueError, match=message):
        ship.ship(run, ["a"], "two cores", root=repository)


def test_exercises(repository):
    ship.note_exercises([repository / "runs" / "lenet"], repository)
    [(name, row)] = json.loads((repository / "docs" / "exercises.json").read_text()).items()
    assert name == "lenet" and row["parameters"] == 61706 and row["config"] == "configs/lenet.yaml"
    history = json.loads((repository / "runs" / "lenet" / "metrics.json").read_text())["history"]
    assert row["accuracy"] == pytest.approx(history[-1]["accuracy"], abs=1e-6) and row["data"] == "digits"
    text = ship.marked_documents(repository)[repository / "docs/scores.md"]
    assert f"| digits | [lenet](../configs/lenet.yaml) | lenet (61.7K) | {100 * row['accuracy']:.2f} % | 1 |" in text
    with pytest.raises(ValueError, match="is no classifier"):
        ship.note_exercises([repository / "runs" / "fsrcnn_x3"], repository)
    (repository / "docs" / "exercises.json").unlink()


def test_what_is_missing_is_said(repository, registered, tmp_path, monkeypatch):
    run = repository / "runs" / "fsrcnn_x3"
    with pytest.raises(FileNotFoundError, match="has no config.yaml"):
        ship.ship(tmp_path, ["a"], "two cores", root=repository)
    other = tmp_path / "run"
    shutil.copytree(run, other)
    text = (run / "config.yaml").read_text()
    (other / "config.yaml").write_text("".join(line for line in text.splitlines(True) if not line.startswith("file:")))
    with pytest.raises(ValueError, match="--config"):
        ship.ship(other, ["a"], "two cores", root=repository)
    with pytest.raises(ValueError, match="there is no configuration configs/none.yaml"):
        ship.ship(other, ["a"], "two cores", config_file="configs/none.yaml", root=repository)
    (other / "config.yaml").write_text(text.replace("name: fsrcnn_x3", "name: lenet"))
    with pytest.raises(ValueError, match="other hyperparameters"):
        ship.ship(other, ["a"], "two cores", root=repository)
    for name, line in (
        (
            "srcnn_955_x3",
            'hub_modules={3: "srcnn_x3"} to its register_model(...) in paddle_cv/models/restoration/srcnn.py',
        ),
        ("lenet", 'hub_modules={None: "lenet_mnist"}'),
        ("mnist_cnn_bn", 'hub_modules={None: "mnist_cnn_bn"}'),
    ):
        monkeypatch.setitem(registry._SPECS, name, replace(pcv.model_spec(name), hub_module=None))
        (other / "config.yaml").write_text(text.replace("name: fsrcnn_x3", f"name: {name}"))
        with pytest.raises(ValueError) as error:
            ship.ship(other, ["a"], "two cores", root=repository)
        assert line in str(error.value)


@pytest.mark.hub
def test_shipped_modules_work(shipped, root, tmp_path, photo):
    pytest.importorskip("paddlehub", reason="paddlehub is not installed (pip install .[hub])")
    code = """
import sys, numpy as np, paddlehub as hub
image, folder = np.load(sys.argv[1]), sys.argv[2]
[large] = hub.Module(directory=folder + "/tiny_x3").reconstruct(images=[image])
denoiser = hub.Module(directory=folder + "/tiny_denoiser")
[clean] = denoiser.denoise(images=[image])
[same] = denoiser.predict(images=[image], visualization=True)
assert same["save_path"] == "tiny_denoiser_output/image_0.png" and np.array_equal(same["data"], clean["data"])
[digit] = hub.Module(directory=folder + "/tiny_digits").classification(images=[image])
np.savez(sys.argv[3], large=large["data"], clean=clean["data"], digit=list(digit))
"""
    image = photo[:20, :24]
    np.save(tmp_path / "image.npy", image[..., ::-1])
    run = Runner(tmp_path, root)
    run(sys.executable, "-c", code, tmp_path / "image.npy", shipped / "hub_modules", tmp_path / "results.npz")
    results = np.load(tmp_path / "results.npz")
    assert results["large"].shape == (60, 72, 3) and results["digit"][0] in "0123456789"
    weights = shipped / "hub_modules" / "tiny_denoiser" / "dncnn_gray_s25.pdparams"
    expected = pcv.load("dncnn_gray_s25", weights=weights).predict(image)
    assert np.abs(results["clean"][..., ::-1].astype(int) - expected).max() <= 1
