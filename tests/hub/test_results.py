"""What `predict` of a module returns: PaddleHub's form, and a picture in a notebook."""

import copy
import io
import json
import pickle

import numpy as np
import pytest
from PIL import Image

from ..pictures.test_display import shown

hub = pytest.importorskip("paddlehub", reason="paddlehub is not installed (pip install .[hub])")

pytestmark = pytest.mark.hub


def load(root, name):
    return hub.Module(directory=str(root / "hub_modules" / name))


def test_pictures(root, photo, tmp_path):
    bgr = np.ascontiguousarray(photo[:20, :30, ::-1])
    results = load(root, "fsrcnn_x2").predict(images=[bgr, bgr], visualization=True, output_dir=str(tmp_path))
    assert isinstance(results, list) and all(isinstance(entry, dict) for entry in results)
    assert list(results[0]) == ["data", "save_path"] and results[0].get("save_path") == str(tmp_path / "image_0.png")
    assert {**results[0]} == dict(results[0]) == results[0]
    pictures = shown(results._repr_html_())
    assert len(pictures) == 2 and np.array_equal(np.asarray(pictures[0]), results[0]["data"][..., ::-1])
    assert "image_1.png · 60 × 40" in results._repr_html_()
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(results[0]._repr_png_()))), np.asarray(pictures[0]))
    for other in (copy.deepcopy(results), pickle.loads(pickle.dumps(results))):
        assert np.array_equal(other[1]["data"], results[1]["data"]) and other._repr_html_() == results._repr_html_()


def test_labels(root, photo):
    results = load(root, "lenet_mnist").classification(images=[photo[:28, :28]], top_k=2)
    assert isinstance(results, list) and isinstance(results[0], dict)
    assert json.loads(json.dumps(results)) == results == [dict(results[0])]
    page = results._repr_html_()
    [picture] = shown(page)
    assert np.array_equal(np.asarray(picture), photo[:28, :28, ::-1]) and all(label in page for label in results[0])
    assert pickle.loads(pickle.dumps(results)) == results and copy.copy(results[0])._repr_html_() in page
