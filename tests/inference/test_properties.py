"""What holds for pictures of every mode, size and depth. The networks are interpolation: cheap, and one knows the result."""

import io
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from paddle_cv.inference import RestorationPredictor
from paddle_cv.inference.tiling import tiles
from paddle_cv.models import build_model, model_spec
from paddle_cv.pictures import open_picture, save_picture

SIDES = st.integers(1, 40)
DTYPES = st.sampled_from([np.uint8, np.uint16, np.float32])
# Each example takes milliseconds, but not on a machine that is busy with something else.
many = settings(max_examples=60, deadline=None)


def _predictor(name, **options):
    return RestorationPredictor(build_model(name), model_spec(name), engine="dygraph", **options)


@pytest.fixture(scope="module")
def nearest():
    """Predictors with windows of several sizes."""
    return [_predictor("nearest_x2", tile=tile, overlap=overlap) for tile, overlap in ((384, 1), (16, 0), (9, 4))]


@pytest.fixture(scope="module")
def smooth():
    return {name: _predictor(name) for name in ("bicubic_x2", "lanczos_x3")}


def _pixels(seed, shape, dtype):
    values = np.random.default_rng(seed).random(shape)
    return values.astype(dtype) if dtype == np.float32 else np.rint(values * np.iinfo(dtype).max).astype(dtype)


def _twice(array):
    return array.repeat(2, axis=0).repeat(2, axis=1)


@many
@given(seed=st.integers(0, 2**32 - 1), height=SIDES, width=SIDES, dtype=DTYPES, which=st.integers(0, 2))
def test_colours_come_out_as_they_went_in(nearest, seed, height, width, dtype, which):
    color = _pixels(seed, (height, width, 3), dtype)
    result = nearest[which].predict(color)
    assert result.dtype == dtype
    # 16-bit numbers go to floating-point numbers of 24 bits and back.
    assert np.allclose(result, _twice(color), rtol=0, atol=1e-6 if dtype == np.float32 else 0)


@many
@given(
    seed=st.integers(0, 2**32 - 1),
    height=SIDES,
    width=SIDES,
    dtype=DTYPES,
    transparent=st.booleans(),
    grey=st.booleans(),
)
def test_form_is_kept(nearest, seed, height, width, dtype, transparent, grey):
    channels = (1 if grey else 3) + transparent
    array = _pixels(seed, (height, width, channels), dtype)
    if transparent:
        array[..., -1] *= (np.random.default_rng(seed).random((height, width)) < 0.5).astype(dtype)
    array = array[..., 0] if channels == 1 else array
    result = nearest[0].predict(array)
    assert result.dtype == dtype and result.shape == (2 * height, 2 * width, *array.shape[2:])
    if transparent:
        seen = _twice(array[..., -1]) > 0
        step = 1e-6 if dtype == np.float32 else 1
        assert np.allclose(result[..., :-1][seen], _twice(array)[..., :-1][seen], rtol=0, atol=step)


@many
@given(height=SIDES, width=SIDES, seed=st.integers(0, 2**32 - 1), name=st.sampled_from(["bicubic_x2", "lanczos_x3"]))
def test_one_colour_has_no_fringe(smooth, height, width, seed, name):
    """Whatever lies under transparent pixels, the visible colour stays what it is."""
    random = np.random.default_rng(seed)
    array = random.integers(0, 256, (height, width, 4)).astype(np.uint8)
    array[array[..., 3] < 150, 3] = 0
    visible = array[..., 3] > 0
    array[visible, :3] = (200, 100, 50)
    result = smooth[name].predict(array)
    if visible.any():
        assert np.abs(result[..., :3].astype(int) - (200, 100, 50)).max() <= 1


# Mode, format, and the mode of the file that comes back where it is another.
FILES = {
    ("1", "PNG"): "L",
    ("L", "PNG"): "L",
    ("LA", "PNG"): "LA",
    ("P", "PNG"): "RGB",
    ("PA", "PNG"): "RGBA",
    ("RGB", "PNG"): "RGB",
    ("RGBA", "PNG"): "RGBA",
    ("I;16", "PNG"): "I;16",
    ("L", "JPEG"): "L",
    ("RGB", "JPEG"): "RGB",
    ("CMYK", "JPEG"): "CMYK",
    ("RGB", "WEBP"): "RGB",
    ("RGBA", "WEBP"): "RGBA",
    ("L", "BMP"): "L",
    ("RGB", "BMP"): "RGB",
    ("P", "BMP"): "RGB",
    ("L", "TIFF"): "L",
    ("LA", "TIFF"): "LA",
    ("RGB", "TIFF"): "RGB",
    ("RGBA", "TIFF"): "RGBA",
    ("CMYK", "TIFF"): "CMYK",
    ("I;16", "TIFF"): "I;16",
    ("F", "TIFF"): "F",
    ("L", "PPM"): "L",
    ("RGB", "PPM"): "RGB",
}
SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "BMP": ".bmp", "TIFF": ".tif", "PPM": ".ppm"}


def _image(mode, seed, height, width):
    if mode == "I;16":
        return Image.fromarray(_pixels(seed, (height, width), np.uint16))
    if mode == "F":
        return Image.fromarray(_pixels(seed, (height, width), np.float32))
    rgba = Image.fromarray(_pixels(seed, (height, width, 4), np.uint8), "RGBA")
    if mode == "P":
        return rgba.convert("RGB").quantize(16)
    if mode == "PA":
        return rgba.convert("RGB").quantize(16)  # saved with one of the colours transparent
    return rgba.convert("RGB").convert(mode) if mode in ("1", "L", "CMYK") else rgba.convert(mode)


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(list(FILES)),
    seed=st.integers(0, 2**32 - 1),
    height=SIDES,
    width=SIDES,
    orientation=st.integers(1, 8),
)
def test_mode_depth_and_format_of_files_come_back(nearest, kind, seed, height, width, orientation):
    mode, file_format = kind
    options = {"transparency": 0} if mode == "PA" else {}
    turned = (height, width)
    if file_format in ("JPEG", "PNG", "WEBP"):
        options["exif"] = Image.Exif()
        options["exif"][0x0112] = orientation
        turned = (width, height) if orientation > 4 else turned
    buffer = io.BytesIO()
    _image(mode, seed, *turned).save(buffer, file_format, **options)
    picture = open_picture(buffer.getvalue())
    assert picture.size == (height, width)
    result = nearest[0].restore(picture)
    with tempfile.TemporaryDirectory() as folder:
        path = save_picture(result, Path(folder) / f"out{SUFFIXES[file_format]}")
        with Image.open(path) as written:
            assert (written.format, written.mode, written.size) == (file_format, FILES[kind], (2 * width, 2 * height))
        again = open_picture(path)
    assert again.color.dtype == picture.color.dtype
    if file_format not in ("JPEG", "WEBP") and mode != "CMYK":  # nothing is lost
        assert np.array_equal(again.array(), result.array())
    if picture.alpha is None and not picture.grey:
        assert np.array_equal(result.color, _twice(picture.color))


@pytest.mark.parametrize("shape", [(1, 1), (1, 1000), (1000, 1)])
@pytest.mark.parametrize("name", ["bicubic_x4", "nearest_x2"])
def test_the_thinnest_pictures(shape, name):
    predictor = _predictor(name, tile=64, overlap=4)
    for channels in (1, 2, 3, 4):
        for dtype in (np.uint8, np.uint16, np.float32):
            array = _pixels(0, (*shape, channels), dtype).reshape(shape if channels == 1 else (*shape, channels))
            scale = predictor.scale
            assert predictor.predict(array).shape == (shape[0] * scale, shape[1] * scale, *array.shape[2:])


@many
@given(
    height=st.integers(1, 300),
    width=st.integers(1, 300),
    overlap=st.integers(0, 20),
    more=st.integers(1, 60),
    grid=st.sampled_from([1, 2, 4, 8]),
)
def test_windows_cover_each_pixel_once(height, width, overlap, more, grid):
    tile = 2 * (overlap + grid) + grid + more
    count = np.zeros((height, width), int)
    for piece in tiles(height, width, tile, overlap, grid):
        top, left, bottom, right = piece.kept
        count[top:bottom, left:right] += 1
        w_top, w_left, w_bottom, w_right = piece.window
        assert w_top % grid == w_left % grid == 0 and max(w_bottom - w_top, w_right - w_left) <= tile
        assert w_top == 0 or top - w_top >= overlap
        assert w_left == 0 or left - w_left >= overlap
        assert w_bottom == height or w_bottom - bottom >= overlap
        assert w_right == width or w_right - right >= overlap
    assert (count == 1).all()
