"""Cutting out: at full resolution, of every depth, without fringes."""

import numpy as np
import paddle
import pytest
from paddle import nn
from PIL import Image

from paddle_cv.analysis import measure
from paddle_cv.inference import PredictionErrors
from paddle_cv.inference.matting import ID_PHOTOS, Matte
from paddle_cv.inference.result import Result
from paddle_cv.inference.segmentation import Mask, SegmentationPredictor
from paddle_cv.models.segmentation.base import MattingSpec, SegmentationSpec
from paddle_cv.pictures import ImageError, open_picture
from paddle_cv.pictures.foreground import estimate_foreground

FACTS = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0), "working_size": 64, "multiple": 4}


class Reddish(nn.Layer):
    """Takes what is red for the foreground; of three classes, what is blue for the third."""

    def __init__(self, num_classes=2):
        super().__init__()
        self.num_classes = num_classes

    def forward(self, x):
        # The network sees little: at a quarter of the resolution, and blurred.
        x = nn.functional.avg_pool2d(x, 4)
        red, blue = x[:, :1] - 0.4, x[:, 2:] - 0.4
        maps = [paddle.zeros_like(red), red, blue][: self.num_classes]
        maps = paddle.concat([20 * part for part in maps], axis=1)
        return nn.functional.interpolate(maps, scale_factor=4, mode="bilinear")


class Opacity(nn.Layer):
    def forward(self, x):
        return nn.functional.sigmoid(20 * (x[:, :1] - 0.4))


def predictor(num_classes=2, **facts):
    options = {"foreground": 1, "hyperparameters": {"num_classes": num_classes}, **FACTS, **facts}
    return SegmentationPredictor(Reddish(num_classes), SegmentationSpec("own", Reddish, **options), engine="dygraph")


def disc(height=200, width=260):
    """A red disc on green, and where it is."""
    y, x = np.mgrid[:height, :width]
    there = (y - height / 2) ** 2 + (x - width / 2) ** 2 < (height / 3) ** 2
    return np.where(there[..., None], (210, 40, 30), (30, 150, 40)).astype(np.uint8), there


def test_edges_are_those_of_the_image_and_not_of_the_network():
    image, there = disc(400, 520)
    matte = predictor().predict(image)
    assert isinstance(matte, Matte) and matte.alpha.shape == (400, 520) and matte.alpha.dtype == np.uint8
    assert ((matte.alpha > 127) == there).mean() > 0.998
    assert ((matte.alpha > 5) & (matte.alpha < 250)).mean() < 0.01
    assert matte.coverage == pytest.approx(there.mean(), abs=0.01)
    rows = np.flatnonzero(there.any(1))
    assert matte.box[0] == pytest.approx(rows[0], abs=2) and matte.box[2] == pytest.approx(rows[-1] + 1, abs=2)
    assert matte.as_dict()["box"] == list(matte.box)


@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (37, 5), (90, 1000), (64, 64)])
def test_any_size(shape):
    alpha = predictor().predict(np.full((*shape, 3), (220, 20, 20), np.uint8)).alpha
    assert alpha.shape == shape and (alpha == 255).all()


@pytest.mark.parametrize("dtype, top", [(np.uint8, 255), (np.uint16, 65535), (np.float32, 1)])
def test_depth_comes_back(dtype, top):
    image, there = disc()
    deep = (image.astype(np.float64) * top / 255).astype(dtype)
    matte = predictor().predict(deep)
    cut = matte.cutout()
    assert cut.dtype == dtype and cut.shape == (200, 260, 4)
    assert (cut[..., 3] > top / 2)[there].mean() > 0.99
    blue = np.zeros((50, 60, 3), np.uint8)
    blue[..., 2] = 255
    for made in (matte.composite(blue), matte.on_color("blue"), matte.blur_background(4)):
        assert made.dtype == dtype
    assert matte.on_color("blue")[0, 0].tolist() == [0, 0, top]


def test_results_are_results():
    for made in (predictor().predict(disc()[0]), predictor(num_classes=3).predict(disc()[0].astype(np.uint16))):
        assert isinstance(made, Result) and made.preview().mode in ("RGB", "RGBA")


def test_what_is_asked_for_as_an_image_is_one(tmp_path):
    image, _ = disc()
    Image.fromarray(image).save(tmp_path / "a.png")
    matte = predictor().predict(tmp_path / "a.png")
    assert matte.cutout().mode == "RGBA" and matte.on_color("white").mode == "RGB"
    assert np.asarray(Image.open(matte.save(tmp_path / "cut.png")))[0, 0, 3] == 0
    with pytest.raises(ImageError, match="transparency"):
        matte.save(tmp_path / "cut.jpg")
    assert matte._repr_png_().startswith(b"\x89PNG") and "260 × 200" in matte._repr_html_()


def person():
    """A soft figure of known colours and opacity, with hair, on green."""
    height, width = 240, 180
    y, x = np.mgrid[:height, :width]
    distance = np.hypot((y - 130) / 95, (x - 90) / 60)
    alpha = np.clip((1 - distance) * 60 / 8 + 0.5, 0, 1)
    hair = np.clip(1 - np.abs(np.sin(x * 0.9 + y * 0.05)), 0, 1) * np.clip((1.25 - distance) / 0.25, 0, 1)
    alpha = np.maximum(alpha, 0.8 * hair * (distance > 0.93))[..., None]
    color = np.stack(
        [0.75 + 0.15 * np.sin(x / 25), 0.55 + 0.1 * np.cos(y / 30), 0.45 + 0.1 * np.sin((x + y) / 40)], axis=-1
    )
    return alpha, color, alpha * color + (1 - alpha) * (0.1, 0.75, 0.2)


def matte_of_person():
    alpha, color, image = person()
    picture = open_picture(np.rint(image * 255).astype(np.uint8))
    return Matte(picture, np.rint(alpha[..., 0] * 255).astype(np.uint8)), alpha, color


def test_no_fringe_of_the_old_background():
    """Cut out of green and put on grey, soft edges have the colours that they would have had on grey."""
    matte, alpha, color = matte_of_person()
    grey = np.full((240, 180, 3), 128, np.uint8)
    target = (alpha * color + (1 - alpha) * 128 / 255) * 255
    band = (matte.alpha > 0) & (matte.alpha < 255)
    error = np.abs(matte.on_color("#808080").astype(float) - target)[band].mean()
    blended = alpha * matte.picture.color + (1 - alpha) * 128  # with the colours of the image itself
    assert band.sum() > 5000 and error < 3 < 10 < np.abs(blended - target)[band].mean()
    assert np.abs(matte.composite(grey).astype(float)).shape == (240, 180, 3)


def test_the_estimate_agrees_with_pymatting():
    pymatting = pytest.importorskip("pymatting")
    matte, *_ = matte_of_person()
    theirs = pymatting.estimate_foreground_ml(matte.picture.color / 255, matte.alpha / 255)
    band = (matte.alpha > 0) & (matte.alpha < 255)
    assert np.abs(estimate_foreground(matte.picture.color, matte.alpha) / 255 - theirs)[band].mean() < 0.02


def test_composites_keep_the_shape_of_the_figure():
    image, there = disc()
    matte = predictor().predict(image)
    canvas = np.zeros((120, 300, 3), np.uint8)
    for position, scale in (((0.0, 0.0), 1.0), ((1.0, 1.0), 0.5), ((0.5, 0.5), 0.25)):
        made = matte.composite(canvas, position, scale)
        seen = made[..., 0] > 100
        rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
        size = round(120 * scale)
        assert len(rows) == pytest.approx(size, abs=2) and len(columns) == pytest.approx(size, abs=2)
        assert rows[0] == pytest.approx((120 - size) * position[1], abs=2)
        assert columns[0] == pytest.approx((300 - size) * position[0], abs=2)
    large = matte.composite(canvas, scale=3.0)
    assert large.shape == (120, 300, 3) and (large[60, 150] > 100).any()
    assert there.any()
    with pytest.raises(ValueError, match="scale"):
        matte.composite(canvas, scale=0)


def test_shadows_and_light():
    matte = predictor().predict(disc()[0])
    white = np.full((200, 260, 3), 255, np.uint8)
    plain, shaded = matte.composite(white, scale=0.6), matte.composite(white, scale=0.6, shadow=True)
    assert (shaded <= plain).all() and shaded.sum() < plain.sum() and (shaded[:20] == 255).all()
    soft, *_ = matte_of_person()
    values, light = (soft.composite("white", linear=linear).astype(int) for linear in (False, True))
    assert (light >= values - 1).all() and (light - values).max() > 10


def test_identity_photographs(tmp_path):
    matte = predictor().predict(disc()[0])
    for name, size in ID_PHOTOS.items():
        made = matte.on_color_picture("#438edb", name)
        assert made.size == size and made.info["dpi"] == (300, 300)
        assert made.color[0, 0].tolist() == [67, 142, 219]
        figure = made.color[..., 0] > 150
        columns = np.flatnonzero(figure.any(0))
        assert abs(columns[0] + columns[-1] - size[1]) < 6  # in the middle
    assert matte.on_color("red", (40, 30)).shape == (40, 30, 3)
    for arguments, message in ((("nocolour",), "no colour"), (("red", "3 inch"), "1 inch, 2 inch")):
        with pytest.raises(ValueError, match=message):
            matte.on_color(*arguments)
    nothing = predictor().predict(np.zeros((30, 30, 3), np.uint8))
    assert nothing.coverage == 0 and nothing.composite(np.zeros((5, 6, 3), np.uint8)).shape == (5, 6, 3)
    with pytest.raises(ValueError, match="nothing was found"):
        nothing.on_color("red", "1 inch")


def test_a_blurred_background_has_nothing_of_the_foreground():
    image, there = disc()
    made = predictor().predict(image).blur_background(10)
    assert np.abs(made[there].astype(int) - image[there]).mean() < 2
    assert made[~there][:, 0].max() < 90 and made[0, 0].tolist() == [30, 150, 40]


def test_masks_of_several_classes(tmp_path):
    image, there = disc()
    image[:, :40] = (20, 20, 220)
    own = predictor(num_classes=3, class_names=("nothing", "red", "blue"))
    mask = own.predict(image)
    assert isinstance(mask, Mask) and mask.classes.shape == (200, 260)
    assert (mask.classes == 1)[there].mean() > 0.95 and (mask.classes[:, :30] == 2).mean() > 0.95
    assert set(mask.as_dict()) == {"nothing", "red", "blue"} and sum(mask.as_dict().values()) == pytest.approx(1)
    saved = Image.open(mask.save(tmp_path / "classes.png"))
    assert saved.mode == "P" and (np.asarray(saved) == mask.classes).all()
    assert ((mask.matte("red").alpha > 127) == there).mean() > 0.99
    assert mask.preview().size == (260, 200) and "red" in mask._repr_html_()
    with pytest.raises(ValueError, match="no class green"):
        mask.matte("green")


def test_networks_for_matting_and_order_of_channels():
    image, there = disc()
    spec = MattingSpec("own", Opacity, bgr=True, **FACTS)
    matte = SegmentationPredictor(Opacity(), spec, engine="dygraph").predict(image[..., ::-1].copy())
    assert ((matte.alpha > 127) == there).mean() > 0.99


def test_one_bad_image_of_several(tmp_path):
    with pytest.raises(PredictionErrors) as caught:
        predictor().predict([disc()[0], tmp_path / "missing.png"])
    assert isinstance(caught.value.results[0], Matte) and list(caught.value.errors) == [1]
    [first, second] = predictor().predict([disc()[0], disc(60, 50)[0]])
    assert second.alpha.shape == (60, 50) and first.alpha.shape == (200, 260)


def test_files_are_what_the_options_say(tmp_path):
    image, there = disc()
    Image.fromarray(image).save(tmp_path / "me.png")
    own = predictor()
    assert own.result_suffix() == ".png" and own.result_suffix(background="white") is None
    own.predict_file(tmp_path / "me.png", tmp_path / "cut.png")
    assert Image.open(tmp_path / "cut.png").mode == "RGBA"
    own.predict_file(tmp_path / "me.png", tmp_path / "white.jpg", background="white", shadow=True)
    assert np.asarray(Image.open(tmp_path / "white.jpg"))[0, 0].min() > 250
    own.predict_file(tmp_path / "me.png", tmp_path / "blurred.jpg", blur=5.0)
    Image.new("RGB", (90, 30), "blue").save(tmp_path / "sea.png")
    own.predict_file(tmp_path / "me.png", tmp_path / "sea.jpg", background=str(tmp_path / "sea.png"), size=0.5)
    assert Image.open(tmp_path / "sea.jpg").size == (90, 30)
    for options, message in (({"background": "white", "blur": 3}, "either"), ({"shadow": True}, "background")):
        with pytest.raises(ValueError, match=message):
            own.prepare(**options)
    assert there.any()


def test_scores_of_a_test_set(tmp_path):
    for part in ("images", "masks"):
        (tmp_path / part).mkdir()
    for number, height in enumerate((80, 120)):
        image, there = disc(height, 100)
        Image.fromarray(image).save(tmp_path / "images" / f"{number}.png")
        Image.fromarray(there.astype(np.uint8) * 255).save(tmp_path / "masks" / f"{number}.png")
    scores = measure(predictor(), tmp_path)
    assert scores["iou"] > 0.97 and scores["pixel_accuracy"] > 0.99 and scores["boundary_f"] > 0.97
    for number in (0, 1):
        there = np.asarray(Image.open(tmp_path / "masks" / f"{number}.png")) // 255
        Image.fromarray(there).save(tmp_path / "masks" / f"{number}.png")
    scores = measure(predictor(num_classes=3), tmp_path)
    assert scores["miou"] > 0.9 and scores["pixel_accuracy"] > 0.98 and "iou" not in scores
