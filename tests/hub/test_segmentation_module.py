"""Modules that cut out, with PaddleHub's arguments and results."""

import base64
import io

import cv2
import numpy as np
import paddlehub as hub
import pytest
from PIL import Image

from paddle_cv.hub import HumanSegmentationModule
from paddle_cv.models import model_spec
from paddle_cv.pictures import open_picture


@pytest.fixture(scope="module")
def module(root):
    return hub.Module(directory=str(root / "hub_modules" / "portrait_seg"))


def test_without_files_of_paddlehub_the_shipped_weights_do_the_work(root, photo, module, caplog):
    humanseg = hub.Module(directory=str(root / "hub_modules" / "deeplabv3p_xception65_humanseg"))
    assert "portrait_squeezenet cuts out in its place" in caplog.text
    picture = photo[:40, :30]
    [ours], [theirs] = (each.segmentation(images=[picture]) for each in (module, humanseg))
    np.testing.assert_array_equal(ours["data"], theirs["data"])


def test_paddlehubs_threshold():
    """max(0, 255 p - 120) 255 / 135 of a probability p."""
    spec = model_spec("deeplabv3_plus_xception65_humanseg")
    picture = open_picture(np.zeros((1, 3, 3), np.uint8))
    predictor = object.__new__(HumanSegmentationModule.predictor_class)
    predictor.spec = spec
    share = np.array([[0.2, 0.75, 1.0]], np.float32)
    wanted = np.maximum(0, 255 * share - 120) * 255 / 135
    np.testing.assert_allclose(predictor.alpha_of(picture, share) * 255, wanted, rtol=1e-5)


def test_result_and_files(module, photo, tmp_path):
    cv2.imwrite(str(tmp_path / "me.png"), photo[:60, :50])
    entries = module.segmentation(
        images=[photo[:40, :30]],
        data={"image": [str(tmp_path / "me.png")]},
        visualization=True,
        output_dir=str(tmp_path / "out"),
    )
    assert [entry["data"].shape for entry in entries] == [(60, 50), (40, 30)]
    for entry in entries:
        assert entry["data"].dtype == np.float32 and 0 <= entry["data"].min() <= entry["data"].max() <= 255
        saved = Image.open(entry["save_path"])
        assert saved.mode == "RGBA"
        np.testing.assert_array_equal(np.asarray(saved)[..., 3], entry["data"])
    assert entries[0]["save_path"] == str(tmp_path / "out" / "me.png")
    [again] = module.predict(paths=[str(tmp_path / "me.png")])
    assert again["save_path"] == "" and (again["data"] == entries[0]["data"]).all()
    with pytest.raises(TypeError, match="images"):
        module.segmentation()


def test_served(module, photo):
    file = io.BytesIO()
    Image.fromarray(photo[:40, :30]).save(file, "PNG")
    [answer] = module.serving_method(images=[base64.b64encode(file.getvalue()).decode()])
    mask, cutout = (Image.open(io.BytesIO(base64.b64decode(answer[key]))) for key in ("data", "cutout"))
    assert (mask.mode, mask.size, cutout.mode) == ("L", (30, 40), "RGBA")


def test_command(module, photo, tmp_path):
    Image.fromarray(photo[:40, :30]).save(tmp_path / "me.jpg")
    Image.fromarray(photo[:20, :64]).save(tmp_path / "sea.jpg")
    options = ["--input_path", str(tmp_path / "me.jpg"), "--output_dir", str(tmp_path / "out")]
    [file] = module.run_cmd(options).values()
    assert Image.open(file).mode == "RGBA"
    [file] = module.run_cmd([*options, "--background", str(tmp_path / "sea.jpg")]).values()
    assert Image.open(file).size == (64, 20)
