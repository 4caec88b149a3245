"""Accuracy of classifiers on test sets."""

import numpy as np
import paddle
import pytest
from paddle import nn
from PIL import Image

from paddle_cv.analysis import accuracy, find_labelled_set
from paddle_cv.inference import ClassificationPredictor
from paddle_cv.models.classification.base import IMAGENET, ClassificationSpec


class Brightness(nn.Layer):
    """Its second score is the mean of a picture."""

    num_classes = 2

    def __init__(self):
        super().__init__()
        self.factor = self.create_parameter([1], default_initializer=nn.initializer.Constant(1))

    def forward(self, x):
        mean = x.mean([1, 2, 3]) * self.factor
        return paddle.stack([-mean, mean], axis=1)


@pytest.fixture
def pictures(tmp_path):
    """Five pictures; the last one lies in the wrong folder."""
    for number, (name, value) in enumerate([("dark", 10), ("dark", 60), ("light", 200), ("light", 250), ("dark", 220)]):
        folder = tmp_path / "val" / name
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((40, 50, 3), value, np.uint8)).save(folder / f"{number}.png")
    return find_labelled_set(tmp_path)


def test_accuracy(pictures):
    spec = ClassificationSpec("brightness", Brightness, class_names=("dark", "light"), **{**IMAGENET, "labels": None})
    assert accuracy(ClassificationPredictor(Brightness(), spec, engine="dygraph"), pictures, batch_size=2) == 0.8


def test_other_classes(pictures):
    spec = ClassificationSpec("brightness", Brightness, class_names=("dark", "bright"), **{**IMAGENET, "labels": None})
    with pytest.raises(ValueError, match="no class light"):
        accuracy(ClassificationPredictor(Brightness(), spec, engine="dygraph"), pictures)


def test_no_test_set(tmp_path):
    with pytest.raises(FileNotFoundError, match="val"):
        find_labelled_set(tmp_path)


@pytest.mark.data
def test_mnist(data):
    digits = find_labelled_set(data / "mnist")
    assert len(digits) == 10_000 and digits.classes == list("0123456789") and digits.pictures[0].shape == (28, 28)
