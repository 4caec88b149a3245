"""A task that the library does not know, in a folder of its own, appears everywhere without an edit."""

import importlib.util
import json
import os
import subprocess
import sys
from textwrap import dedent

import numpy as np
import pytest
from PIL import Image

FILES = {
    "models/edges/__init__.py": """
        from dataclasses import dataclass

        import paddle

        from ..network import Network
        from ..registry import register_model
        from ..spec import ModelSpec


        @dataclass(frozen=True)
        class EdgesSpec(ModelSpec):
            words = {"edges": ("outline",)}
            titles = {"en": "Find edges", "zh": "边缘检测"}
            task: str = "edges"
            in_channels: int = 1


        class Sobel(Network):
            def forward(self, x):
                kernel = paddle.to_tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
                kernels = paddle.stack([kernel, kernel.T]).unsqueeze(1) / 4
                x = paddle.nn.functional.pad(x, [1, 1, 1, 1], mode="replicate")
                return paddle.nn.functional.conv2d(x, kernels).square().sum(1, keepdim=True).sqrt()


        register_model("sobel", Sobel, spec=EdgesSpec, reference=None)
    """,
    "inference/edges.py": """
        from dataclasses import dataclass
        from pathlib import Path

        import numpy as np
        import paddle
        from PIL import Image

        from ..pictures.display import picture_html
        from ..pictures.images import ImageError, open_picture
        from .predictor import Predictor
        from .registry import Option, Score, predictor


        @dataclass
        class Edges:
            pixels: np.ndarray

            def save(self, target):
                Path(target).parent.mkdir(parents=True, exist_ok=True)
                self.preview().save(target)
                return Path(target)

            def as_dict(self):
                return {"share": float(self.pixels.mean())}

            def preview(self):
                return Image.fromarray(self.pixels)

            def _repr_html_(self):
                return picture_html(self.preview())


        @predictor("edges")
        class EdgesPredictor(Predictor):
            options = (
                Option("threshold", float, "of the slope (0.5)", least=0, preset=0.5, most=1, step=0.1),
                Option("border", int, "pixels to leave out (0)"),
            )
            scores = {"share": Score(digits=1, unit=" %", factor=100)}
            writes = ".png"

            def __init__(self, network, spec, engine="auto", device="auto", **_):
                self.network, self.spec = network, spec

            def predict(self, images, **options):
                [result] = self.predict_each([images], **options)
                return result

            def predict_each(self, images, batch_size=1, threshold=0.5):
                for image in images:
                    try:
                        picture = image if hasattr(image, "preview") else open_picture(image)
                    except (ImageError, OSError) as error:
                        yield error
                        continue
                    x = np.asarray(picture.preview().convert("L"), np.float32) / 255
                    yield Edges(self.network(paddle.to_tensor(x[None, None])).numpy()[0, 0] > threshold)
    """,
    "analysis/evaluations/edges.py": """
        from pathlib import Path

        from ...inference.registry import Option
        from ..evaluation import Evaluation, evaluation


        @evaluation("edges")
        class EdgesEvaluation(Evaluation):
            about = "Edges: the share of the pixels. A test set is a folder of images."
            options = (Option("limit", float, "of the slope"),)

            def __init__(self, predictor, limit=0.5):
                super().__init__(predictor)
                self.limit = limit

            def facts(self):
                return {"limit": self.limit}

            def rows(self, folder):
                for path in sorted(Path(folder).glob("*.png")):
                    yield {"name": path.stem, **self.predictor.predict(path, threshold=self.limit).as_dict()}
    """,
    "hub/edges.py": """
        from ..inference.edges import EdgesPredictor
        from .base import NetworkModule, module_base


        @module_base("edges")
        class EdgesModule(NetworkModule):
            name, summary, model = "edges", "Finds edges.", "sobel"
            predictor_class = EdgesPredictor
            serving_result = {"type": "object"}
    """,
}

# A folder beside the package: each of its packages has a second place to look for modules.
DRIVER = """
import contextlib, io, json, os, sys
from importlib.machinery import PathFinder

folder, parts = sys.argv[1], sys.argv[2].split(",")

class Beside:
    @staticmethod
    def find_spec(name, path=None, target=None):
        spec = PathFinder.find_spec(name, path, target)
        if name.startswith("paddle_cv.") and spec is not None and spec.submodule_search_locations is not None:
            spec.submodule_search_locations.append(os.path.join(folder, *name.split(".")[1:]))
        return spec

sys.meta_path.insert(0, Beside)

def run(*arguments):
    from paddle_cv.cli import main
    sys.argv = ["paddle-cv", *arguments]
    with contextlib.redirect_stdout(io.StringIO()) as output, contextlib.redirect_stderr(output):
        try:
            code = main()
        except SystemExit as end:
            code = end.code
    return code, output.getvalue()

import paddle_cv as pcv

told = {"models": pcv.list_models(task="edges")}
try:
    pcv.model_spec("outliner")
except KeyError as error:
    told["suggested"] = str(error)
told["help"] = run("predict", "--help")
told["predict"] = run("predict", "sobel", "photos", "-o", "out", "--threshold", "0.2", "--json")
told["foreign"] = run("predict", "sobel", "photos", "-o", "out", "--top-k", "2")
told["evaluate"] = run("evaluate", "sobel", "--data", "photos", "--limit", "0.2", "--json", "scores.json")
told["other evaluate"] = run("evaluate", "bicubic_x2", "--data", "photos", "--limit", "0.2")
if "page" in parts:
    import gradio as gr
    from paddle_cv import demo
    page = demo.Page([demo.own_network("sobel"), demo.own_network("bicubic_x2")], "en")
    told["tabs"] = [block.label for block in page.blocks.values() if isinstance(block, gr.Tab)]
    told["widgets"] = [block.label for block in page.blocks.values() if isinstance(block, gr.Slider)]
    [tab] = [one for one in page.tabs if "sobel" in one.networks]
    facts, preview = tab.classify(os.path.abspath("photos/a.png"), "sobel", "en", 0.2)
    told["shown"] = [facts, preview.size]
if "hub" in parts:
    from paddle_cv.hub import module_base
    from paddle_cv.hub.server.openapi import describe
    document = describe([module_base.get("edges")], 1000, False)
    body = document["paths"]["/predict/edges"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    told["schema"] = body["properties"]
print(json.dumps(told))
"""

PARTS = {"page": "gradio", "hub": "paddlehub"}


@pytest.fixture(scope="module")
def told(tmp_path_factory, root):
    """What the library says and does with a task for edges beside its own."""
    folder = tmp_path_factory.mktemp("task")
    for name, text in FILES.items():
        (folder / "own" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "own" / name).write_text(dedent(text), encoding="utf-8")
    (folder / "photos").mkdir()
    step = np.zeros((20, 30), np.uint8)
    step[:, 15:] = 255
    Image.fromarray(step).save(folder / "photos" / "a.png")
    parts = [part for part, package in PARTS.items() if importlib.util.find_spec(package)]
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, "own", ",".join(parts)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 0
    return {**json.loads(done.stdout.splitlines()[-1]), "folder": folder}


def test_it_is_in_the_list(told):
    assert told["models"] == ["sobel"] and "sobel" in told["suggested"]


def test_the_command_line_has_its_flags(told):
    code, text = told["help"]
    assert code == 0 and "edges:" in text and "--threshold" in text and "--border" in text
    code, text = told["foreign"]
    assert code == 2 and "--top-k is not for sobel" in text
    code, text = told["predict"]
    [entry] = json.loads(text)
    assert code == 0 and entry == {"name": "photos/a.png", "result": "out/a.png", "share": pytest.approx(1 / 15)}
    assert np.asarray(Image.open(told["folder"] / "out" / "a.png"))[:, 14:16].all()


def test_it_is_measured(told):
    code, text = told["evaluate"]
    assert code == 0 and text.strip() == "photos: 6.7 % of 1 pictures"
    report = json.loads((told["folder"] / "scores.json").read_text(encoding="utf-8"))
    assert report == {"model": "sobel", "limit": 0.2, "sets": {"photos": {"share": pytest.approx(1 / 15), "images": 1}}}
    code, text = told["other evaluate"]
    assert code == 2 and "--limit is for edges" in text


def test_the_page_has_a_tab(told):
    if "tabs" not in told:
        pytest.skip('Gradio is not installed (pip install ".[demo]")')
    assert "Find edges" in told["tabs"] and "Enlarge, clean" in told["tabs"] and "Threshold" in told["widgets"]
    assert told["shown"] == [{"share": pytest.approx(1 / 15)}, [30, 20]]


def test_the_server_describes_its_options(told):
    if "schema" not in told:
        pytest.skip("PaddleHub is not installed")
    assert told["schema"].keys() == {"images", "threshold"}
    assert told["schema"]["threshold"] == {
        "type": "number",
        "minimum": 0,
        "maximum": 1,
        "default": 0.5,
        "description": "Threshold.",
    }
