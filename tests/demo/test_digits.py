"""From a drawing to MNIST's form."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

import paddle_cv as pcv
from paddle_cv.demo import digit_picture

SEVEN = [(60, 60), (200, 60), (110, 230)]
ONE = [(140, 50), (140, 230)]
ZERO = [(140 + 60 * np.cos(t), 140 + 90 * np.sin(t)) for t in np.linspace(0, 2 * np.pi, 40)]
FOUR = [(170, 240), (170, 40), (70, 160), (220, 160)]


def drawing(points, width=22, size=(280, 280)):
    image = Image.new("L", size)
    ImageDraw.Draw(image).line(points, fill=255, width=width, joint="curve")
    return np.asarray(image)


@pytest.mark.parametrize("points", [SEVEN, ONE, ZERO, FOUR])
def test_longest_side_and_centre_of_mass(points):
    picture = digit_picture(drawing(points))
    assert picture.shape == (28, 28) and picture.dtype == np.uint8
    rows, columns = np.nonzero(picture)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    centre = [np.average(places + 0.5, weights=picture[rows, columns]) for places in (rows, columns)]
    assert np.abs(np.subtract(centre, 14)).max() <= 0.5 + 1e-9


def test_place_and_size_of_the_drawing_do_not_matter():
    picture = digit_picture(drawing(SEVEN))
    moved = digit_picture(drawing([(x + 50, y + 31) for x, y in SEVEN]))
    assert np.array_equal(moved, picture)
    large = digit_picture(drawing([(3 * x, 3 * y) for x, y in SEVEN], 66, (840, 840)))
    assert np.abs(large.astype(int) - picture).mean() < 5


def test_nothing_and_little():
    assert digit_picture(np.zeros((280, 280), np.uint8)) is None
    dot = np.zeros((280, 280), np.uint8)
    dot[7, 9] = 255
    assert digit_picture(dot).sum() == 255 * 20 * 20
    # A heavy end at the bottom: the centre of mass alone would push the top out of the picture.
    nail = np.zeros((280, 280), np.uint8)
    nail[0:200, 100:102] = 30
    nail[190:200, 90:112] = 255
    assert np.count_nonzero(digit_picture(nail).any(axis=1)) >= 19
    line = np.zeros((280, 280), np.uint8)
    line[0] = 255
    assert digit_picture(line).any()


@pytest.mark.parametrize("name", ["lenet", "mnist_cnn_bn"])
@pytest.mark.parametrize("digit, points", [("7", SEVEN), ("1", ONE), ("0", ZERO), ("4", FOUR)])
def test_the_shipped_networks_read_it(name, digit, points):
    best = pcv.load(name).predict(digit_picture(drawing(points)), top_k=1)
    assert best.label == digit and best.probability > 0.9
