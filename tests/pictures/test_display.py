"""What results show in a notebook."""

import base64
import copy
import io
import pickle
import re

import numpy as np
import pytest
from PIL import Image

import paddle_cv as pcv
from paddle_cv.inference import Classification
from paddle_cv.pictures.display import ResultList, picture_html, picture_png, table_html


def shown(page):
    """The pictures of a piece of HTML."""
    return [
        Image.open(io.BytesIO(base64.b64decode(data)))
        for data in re.findall('src="data:image/png;base64,([^"]+)"', page)
    ]


@pytest.mark.parametrize("scale, dtype", [(1, np.uint8), (257, np.uint16), (1 / 255, np.float32)])
@pytest.mark.parametrize("channels", [(), (1,), (2,), (3,), (4,)])
def test_arrays_of_every_depth(photo, scale, dtype, channels):
    array = np.resize(photo, (20, 30, *channels))
    picture = Image.open(io.BytesIO(picture_png((array * np.float64(scale)).astype(dtype))))
    assert np.array_equal(np.asarray(picture), array[..., 0] if channels == (1,) else array)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F"])
def test_images_of_every_mode(photo, mode):
    grey = Image.fromarray(photo[:50, :60]).convert("L")
    if mode == "I;16":
        image = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    elif mode == "F":
        image = Image.fromarray(np.asarray(grey) / np.float32(255))
    else:
        image = Image.fromarray(photo[:50, :60]).convert(mode)
    assert image.mode == mode
    picture = Image.open(io.BytesIO(picture_png(image, 30))).convert("L")
    assert picture.size == (30, 25)
    assert mode == "1" or np.abs(np.asarray(picture).astype(int) - np.asarray(grey.resize((30, 25)))).mean() < 20


def test_large_pictures_are_reduced_and_their_size_is_told():
    page = picture_html(np.zeros((300, 2000, 3), np.uint8), caption="<a>")
    assert shown(page)[0].size == (1024, 154) and "&lt;a&gt; · 2000 × 300" in page


def test_a_table():
    page = table_html([("cat & dog", 0.75), ("猫", 0.125)])
    assert "cat &amp; dog" in page and "75.0 %" in page and "12.5 %" in page and not shown(page)


def test_lists_are_rows_and_lists(predictor, photo):
    results = predictor.predict([photo[:20, :30], Image.fromarray(photo[:30, :20])])
    assert isinstance(results, list) and results == list(results) and len(results) == 2
    assert [picture.size for picture in shown(results._repr_html_())] == [(120, 80), (80, 120)]
    assert type(copy.copy(results)) is type(pickle.loads(pickle.dumps(ResultList([1])))) is ResultList
    assert len(shown(ResultList(results * 20)._repr_html_())) == 24 and "… 16" in ResultList(results * 20)._repr_html_()
    assert ResultList()._repr_html_() is None and ResultList([1])._repr_html_() is None


def test_classes_stand_below_their_picture(photo, tmp_path):
    path = tmp_path / "digit.png"
    Image.fromarray(photo[:28, :28]).save(path)
    result = pcv.load("lenet").predict(str(path), top_k=3)
    page = result._repr_html_()
    assert shown(page)[0].size == (28, 28) and all(label in page for label in result.labels)
    assert page.count("%</td>") == 3
    assert result == Classification(result.labels, result.probabilities, result.indices) and "source" not in repr(
        result
    )
    path.unlink()
    assert not shown(result._repr_html_()) and page.count("%</td>") == 3
    row = pcv.load("lenet").predict([photo[:28, :28], photo[28:56, :28]])
    assert len(shown(row._repr_html_())) == 2


def test_in_a_notebook(predictor, photo):
    """As IPython asks for it."""
    formatters = pytest.importorskip("IPython.core.formatters", reason="IPython is not installed")
    data, _ = formatters.DisplayFormatter().format(predictor.predict([photo[:20, :30]] * 2))
    assert len(shown(data["text/html"])) == 2 and data["text/plain"] == "[array 80x120x3 uint8, array 80x120x3 uint8]"
