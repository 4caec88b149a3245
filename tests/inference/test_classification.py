import io

import numpy as np
import paddle
import pytest
from paddle import nn
from PIL import Image

import paddle_cv as pcv
from paddle_cv.data import label_names
from paddle_cv.inference import ClassificationPredictor, PredictionErrors
from paddle_cv.inference.classification import prepare
from paddle_cv.models.classification.base import IMAGENET, ClassificationSpec
from paddle_cv.pictures import ImageError, open_picture
from paddle_cv.weights import save_state, with_class_names


class Colors(nn.Layer):
    """Its three scores are the mean red, green and blue of a picture."""

    num_classes = 3

    def __init__(self):
        super().__init__()
        self.factor = self.create_parameter([1], default_initializer=nn.initializer.Constant(3))

    def forward(self, x):
        return x.mean([2, 3]) * self.factor


FACTS = {**IMAGENET, "labels": None}
SPEC = ClassificationSpec("colors", Colors, class_names=("red", "green", "blue"), **FACTS)


@pytest.fixture(scope="module", params=["paddle_inference", "dygraph"])
def colors(request):
    return ClassificationPredictor(Colors(), SPEC, engine=request.param)


@pytest.fixture(scope="module")
def dygraph():
    return ClassificationPredictor(Colors(), SPEC, engine="dygraph")


def _plain(*color, size=(30, 40)):
    return np.broadcast_to(np.array(color, np.uint8), (*size, len(color))).copy()


def test_the_result(colors):
    result = colors.predict(_plain(255, 0, 120))
    assert result.labels == ("red", "blue", "green") and result.indices == (0, 2, 1)
    assert result.label == "red" and result.probability == result.probabilities[0]
    mean, std = np.array(IMAGENET["mean"]), np.array(IMAGENET["std"])
    weights = np.exp(3 * (np.array([1, 0, 120 / 255]) - mean) / std)
    assert np.allclose(result.probabilities, np.sort(weights / weights.sum())[::-1], atol=1e-4)
    assert list(result.as_dict()) == ["red", "blue", "green"]
    assert colors.predict(_plain(255, 0, 120), top_k=2).labels == ("red", "blue")


def test_many_pictures_in_order(colors, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    images = [
        _plain(255, 0, 0),
        tmp_path / "text.png",
        Image.fromarray(_plain(0, 255, 0)),
        "nowhere.png",
        _plain(0, 0, 255),
    ]
    for batch_size in (1, 2, 5):
        with pytest.raises(PredictionErrors, match="(?s)text.png: this is no picture.*no file nowhere.png") as caught:
            colors.predict(images, batch_size=batch_size)
        results = caught.value.results
        assert [result and result.label for result in results] == ["red", None, "green", None, "blue"]
    assert colors.predict([]) == []


def test_wrong_arguments(dygraph):
    with pytest.raises(ImageError, match="input 0"):
        dygraph.predict(3)
    with pytest.raises(FileNotFoundError):
        dygraph.predict("nowhere.png")
    for options in ({"top_k": 0}, {"batch_size": 0}):
        with pytest.raises(ValueError, match="at least 1"):
            dygraph.predict(_plain(1, 2, 3), **options)
    with pytest.raises(ValueError, match="classifies"):
        ClassificationPredictor(Colors(), pcv.model_spec("rdn_x4"))
    with pytest.raises(ValueError, match="2 class names for 3"):
        ClassificationPredictor(Colors(), ClassificationSpec("colors", Colors, class_names=("a", "b"), **FACTS))


def test_numbers_where_no_names_are_known():
    predictor = ClassificationPredictor(Colors(), ClassificationSpec("colors", Colors, **FACTS), engine="dygraph")
    assert predictor.predict(_plain(0, 0, 255)).label == "2"


def test_every_kind_of_picture(dygraph, photo):
    """The same photograph in other forms has the same probabilities."""
    expected = dygraph.predict(photo)

    def same(image, tolerance=1e-6):
        result = dygraph.predict(image)
        assert result.labels == expected.labels
        assert np.allclose(result.probabilities, expected.probabilities, atol=tolerance)

    same(Image.fromarray(photo))
    same(photo.astype(np.uint16) * 257)
    same(photo.astype(np.float32) / 255)
    same(np.dstack([photo, np.full(photo.shape[:2], 255, np.uint8)]))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its side
    file = io.BytesIO()
    Image.fromarray(np.rot90(photo)).save(file, "PNG", exif=exif)
    same(file.getvalue())
    file = io.BytesIO()
    Image.fromarray(photo).quantize(256).save(file, "PNG")
    same(file.getvalue(), 0.02)
    file = io.BytesIO()
    Image.fromarray(photo).convert("CMYK").save(file, "TIFF")
    same(file.getvalue(), 0.02)
    grey, color = (dygraph.predict(image).as_dict() for image in (photo[..., 0], np.dstack([photo[..., 0]] * 3)))
    assert grey == color


def test_transparent_is_white(dygraph):
    hidden = np.dstack([_plain(200, 0, 0), np.zeros((30, 40), np.uint8)])
    assert dygraph.predict(hidden) == dygraph.predict(_plain(255, 255, 255))
    half = np.dstack([_plain(200, 0, 100), np.full((30, 40), 51, np.uint8)])
    assert dygraph.predict(half) == dygraph.predict(_plain(244, 204, 224))
    grey = Image.fromarray(np.dstack([np.full((5, 5), 10, np.uint8), np.full((5, 5), 51, np.uint8)]), "LA")
    assert dygraph.predict(grey) == dygraph.predict(_plain(206, 206, 206))


def _pixels(image: np.ndarray, spec: ClassificationSpec = SPEC) -> np.ndarray:
    """What the network sees, as 8-bit pixels again."""
    x = prepare(open_picture(image), spec).transpose(1, 2, 0)
    return np.rint((x * np.array(spec.std) + np.array(spec.mean)) * 255).astype(np.uint8)


@pytest.mark.parametrize("height, width", [(300, 451), (451, 300), (256, 256), (40, 57), (224, 500), (513, 512)])
def test_resizing_and_cropping(photo, height, width):
    """Resized as a whole, then cut: torchvision's definition."""
    image = Image.fromarray(photo).resize((width, height))
    short = min(height, width)
    whole = image.resize((256 * width // short, 256 * height // short), Image.Resampling.BILINEAR)
    left, top = round((whole.width - 224) / 2), round((whole.height - 224) / 2)
    expected = np.asarray(whole.crop((left, top, left + 224, top + 224)))
    assert np.array_equal(_pixels(np.asarray(image)), expected)


def test_smaller_pictures_have_black_around_them():
    spec = ClassificationSpec("wide", Colors, **{**FACTS, "resize": 21, "input_size": 24})
    pixels = _pixels(_plain(255, 255, 255), spec)
    assert (pixels[1:22] == 255).all() and (pixels[0] == 0).all() and (pixels[22:] == 0).all()


def test_long_thin_pictures(dygraph):
    assert dygraph.predict(_plain(0, 255, 0, size=(1, 20000))).label == "green"
    assert dygraph.predict(_plain(0, 255, 0, size=(20000, 1))).label == "green"


@pytest.fixture(scope="module")
def digit():
    """A white "7" on black, (28, 28)."""
    image = np.zeros((28, 28), np.uint8)
    image[5:8, 8:20] = 255
    for row in range(8, 24):
        image[row, 18 - row // 2 : 21 - row // 2] = 230
    return image


def test_digits_white_on_black_and_black_on_white(digit):
    spec = pcv.model_spec("lenet")
    paddle.seed(0)
    predictor = ClassificationPredictor(pcv.create_model("lenet"), spec, engine="dygraph")
    assert predictor.names == tuple("0123456789")
    expected = predictor.predict(digit, top_k=10)
    assert predictor.predict(255 - digit, top_k=10) == expected
    assert predictor.predict(np.dstack([255 - digit] * 3), top_k=10) == expected
    ink = np.dstack([np.zeros((28, 28, 3), np.uint8), digit])  # drawn on a transparent ground
    assert predictor.predict(ink, top_k=10) == expected
    x = prepare(open_picture(digit), spec)
    assert x.shape == (1, 32, 32) and np.allclose(x[0, 2:30, 2:30] * 0.3081 + 0.1307, digit / 255, atol=1e-6)
    assert predictor.predict(np.zeros((9, 9), np.uint8)).indices and predictor.predict(digit) != predictor.predict(
        digit.T
    )


def test_load_prints_the_names_of_the_weight_file(digit, tmp_path):
    network = pcv.create_model("lenet", num_classes=3)
    save_state(with_class_names(network.state_dict(), ["ant", "bee", "猫"]), tmp_path / "a.pdparams")
    predictor = pcv.load("lenet", weights=tmp_path / "a.pdparams", engine="dygraph")
    assert isinstance(predictor, ClassificationPredictor) and predictor.names == ("ant", "bee", "猫")
    result = predictor.predict(digit)
    network.eval()
    scores = network(paddle.to_tensor(prepare(open_picture(digit), pcv.model_spec("lenet"))[None])).numpy()[0]
    assert set(result.labels) == {"ant", "bee", "猫"} and result.indices == tuple(np.argsort(-scores))
    # Ten classes of one's own are no digits: their names are used, and nothing is inverted.
    names = [f"shape {number}" for number in range(10)]
    network = pcv.create_model("lenet")
    save_state(with_class_names(network.state_dict(), names), tmp_path / "b.pdparams")
    predictor = pcv.load("lenet", weights=tmp_path / "b.pdparams", engine="dygraph")
    assert predictor.names == tuple(names) != label_names("mnist")
    assert predictor.predict(digit) != predictor.predict(255 - digit)
    assert pcv.from_checkpoint(tmp_path / "b.pdparams")[1].class_names == tuple(names)


@pytest.mark.data
def test_a_real_checkpoint_on_photographs(data, photo):
    path = data.parent / "checkpoints" / "squeezenet1_0_imagenet.npz"
    if not path.is_file():
        pytest.skip(f"there is no {path}")
    predictor = pcv.load("squeezenet1_0", path)
    cat = predictor.predict(photo)
    assert cat.label == "Egyptian cat" and {"tiger cat", "tabby"} < set(cat.labels) and cat.probability > 0.5
    for kind in ("ants", "bees"):
        files = sorted((data / "hymenoptera" / "val" / kind).glob("*.jpg"))[:20]
        named = [result.label for result in predictor.predict(files, top_k=1, batch_size=4)]
        assert named.count(kind[:-1]) >= 10, named
