"""The command-line programs, as a user starts them."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import paddle_cv as pcv
from paddle_cv import analysis
from paddle_cv.weights import save_state, with_class_names


@pytest.fixture(scope="module")
def run(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")

    def call(*command, code=0):
        done = subprocess.run(
            [sys.executable, str(root / "tools" / command[0]), *map(str, command[1:])],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=600,
            env={**os.environ, "OMP_NUM_THREADS": "2"},
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout, done.stderr

    call.folder = folder
    return call


@pytest.mark.data
@pytest.mark.slow
def test_evaluate_prints_what_the_readme_quotes(run, data, root):
    sets = [data / "sr_test" / name for name in ("Set5", "Set14")]
    output, _ = run("evaluate.py", "rdn_lite_x4", "--data", *sets, "--json", "scores.json")
    card = json.loads((root / "hub_modules" / "rdn_x4" / "card.json").read_text())
    report = json.loads((run.folder / "scores.json").read_text())
    for name in ("Set5", "Set14"):
        mean = report["sets"][name]["mean"]
        for key, digits in (("psnr", 2), ("ssim", 4)):
            assert mean[key] == pytest.approx(card["scores"][name][key], abs=0.6 * 10**-digits)
            assert f"{mean[key]:.{digits}f}" in output
    assert report["sets"]["Set5"]["mean"]["psnr"] >= 31.35
    assert report["sets"]["Set5"]["mean"]["bicubic_psnr"] == pytest.approx(28.42, abs=0.05)


def test_evaluate_on_a_folder_of_pictures(run, photo):
    Image.fromarray(photo[:120, :120]).save(run.folder / "cat.png")
    (run.folder / "hr").mkdir()
    os.replace(run.folder / "cat.png", run.folder / "hr" / "cat.png")
    output, _ = run("evaluate.py", "rdn_x4", "--data", "hr", "--save", "enlarged")
    assert "cat" in output and "mean of 1" in output
    run("evaluate.py", "bicubic_x3", "--data", "hr", "--degradation", "bd", "--json", "bd.json")
    report = json.loads((run.folder / "bd.json").read_text())
    [scores] = analysis.evaluate(pcv.load("bicubic_x3", precision="float32"), run.folder / "hr", degradation="bd")
    assert report["degradation"] == "bd" and report["sets"]["hr"]["mean"]["psnr"] == pytest.approx(scores["psnr"])
    _, errors = run("evaluate.py", "bicubic_x3", "--data", "hr", "--degradation", "blur", code=2)
    assert "there is no degradation 'blur'" in errors
    assert Image.open(run.folder / "enlarged" / "hr" / "cat.png").size == (120, 120)
    _, errors = run("evaluate.py", "rdn_y4", "--data", "hr", code=2)
    assert "did you mean" in errors


def test_predict(run, photo):
    folder = run.folder / "in"
    (folder / "below").mkdir(parents=True)
    Image.fromarray(photo[:20, :30]).save(folder / "a.png")
    Image.fromarray(photo[:20, :20]).save(folder / "below" / "b.jpg")
    (folder / "text.png").write_text("no picture")
    output, errors = run("predict.py", "rdn_x4", folder, "-o", "out", code=1)
    assert "text.png: this is no picture" in errors
    written = {str(p.relative_to(run.folder / "out")) for p in (run.folder / "out").rglob("*") if p.is_file()}
    assert written == {"a.png", "below/b.jpg"}
    assert "2 of 3 pictures" in output and "megapixels/s" in output
    expected = pcv.load("rdn_x4").predict(photo[:20, :30])
    assert np.array_equal(np.asarray(Image.open(run.folder / "out" / "a.png")), expected)
    _, errors = run("predict.py", "rdn_x4", folder / "a.png", "-o", "out", code=1)
    assert "--overwrite" in errors
    run("predict.py", "rdn_x4", folder / "a.png", "-o", "out", "--overwrite")
    _, errors = run("predict.py", "rdn_x4", "none.png", "-o", "out", code=1)
    assert "no file none.png" in errors


def test_predict_with_a_chain_and_json(run, photo):
    folder = run.folder / "two words ö"
    folder.mkdir()
    Image.fromarray(photo[:20, :30]).save(folder / "猫.webp")
    (folder / "text.png").write_text("no picture")
    names = "bicubic_x2+nearest_x2"
    options = (
        "-o",
        "chained",
        "--format",
        "png",
        "--outscale",
        "3",
        "--self-ensemble",
        "--json",
        "--engine",
        "dygraph",
    )
    output, errors = run("predict.py", names, "two words ö/*", *options, code=1)
    bad, good = json.loads(output)
    assert bad["name"] == "two words ö/text.png" and "no picture" in bad["error"] and bad["error"] in errors
    assert (good["result"], good["width"], good["height"]) == ("chained/猫.png", 90, 60) and good["seconds"] > 0
    assert Image.open(run.folder / "chained" / "猫.png").size == (90, 60)
    _, errors = run("predict.py", "ffdnet_gray", "two words ö", "-o", "out", "--weights", "none", code=2)
    assert "none" in errors
    _, errors = run("predict.py", "bicubic_x2", folder, "-o", "out", "--noise_level", "3", code=2)
    assert "takes no noise_level" in errors
    _, errors = run("predict.py", "bicubic_x2", folder / "猫.webp", "-o", "out", "--max-megapixels", "0.0001", code=1)
    assert "limit of 0.0001 megapixels" in errors


def test_predict_nothing_and_for_nobody(run, root, photo):
    (run.folder / "empty").mkdir()
    output, errors = run("predict.py", "nearest_x2", "empty", "-o", "out", "--json", "--engine", "dygraph", code=1)
    assert json.loads(output) == [] and "no picture" in errors
    Image.fromarray(photo[:20, :30]).save(run.folder / "c.png")
    reader, writer = os.pipe()
    os.close(reader)
    command = [root / "tools" / "predict.py", "nearest_x2", "c.png", "-o", "unread", "--engine", "dygraph"]
    done = subprocess.run([sys.executable, *command], cwd=run.folder, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert done.returncode == 1 and "Traceback" not in done.stderr and "Exception" not in done.stderr
    assert (run.folder / "unread" / "c.png").exists()


def test_predict_classes(run, photo):
    folder = run.folder / "digits"
    folder.mkdir()
    Image.fromarray(photo).save(folder / "a.png")
    (folder / "text.png").write_text("no picture")
    network = pcv.create_model("lenet", num_classes=3)
    save_state(with_class_names(network.state_dict(), ["ant", "bee", "猫"]), run.folder / "own.pdparams")
    expected = pcv.load("lenet", run.folder / "own.pdparams").predict(photo)
    lines, errors = run("predict.py", "lenet", folder, "--weights", "own.pdparams", "--top_k", "1", code=1)
    assert lines == f"{folder / 'a.png'}: {expected.label} {expected.probability:.4f}\n"
    assert "failed:" in errors and "text.png: this is no picture" in errors
    output, _ = run("predict.py", "lenet", folder, "--weights", "own.pdparams", "--json", "--batch_size", "2", code=1)
    good, bad = json.loads(output)
    assert good["name"] == str(folder / "a.png") and list(good["labels"]) == list(expected.labels)
    assert good["labels"] == pytest.approx(expected.as_dict(), abs=1e-5) and "no picture" in bad["error"]
    _, errors = run("predict.py", "lenet", folder / "a.png", "-o", "out", code=2)
    assert "--output is not for lenet" in errors
    _, errors = run("predict.py", "rdn_x4", folder / "a.png", "-o", "out", "--top_k", "2", code=2)
    assert "--top-k is not for rdn_x4" in errors
    _, errors = run("predict.py", "rdn_x4", folder / "a.png", code=2)
    assert "-o FOLDER" in errors


def test_prepare_data(run, photo):
    folder = run.folder / "large"
    folder.mkdir()
    Image.fromarray(photo[:100, :100]).save(folder / "a.png")
    (folder / "b.png").write_bytes((folder / "a.png").read_bytes()[:2000])
    command = ("prepare_data.py", "large", "cut", "--size", "64", "--step", "36", "--processes", "2")
    output, errors = run(*command, code=1)
    assert "4 sub-images of 1 pictures in cut" in output and "2/2" in errors
    assert "failed: large/b.png: image file is truncated" in errors and len(list((run.folder / "cut").iterdir())) == 4
    (folder / "b.png").unlink()
    assert "--overwrite replaces" in run(*command, code=1)[1]
    output, errors = run(*command, "--overwrite", "--quiet")
    assert output == "4 sub-images of 1 pictures in cut\n" and "1/1" not in errors
    assert "large/in lies in large" in run("prepare_data.py", "large", "large/in", code=2)[1]


def test_evaluate_a_classifier(run, photo):
    for number, name in enumerate(["cat", "dog"]):
        (run.folder / "labelled" / "val" / name).mkdir(parents=True)
        Image.fromarray(photo[:, 100 * number :]).save(run.folder / "labelled" / "val" / name / "a.png")
    network = pcv.create_model("lenet", num_classes=2)
    network.fc3.bias.set_value(np.array([100, 0], np.float32))  # it knows cats only
    save_state(with_class_names(network.state_dict(), ["cat", "dog"]), run.folder / "cats.pdparams")
    output, _ = run("evaluate.py", "lenet", "--weights", "cats.pdparams", "--data", "labelled", "--json", "cats.json")
    assert output == "labelled: 50.00 % of 2 pictures\n"
    report = json.loads((run.folder / "cats.json").read_text())
    assert report == {"model": "lenet", "sets": {"labelled": {"accuracy": 0.5, "images": 2}}}
    _, errors = run("evaluate.py", "lenet", "--weights", "cats.pdparams", "--data", "pictures", code=2)
    assert "no folders of classes" in errors


def test_train_and_resume(run, photo):
    folder = run.folder / "pictures"
    folder.mkdir()
    Image.fromarray(photo).save(folder / "cat.png")
    (run.folder / "small.yaml").write_text(
        "model:\n  name: rdn_lite_x2\n  hyperparameters: {num_blocks: 1}\n"
        "data: {folders: [pictures], patch_size: 16, batch_size: 2}\n"
        "validation: {high: pictures, every: 3}\nsave_every: 3\nsteps: 3\noutput: runs/small\n"
    )
    output, _ = run("train.py", "-c", "small.yaml")
    assert "finished after 3 steps" in output and "best validation" in output
    _, errors = run("train.py", "-c", "small.yaml", code=1)
    assert "a run in runs/small" in errors and "--resume" in errors and "--overwrite" in errors
    output, errors = run("train.py", "-c", "small.yaml", "-o", "steps=6", "--resume")
    history = json.loads((run.folder / "runs/small/metrics.json").read_text())["history"]
    assert [entry["step"] for entry in history] == [0, 3, 6]
    log = (run.folder / "runs/small/train.log").read_text()
    assert "step 3:" in log and "step 6:" in log
    output, _ = run("evaluate.py", "rdn_x2", "--data", "pictures", "--weights", "runs/small/best.pdparams")
    assert f"{max(entry['psnr'] for entry in history):.2f}" in output
    _, errors = run("train.py", "-c", "small.yaml", "-o", "data.bach_size=1", code=2)
    assert "bach_size" in errors
    _, errors = run("train.py", "-c", "small.yaml", "-o", "data.folders=[nowhere]", "--overwrite", code=1)
    assert errors.rstrip().endswith("error: there is no folder nowhere")
    assert (run.folder / "runs/small/train.log").read_text() == log  # the earlier run is as it was


def test_benchmark(run):
    output, _ = run("benchmark.py", "predict", "--size", "24", "20", "--repeats", "1")
    assert "paddle_cv, paddle_inference" in output and "CPU s/megapixel" in output and "resnet50, batch 8" in output
    output, _ = run("benchmark.py", "train", "--batch_size", "1", "--patch", "8", "--repeats", "1")
    assert "CPU s/step" in output and "Steps per second" in output


@pytest.mark.slow
def test_large_photograph_in_bounded_memory(run):
    output, _ = run("benchmark.py", "large")
    size, _, memory = output.rpartition("peak memory ")
    assert "2000 x 1500 -> 8000 x 6000" in size
    assert float(memory.split()[0]) < 3
