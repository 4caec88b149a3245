"""What all results can do, and what predictors declare."""

import json

import numpy as np
import pytest
from PIL import Image

from paddle_cv.inference import Classification
from paddle_cv.inference.predictor import Predictor
from paddle_cv.inference.registry import Option, predictors
from paddle_cv.inference.result import Result
from paddle_cv.models.restoration.base import RestorationSpec
from paddle_cv.pictures import open_picture


def test_pictures_and_classes_are_results(tmp_path, photo):
    rgba = np.dstack([photo[:20, :30], np.zeros((20, 30), np.uint8)])
    picture = open_picture(rgba)
    classes = Classification(("cat", "dog"), (0.75, 0.25), (3, 1), source=picture)
    for result in (picture, classes):
        assert isinstance(result, Result)
        preview = result.preview()
        assert preview.size == (30, 20) and (np.asarray(preview) == 255).all()  # on white
        assert "<img" in result._repr_html_()
    assert picture.as_dict() == {"width": 30, "height": 20}
    assert np.array_equal(np.asarray(Image.open(picture.save(tmp_path / "a.png"))), rgba)
    written = json.loads(classes.save(tmp_path / "a.json").read_text(encoding="utf-8"))
    assert written == classes.as_dict() == {"cat": 0.75, "dog": 0.25}


def test_a_source_that_has_gone_has_no_preview(tmp_path):
    assert Classification(("cat",), (1.0,), (0,), source=tmp_path / "gone.png").preview() is None


def test_predictors_declare_what_programs_need():
    for kind in predictors().values():
        assert issubclass(kind, Predictor) and kind.scores
        names = [option.name for option in kind.options]
        assert len(names) == len(set(names))
        for option in kind.options:
            assert option.preset is None or option.label.keys() >= {"en", "zh"}, option.name


def test_options_as_flags_and_schemas():
    option = Option("noise_level", float, "of 255", least=0, most=75, needs="sigma", preset=15, label={"zh": "噪声"})
    told, other = (RestorationSpec("a", object, extra_inputs=inputs) for inputs in ({"sigma": (1, 1, 1)}, {}))
    assert option.applies(told) and not option.applies(other)
    assert not Option("tile", int, "pixels", preset=1, at_start=True).applies(told)
    assert option.flag == "--noise-level" and option.title("zh") == "噪声" and option.title("en") == "Noise level"
    schema = {"type": "number", "minimum": 0, "maximum": 75, "default": 15, "description": "Noise level."}
    assert option.schema == schema
    assert option.read("7.5") == 7.5
    with pytest.raises(ValueError, match="-1 is less than 0"):
        option.read("-1")
