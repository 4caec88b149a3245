import numpy as np
import pytest
from PIL import Image

from paddle_cv.analysis import busiest_box, paper_figure

COLORS = {"original": "blue", "bicubic": "green", "a": "yellow", "b": "magenta", "c": "cyan"}


@pytest.mark.parametrize("count, rows", [(1, 1), (2, 1), (3, 2), (5, 2)])
def test_each_part_is_in_the_figure(count, rows):
    picture = Image.new("RGB", (120, 90), "gray")
    images = {name: Image.new("RGB", (120, 90), color) for name, color in list(COLORS.items())[:count]}
    figure = paper_figure(picture, images, (10, 20, 40, 40), {"a": "30.00 / 0.9000"}, height=300)
    pixels = np.asarray(figure)
    columns = -(-count // rows)
    widths = []
    for image in images.values():
        y, x = np.nonzero((pixels == image.getpixel((0, 0))).all(axis=2))
        widths.append(x.max() + 1 - x.min())
        # Whole, in one piece, and of the box's 3 : 2.
        assert len(x) == widths[-1] * (y.max() + 1 - y.min())
        assert (x.max() + 1 - x.min()) / (y.max() + 1 - y.min()) == pytest.approx(1.5, rel=0.02)
    assert len(set(widths)) == 1 and 0.75 * widths[0] * columns < figure.width
    assert ((pixels == (255, 0, 0)).all(axis=2)).sum() > 100  # the mark


def test_the_part_is_shown_pixel_by_pixel():
    pixels = np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    picture = Image.fromarray(pixels)
    figure = np.asarray(paper_figure(picture, {"only": picture}, (5, 6, 15, 16), {}, height=240))
    side = 200  # the height without two lines of text
    part = figure[:side, -side:]
    assert np.array_equal(part[10::20, 10::20], pixels[6:16, 5:15])


def test_what_does_not_fit_is_refused():
    picture = Image.new("RGB", (20, 20))
    with pytest.raises(ValueError, match="one size"):
        paper_figure(picture, {"a": Image.new("RGB", (20, 21))}, (0, 0, 5, 5), {})
    for box in ((0, 0, 21, 5), (5, 5, 5, 8), (-1, 0, 5, 5)):
        with pytest.raises(ValueError, match="not inside 20 x 20"):
            paper_figure(picture, {"a": picture}, box, {})
    with pytest.raises(ValueError, match="no images"):
        paper_figure(picture, {}, (0, 0, 5, 5), {})


def test_the_busiest_part():
    difference = np.ones((30, 40))
    difference[10:15, 22:29] = 9
    assert busiest_box(difference, 5, 7) == (22, 10, 29, 15)
    assert busiest_box(difference, 50, 70) == (0, 0, 40, 30)
