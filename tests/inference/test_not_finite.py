"""Weights or results that are no numbers give an error, not a black picture."""

import numpy as np
import paddle
import pytest
from PIL import Image

import paddle_cv as pcv
from paddle_cv.inference import ClassificationPredictor, PredictionErrors, RestorationPredictor
from paddle_cv.pictures import ImageError

DAMAGE = [np.nan, np.inf, -np.inf]


def damaged(name, value, **hyperparameters):
    network, spec = pcv.create_model(name, **hyperparameters), pcv.model_spec(name)
    last = network.parameters()[-1]
    values = last.numpy()
    values.flat[0] = value
    last.set_value(paddle.to_tensor(values))
    return network, spec


@pytest.mark.parametrize("engine", ["dygraph", "auto"])
@pytest.mark.parametrize("value", DAMAGE)
@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32"])
def test_pictures(value, engine, kind):
    network, spec = damaged("espcn_x2", value)
    predictor = RestorationPredictor(network, spec, engine=engine, device="cpu")
    picture = np.full((20, 30, 3), 0 if kind == "float32" else 100, kind)
    with pytest.raises(ImageError, match="array: the network's result is not finite"):
        predictor.predict(picture)
    with pytest.raises(PredictionErrors, match="input 1: the network's result is not finite"):
        predictor.predict([picture, picture])


def test_one_pixel_of_a_window_is_enough(monkeypatch):
    predictor = pcv.load("fsrcnn_x2", engine="dygraph", device="cpu", tile=40)
    whole = predictor._compute_windows

    def spoilt(x, prepared, run):
        result = whole(x, prepared, run)
        result[-1, 0, 0, -1] = np.nan
        return result

    monkeypatch.setattr(predictor, "_compute_windows", spoilt)
    with pytest.raises(ImageError, match="not finite"):
        predictor.predict(Image.new("L", (100, 30)))


@pytest.mark.parametrize("value", DAMAGE)
def test_classes(value):
    network, spec = damaged("lenet", value)
    predictor = ClassificationPredictor(network, spec, engine="dygraph", device="cpu")
    with pytest.raises(ImageError, match="input 0: the network's result is not finite"):
        predictor.predict(Image.new("L", (28, 28)))
    with pytest.raises(PredictionErrors) as error:
        predictor.predict([Image.new("L", (28, 28))] * 3, batch_size=2)
    assert error.value.results == [None] * 3
