"""Each extra, installed alone, does what the documents say of it."""

import json
import shutil
import socket
import subprocess
import time
import urllib.request

import pytest
from PIL import Image

pytestmark = pytest.mark.bare


def quiet(errors: str) -> bool:
    return "Warning" not in errors and "WARNING" not in errors and "Traceback" not in errors


def test_the_core_predicts(environment, wheel):
    bare = environment(wheel)
    output, errors = bare("paddle-cv", "predict", "rdn_x4", "photo.png", "-o", "results")
    assert "1 of 1 pictures" in output and errors == ""
    assert Image.open(bare.work / "results" / "photo.png").size == (256, 256)
    output, errors = bare("paddle-cv", "predict", "dncnn_gray_s25+rdn_x2", "photo.png", "-o", "both")
    assert quiet(errors)
    code = (
        "import paddle_cv as pcv; pcv.create_model('resnet18'); print(len(pcv.list_models()))\n"
        "print(pcv.load('lenet_mnist').predict('photo.png').label)"
    )
    output, errors = bare("python", "-c", code)
    assert int(output.split()[0]) > 100 and quiet(errors)
    assert "mnist" in bare("paddle-cv", "data", "list")[0]
    # What is not here says which extra brings it, and nothing else.
    for program, extra in {
        "train": "train",
        "evaluate": "train",
        "compare": "train",
        "demo": "demo",
        "hub": "hub",
    }.items():
        arguments = ["rdn_x4", "--image", "photo.png", "-o", "a.png"] if program == "compare" else []
        if program == "evaluate":
            arguments = ["rdn_x4", "--data", "photos"]
        output, errors = bare("paddle-cv", program, *arguments, code=2)
        assert f'pip install "paddle-cv[{extra}]"' in errors and len(errors.splitlines()) == 1, errors
    assert "paddle-cv[onnx]" in bare("paddle-cv", "export", "rdn_x4", "-o", "rdn.onnx", code=1)[1]
    assert not {"scipy", "scikit-image", "opencv-python", "paddlehub", "torch"} & bare.packages()


def test_train(environment, wheel):
    bare = environment(f"{wheel}[train]")
    overrides = ["data.folders=[photos]", "validation.high=photos", "steps=2", "data.batch_size=2"]
    overrides += ["model.hyperparameters={num_blocks: 1}", "output=run"]
    output, errors = bare("paddle-cv", "train", "-c", "rdn_lite_x4", "-o", *overrides)
    assert "finished after 2 steps" in output and quiet(errors)
    weights = bare.work / "run" / "last.pdparams"
    _, errors = bare("paddle-cv", "predict", "rdn_lite_x4", "--weights", weights, "photo.png", "-o", "results")
    assert quiet(errors)
    output, errors = bare("paddle-cv", "evaluate", "rdn_x4", "--data", "photos")
    assert "mean of 4" in output and quiet(errors)
    _, errors = bare("paddle-cv", "compare", "rdn_x4", "--image", "photos/0.png", "-o", "figure.png")
    assert (bare.work / "figure.png").is_file() and quiet(errors)
    output, errors = bare("paddle-cv", "prepare-data", "photos", "cut", "--size", "64")
    assert "of 4 pictures in cut" in output and quiet(errors)
    assert "paddlehub" not in bare.packages()


def test_onnx(environment, wheel):
    bare = environment(f"{wheel}[onnx]")
    output, errors = bare("paddle-cv", "export", "rdn_x4", "-o", "rdn.onnx")
    assert "differs from the network by" in output and quiet(errors) and (bare.work / "rdn.onnx").is_file()
    _, errors = bare("paddle-cv", "predict", "rdn_x4", "photo.png", "-o", "results", "--engine", "onnxruntime")
    assert errors == ""


def test_video(environment, wheel):
    bare = environment(f"{wheel}[video]")
    code = (
        "import av, numpy as np\n"
        "with av.open('clip.mp4', 'w') as clip:\n"
        "    stream = clip.add_stream('libx264', rate=10); stream.width = stream.height = 32; stream.pix_fmt = 'yuv420p'\n"
        "    for n in range(3):\n"
        "        frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 40 * n, 'uint8'), 'rgb24')\n"
        "        clip.mux(stream.encode(frame))\n"
        "    clip.mux(stream.encode())\n"
    )
    bare("python", "-c", code)
    output, errors = bare("paddle-cv", "predict", "fsrcnn_x2", "clip.mp4", "-o", "results", "--json")
    [entry] = json.loads(output)
    assert (entry["width"], entry["height"], entry["frames"]) == (64, 64, 3) and quiet(errors)


def answers(bare, command, port, path="/"):
    """What a program of the environment replies over HTTP, once it does."""
    process = subprocess.Popen(
        [str(bare.bin / command[0]), *command[1:]], cwd=bare.work, env=bare.variables, stderr=subprocess.PIPE, text=True
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        for _ in range(240):
            assert process.poll() is None, process.stderr.read()
            try:
                with opener.open(f"http://127.0.0.1:{port}{path}", timeout=30) as reply:
                    return reply.status, reply.read().decode("utf-8", "replace")
            except OSError:
                time.sleep(0.5)
        raise AssertionError("no answer")
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_demo(environment, wheel):
    bare = environment(f"{wheel}[demo]")
    port = free_port()
    status, page = answers(bare, ["paddle-cv", "demo", "--port", str(port)], port)
    assert status == 200 and "<html" in page
    assert "paddlehub" not in bare.packages()


def test_serve_and_hub(environment, wheel):
    """`serve` needs `hub`, and brings it: both are tried here, as they take 2 GB."""
    bare = environment(f"{wheel}[serve]")
    output, errors = bare("paddle-cv", "hub", "install", "rdn_x4")
    assert "installed rdn_x4" in output
    assert "rdn_x4: ok" in bare("paddle-cv", "hub", "check")[0]
    bare("hub", "run", "rdn_x4", "--input_path", "photo.png")
    assert list(bare.work.glob("rdn_x4_output/*"))
    port = free_port()
    status, _ = answers(bare, ["paddle-cv", "serve", "rdn_x4", "--port", str(port)], port, "/openapi.json")
    assert status == 200
    # From another folder, and by the line of the documents.
    shutil.rmtree(bare.work / "rdn_x4_output")
    code = (
        "import paddlehub as hub\n"
        "print(hub.Module(name='rdn_x4').predict(paths=['photo.png'], visualization=True)[0]['save_path'])"
    )
    assert "photo.png" in bare("python", "-c", code)[0]
