"""Training, validation, evaluation and prediction see the same picture, whatever kind of file it is in."""

from dataclasses import replace

import numpy as np
import pytest
import tifffile
from PIL import Image

from paddle_cv.data import read_image
from paddle_cv.data.classification import LabelledPictures, LabelledSet
from paddle_cv.data.preprocessing import standardise
from paddle_cv.inference import RestorationPredictor
from paddle_cv.inference.classification import prepare
from paddle_cv.models import model_spec
from paddle_cv.models.network import Network
from paddle_cv.models.restoration.base import RestorationSpec
from paddle_cv.pictures import open_picture


def _ink(color, size=64):
    """A disc in a colour on nothing."""
    y, x = np.mgrid[:size, :size]
    pixels = np.zeros((size, size, 4), np.uint8)
    pixels[(y - 30) ** 2 + (x - 34) ** 2 < 180] = (*color, 255)
    pixels[(y - 30) ** 2 + (x - 34) ** 2 < 90, 3] = 128
    return Image.fromarray(pixels)


@pytest.fixture(scope="module")
def files(tmp_path_factory, photo):
    folder = tmp_path_factory.mktemp("files")
    image = Image.fromarray(photo[60:160, 100:230])
    turned = Image.Exif()
    turned[274] = 6
    grey = (np.asarray(image.convert("L")).astype(np.uint16) * 200).astype(np.uint16)
    _ink((0, 0, 0)).save(folder / "ink.png")
    _ink((220, 40, 40)).save(folder / "red.webp", lossless=True)
    _ink((0, 0, 0)).convert("LA").save(folder / "grey ink.png")
    image.quantize(16).save(folder / "palette.png", transparency=3)
    image.convert("CMYK").save(folder / "inks.jpg")
    image.save(folder / "turned.jpg", exif=turned)
    image.resize((1600, 1200)).save(folder / "large.jpg")
    image.convert("1").save(folder / "bits.png")
    Image.fromarray(grey).save(folder / "deep.png")
    tifffile.imwrite(folder / "float.tif", (grey / 65535).astype(np.float32))
    tifffile.imwrite(folder / "deep.tif", np.dstack([grey] * 3), photometric="rgb", planarconfig="contig")
    return sorted(folder.iterdir())


@pytest.mark.parametrize("name", ["lenet", "squeezenet1_0"])
def test_by_classifiers(files, name):
    spec = model_spec(name)
    data = LabelledSet(files, [0] * len(files), ["thing"])
    items = LabelledPictures(data, spec)
    items.order = 0, np.arange(len(files))
    for number, file in enumerate(files):
        predicted = prepare(open_picture(file), spec)
        assert np.array_equal(standardise(data.square(number, spec), spec), predicted), file
        assert np.array_equal(items[number][0], predicted), file


def test_what_it_is_that_they_see(files):
    spec = replace(model_spec("lenet"), labels=None)
    seen = {file.name: LabelledSet([file], [0], ["x"]).square(0, spec) for file in files}
    assert seen["ink.png"].min() < 30 and seen["ink.png"].max() == 255  # black on white paper
    deep, floating = seen["deep.png"].astype(int), seen["float.tif"].astype(int)
    assert 20 < deep.mean() < 200 and deep.std() > 20 and np.abs(deep - floating).max() <= 1


class Unchanged(Network):
    receptive_radius = 0

    def forward(self, x):
        return x + 0


def test_by_networks_that_restore(files):
    predictor = RestorationPredictor(Unchanged(), RestorationSpec("own", Unchanged, task="denoising"), engine="dygraph")
    for file in files:
        seen = predictor.restore(open_picture(file)).eight_bits().color
        assert np.array_equal(read_image(file), seen), file


def test_digits_are_inverted_for_weights_of_mnist_only():
    digit = np.full((28, 28), 255, np.uint8)
    digit[8:20, 12:15] = 0
    for labels, same in (("mnist", True), (None, False), ("cifar10", False)):
        spec = replace(model_spec("lenet"), labels=labels, class_names=tuple("0123456789"))
        seen = [LabelledSet([x], [0], ["0"]).square(0, spec) for x in (digit, 255 - digit)]
        assert np.array_equal(*seen) == same
        assert np.array_equal(standardise(seen[0], spec), prepare(open_picture(digit), spec))
