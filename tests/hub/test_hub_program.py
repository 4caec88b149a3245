"""The real `hub` program and `paddlehub` package, in a HUB_HOME of their own, without a network."""

import base64
import io
import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

import paddle_cv as pcv

pytest.importorskip("paddlehub", reason="paddlehub is not installed (pip install .[hub])")
import requests  # noqa: E402  (paddlehub brings it)

from .support import HUB, Runner, png_bomb, serving  # noqa: E402

pytestmark = pytest.mark.hub


@pytest.fixture(scope="module")
def home(tmp_path_factory, root):
    """An empty working directory and a HUB_HOME in which the module is installed from the repository by `hub install`."""
    run = Runner(tmp_path_factory.mktemp("hub"), root)
    output = run(HUB, "install", root / "hub_modules" / "rdn_x4")
    assert "Successfully installed rdn_x4" in output
    return run


@pytest.fixture(scope="module")
def files(home, photo):
    folder = home.folder / "pictures"
    folder.mkdir()
    Image.fromarray(photo[:30, :40]).save(folder / "a.png")
    Image.fromarray(photo[50:70, :25]).save(folder / "b ä.jpg")
    return folder


def test_list_and_show(home):
    assert "rdn_x4" in home(HUB, "list")
    shown = home(HUB, "show", "rdn_x4")
    assert "1.0.0" in shown and "Fourfold" in shown


def test_run(home, files, predictor):
    output = home(HUB, "run", "rdn_x4", "--input_path", files / "a.png")
    assert "rdn_x4_output/a.png" in output
    written = np.asarray(Image.open(home.folder / "rdn_x4_output" / "a.png"))
    assert np.array_equal(written, np.asarray(predictor.predict(files / "a.png")))
    output = home(HUB, "run", "rdn_x4", "--input_path", files, "--output_dir", "all")
    assert {path.name for path in (home.folder / "all").iterdir()} == {"a.png", "b ä.png"}


def test_run_with_a_bad_file(home, files):
    folder = home.folder / "mixed"
    shutil.copytree(files, folder)
    (folder / "text.png").write_text("no picture")
    output = home(HUB, "run", "rdn_x4", "--input_path", folder, "--output_dir", "mixed_out", code=1)
    assert "text.png: this is no picture" in output
    assert {path.name for path in (home.folder / "mixed_out").iterdir()} == {"a.png", "b ä.png"}


def test_python(home, files, tmp_path):
    """`hub.Module` by name and by directory, in a process that has never seen this repository's folder."""
    code = """
import sys, cv2, numpy as np, paddlehub as hub
module = hub.Module(name="rdn_x4")
image = cv2.imread(sys.argv[1])
[by_array] = module.predict(images=[image])
[by_path] = module.reconstruct(paths=[sys.argv[1]], visualization=True, output_dir=sys.argv[2])
assert by_array["data"].shape == (120, 160, 3) and by_array["data"].dtype == np.uint8 and by_array["save_path"] == ""
assert np.array_equal(by_array["data"], by_path["data"])
assert np.array_equal(cv2.imread(by_path["save_path"]), by_path["data"])
other = hub.Module(directory=module.directory)
assert np.array_equal(other.predict(images=[image], batch_size=2)[0]["data"], by_array["data"])
[bgra] = module.predict(images=[np.dstack([image, image[..., 0]])])
assert bgra["data"].shape == (120, 160, 4)
[grey] = module.predict(images=[image[..., 0]])
assert grey["data"].shape == (120, 160)
for bad in ({}, {"paths": sys.argv[1]}, {"images": image}):
    try:
        module.predict(**bad)
    except TypeError as error:
        print("refused:", error)
try:
    module.predict(images=[image, None, image])
except ValueError as error:
    assert [result is None for result in error.results] == [False, True, False]
    print("refused:", error)
try:
    module.predict(images=[image], use_gpu=True)
except ValueError as error:
    print("refused:", error)
own = hub.Module(name="rdn_x4", weights=sys.argv[3])
assert own.spec.name == "rdn_custom" and own.predict(images=[image])[0]["data"].shape == (120, 160, 3)
try:
    hub.Module(name="rdn_x4", weights=sys.argv[4])
except ValueError as error:
    print("refused:", error)
"""
    import paddle

    import paddle_cv as pcv

    for name, target in (("rdn_a_x4", "own.pdparams"), ("rdn_a_x2", "other.pdparams")):
        paddle.save(pcv.create_model(name, num_blocks=1, num_layers=1).state_dict(), str(tmp_path / target))
    arguments = [files / "a.png", tmp_path / "out", tmp_path / "own.pdparams", tmp_path / "other.pdparams"]
    output = home(sys.executable, "-c", code, *arguments)
    assert len(re.findall("refused:", output)) == 6, output


def test_names_never_collide(home, files):
    code = """
import sys, paddlehub as hub
from pathlib import Path
module = hub.Module(name="rdn_x4")
first = Path(sys.argv[1])
again = first.parent / "again"
again.mkdir()
second = again / first.name
second.write_bytes(first.read_bytes())
before = first.read_bytes()
results = module.predict(paths=[str(first), str(second)], visualization=True, output_dir=str(first.parent))
saved = [result["save_path"] for result in results]
assert len(set(saved)) == 2 and str(first) not in saved and first.read_bytes() == before, saved
"""
    folder = home.folder / "collide"
    folder.mkdir()
    shutil.copy(files / "a.png", folder / "a.png")
    home(sys.executable, "-c", code, folder / "a.png")


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--use_multiprocess", "--workers", "2")], ids=["single", "multiprocess"])
def test_serving(home, files, root, predictor, options):
    """Two modules at once, with clients at once."""
    home(HUB, "install", root / "hub_modules" / "lenet_mnist")
    digits = pcv.load("lenet", root / "hub_modules" / "lenet_mnist" / "lenet.pdparams")
    image = base64.b64encode((files / "a.png").read_bytes()).decode()
    with serving(home, "rdn_x4", "lenet_mnist", *options) as port:

        def post(name, body):
            with requests.Session() as session:
                session.trust_env = False
                return session.post(f"http://127.0.0.1:{port}/predict/{name}", json=body, timeout=120).json()

        bodies = {"rdn_x4": {"images": [image, image]}, "lenet_mnist": {"images": [image], "top_k": 10}}
        with ThreadPoolExecutor(4) as pool:
            replies = [(name, pool.submit(post, name, body)) for name, body in list(bodies.items()) * 4]
            for name, future in replies:
                reply = future.result()
                assert reply["status"] == "000", reply
                if name == "lenet_mnist":
                    expected = digits.predict(files / "a.png", top_k=10).as_dict()
                    assert reply["results"] == [pytest.approx(expected, abs=1e-4)]
                    continue
                assert len(reply["results"]) == 2
                for entry in reply["results"]:
                    result = np.asarray(Image.open(io.BytesIO(base64.b64decode(entry["data"])))).astype(int)
                    # Worker processes share the cores differently, and floating-point sums come in another order.
                    assert np.abs(result - np.asarray(predictor.predict(files / "a.png"))).max() <= 1
        bad = [
            {"images": [image], "output_dir": "/tmp"},
            {"paths": ["/etc/passwd"]},
            {"images": [image], "use_gpu": True},
            {"images": [image], "self": 1},
            {"images": []},
            {"images": [image] * 9},
            {"images": ["not base64"]},
            {"images": [base64.b64encode(b"no picture").decode()]},
            {"images": [base64.b64encode(png_bomb()).decode()]},
        ]
        for name in bodies:
            for body in bad:
                reply = post(name, body)
                assert reply["status"] == "101" and reply["msg"], body.keys()
            assert post(name, {"images": [image]})["status"] == "000"
        assert post("nothing", {"images": [image]})["status"] == "111"


def test_uninstall_and_own_installer(home):
    assert "Successfully uninstalled rdn_x4" in home(HUB, "uninstall", "rdn_x4")
    assert "rdn_x4" not in home(HUB, "list")
    assert "rdn_x4" in home(sys.executable, "-m", "paddle_cv", "hub", "list")
    home(sys.executable, "-m", "paddle_cv", "hub", "install", "nothing", code=2)
    assert "installed rdn_x4 1.0.0" in home(sys.executable, "-m", "paddle_cv", "hub", "install")
    assert "rdn_x4" in home(HUB, "list")
