"""What the serving methods accept and refuse, without a server."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("paddlehub", reason="paddlehub is not installed (pip install .[hub])")

from paddle_cv.hub import base, serving  # noqa: E402

from .support import encoded, png_bomb  # noqa: E402

pytestmark = pytest.mark.hub


@pytest.fixture(scope="module")
def module(root):
    from paddlehub.module.module import Module

    return Module.load(str(root / "hub_modules" / "lenet_mnist"))()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_formats(photo, kind):
    [picture] = serving.decode_images([encoded(Image.fromarray(photo[:20, :30]), kind)], {})
    assert picture.size == (20, 30) and picture.color.dtype == np.uint8
    difference = picture.color.astype(int) - photo[:20, :30]
    assert np.abs(difference).mean() < (1 if kind == "PNG" else 12)


def test_alpha_goes_in_and_out(photo):
    source = Image.fromarray(np.dstack([photo[:20, :30], photo[:20, :30, 0]]))
    [picture] = serving.decode_images([encoded(source)], {})
    again = Image.open(io.BytesIO(base64.b64decode(serving.encode_png(picture.image()))))
    assert again.format == "PNG" and np.array_equal(np.asarray(again), np.asarray(source))


@pytest.mark.parametrize(
    "images, message",
    [
        (None, "a list of 1 to 8"),
        ([], "a list of 1 to 8"),
        (["AAAA"] * 9, "a list of 1 to 8"),
        ("AAAA", "a list of 1 to 8"),
        ({"0": "AAAA"}, "a list of 1 to 8"),
        ([1], "image 0: a base64 string"),
        ([["AAAA"]], "image 0: a base64 string"),
        (["/etc/passwd"], "image 0: not valid base64"),
        (["data:image/png;base64,AAAA"], "image 0: not valid base64"),
        (["猫"], "image 0: not valid base64"),
        (["\ud800"], "image 0: not valid base64"),
        ([""], "image 0: no picture"),
        ([base64.b64encode(b"no picture").decode()], "image 0: no picture"),
        ([base64.b64encode(png_bomb()).decode()], "image 0: more than 4000000 pixels"),
        ([encoded(Image.new("1", (2001, 2000)))], "image 0: 2001 x 2000 pixels, more than 4000000"),
        ([encoded(Image.new("L", (9, 9)), "BMP")], "image 0: no picture in PNG, JPEG, WEBP format"),
        ([encoded(Image.new("L", (9, 9)), "GIF")], "image 0: no picture in PNG, JPEG, WEBP format"),
        ([encoded(Image.new("L", (9, 9)), "TIFF")], "image 0: no picture in PNG, JPEG, WEBP format"),
    ],
)
def test_refusals(images, message):
    with pytest.raises(ValueError, match=message):
        serving.decode_images(images, {})


def test_which_picture_is_bad(photo):
    good = encoded(Image.fromarray(photo))
    truncated = base64.b64encode(base64.b64decode(good)[:2000]).decode()
    with pytest.raises(ValueError, match="image 1: "):
        serving.decode_images([good, truncated], {})


def test_a_file_may_not_be_too_large(monkeypatch, photo):
    monkeypatch.setattr(serving, "MAX_BYTES", 1000)
    with pytest.raises(ValueError, match="image 0: larger than 1000 bytes"):
        serving.decode_images([encoded(Image.fromarray(photo))], {})


def test_unknown_keys_make_no_long_message():
    unknown = {"\ud800" + "k" * 10**6: 1, **{f"key {number}": 1 for number in range(1000)}}
    with pytest.raises(ValueError, match="unknown keys 'key 0', 'key 1'") as error:
        serving.decode_images(["AAAA"], unknown)
    assert len(str(error.value)) < 400
    with pytest.raises(ValueError, match=r"unknown keys '\\ud800kkk") as error:
        serving.decode_images(["AAAA"], {"\ud800" + "k" * 10**6: 1})
    assert len(str(error.value)) < 400 and str(error.value).encode()


def test_no_key_is_anything_but_data(module):
    for key in ("self", "use_gpu", "paths", "output_dir", "batch_size", "visualization", "__class__"):
        with pytest.raises(ValueError, match=f"unknown keys '{key}'"):
            module.serving_method(**{"images": ["AAAA"], key: 1})


@pytest.mark.parametrize("top_k", [0, -1, 1.0, "1", True, None, [1]])
def test_top_k(module, top_k):
    with pytest.raises(ValueError, match='"top_k" must be a whole number'):
        module.serving_method(images=[encoded(Image.new("L", (28, 28)))], top_k=top_k)


def test_a_bad_picture_does_not_lose_its_neighbours(module):
    good = encoded(Image.new("L", (28, 28)))
    results = module.serving_method(images=[good, "AAAA", good, 1, encoded(Image.new("L", (2001, 2000)))])
    assert [set(entry) == {"error"} for entry in results] == [False, True, False, True, True]
    assert results[1]["error"].startswith("image 1: no picture") and results[0] == results[2]
    with pytest.raises(ValueError, match="image 0: no picture.*\n.*image 1: a base64 string"):
        module.serving_method(images=["AAAA", 1])


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sixteen_bits_go_in_and_out(root, channels):
    import imagecodecs
    from paddlehub.module.module import Module

    fsrcnn = Module.load(str(root / "hub_modules" / "fsrcnn_x2"))()
    grey = (np.mgrid[:20, :30][1] * 2000).astype(np.uint16)
    file = imagecodecs.png_encode(np.dstack([grey] * channels).squeeze())
    eight = encoded(Image.new("RGB", (8, 8)))
    first, second = fsrcnn.serving_method(images=[eight, base64.b64encode(file).decode()])
    assert Image.open(io.BytesIO(base64.b64decode(first["data"]))).size == (16, 16)
    result = imagecodecs.png_decode(base64.b64decode(second["data"]))
    assert result.dtype == np.uint16 and result.shape == (40, 60, channels)[: 2 if channels == 1 else 3]
    assert np.abs(result.reshape(40, 60, -1)[8:-8:2, 8:-8:2, 0].astype(int) - grey[4:-4, 4:-4]).mean() < 1500
    assert (result % 257).any()  # not eight bits in sixteen


@pytest.mark.parametrize(
    "options, schema, message",
    [
        ({"a": True}, {"type": "integer", "default": 1}, '"a" must be a whole number$'),
        ({"a": 3}, {"type": "integer", "default": 1, "minimum": 1, "maximum": 2}, "from 1 to 2"),
        ({"a": float("nan")}, {"type": "number", "default": 1}, "a number"),
        ({"a": "0"}, {"type": "number", "default": 1}, "a number"),
        ({"a": 1}, {"type": "boolean", "default": True}, "true or false"),
        ({"a": "c"}, {"enum": ["a", "b"], "default": "a"}, 'one of "a", "b"'),
        ({"b": 1}, {"type": "number", "default": 0.5}, 'unknown keys .b.*"a": 0.5'),
    ],
)
def test_options(options, schema, message):
    with pytest.raises(ValueError, match=message):
        serving.check_options(options, {"a": schema})
    assert serving.check_options({}, {"a": schema}) == {"a": schema["default"]}


def test_requests_together_are_answered_as_each_alone(module, photo, monkeypatch):
    pictures = [encoded(Image.fromarray(photo[start : start + 40, :40])) for start in range(0, 120, 40)]
    requests = [
        {"images": pictures[:2]},
        {"images": [pictures[2], "AAAA"], "top_k": 10},
        {"images": ["AAAA"]},
        {"images": [pictures[1]], "top_k": 0},
        {"images": [pictures[0]], "top_k": 10},
    ]
    together = module.serve_together(requests)
    for request, result in zip(requests, together):
        if isinstance(result, ValueError):
            with pytest.raises(ValueError, match=str(result)[:20]):
                module.serve(request)
        else:
            for got, alone in zip(result, module.serve(request)):
                assert got == alone if "error" in got else got == pytest.approx(alone, abs=1e-5)
    assert [isinstance(result, ValueError) for result in together] == [False, False, True, True, False]
    monkeypatch.setattr(base, "MAX_PIXELS", 200)  # 8 x 200 pixels are those of one picture
    assert len(module.serve_together(requests)) == 1
