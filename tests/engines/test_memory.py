import numpy as np
import paddle
import pytest
from paddle import nn

from paddle_cv.engines.counting import bytes_per_pixel
from paddle_cv.engines.memory import window_side
from paddle_cv.inference import RestorationPredictor
from paddle_cv.models import build_model, model_spec


def test_bytes_of_features():
    # The most at once: 32 channels of which 16 are made, and 16 of which 8 are made at twice the size.
    network = nn.Sequential(nn.Conv2D(3, 32, 1), nn.Conv2D(32, 16, 1), nn.Upsample(scale_factor=2), nn.Conv2D(16, 8, 1))
    assert bytes_per_pixel(network, [(3, None, None)]) == 4 * 4 * (16 + 8)
    assert bytes_per_pixel(network, [(3, 32, 32)]) == 0  # of one size: there are no windows


def test_windows_fit_into_the_memory():
    for memory in (500, 5_000, 50_000):
        for workers in (1, 2, 4):
            side = window_side(memory, workers, 10)
            assert side in (192, 768) or 0.7 * 2**30 < side**2 * memory * workers <= 0.75 * 2**30
    assert window_side(10**6, 4, 10) == 192 and window_side(10**6, 4, 40) == 240 and window_side(0, 1, 0) == 768


@pytest.mark.parametrize("name", ["rdn_lite_x4", "srcnn_x3", "dncnn_gray_s25"])
def test_predictors_choose_windows(name):
    """What a pixel takes is known before the first picture, in pixels of the picture and with all that is computed of it."""
    network, spec = build_model(name), model_spec(name)
    predictor = RestorationPredictor(network, spec, engine="dygraph")
    memory = bytes_per_pixel(network, [(spec.in_channels, None, None)])
    memory *= {"rdn_lite_x4": 1, "srcnn_x3": 9, "dncnn_gray_s25": 3}[name]
    assert predictor.tile == window_side(memory, 1, predictor.overlap)
    assert RestorationPredictor(network, spec, engine="dygraph", tile=100).tile == 100


def test_a_graph_remembers(tmp_path, monkeypatch):
    monkeypatch.setenv("PADDLE_CV_HOME", str(tmp_path))
    network, spec = build_model("rdn_lite_x2"), model_spec("rdn_lite_x2")
    first, second = (RestorationPredictor(network, spec, engine="paddle_inference").tile for _ in range(2))
    assert first == second < 768
    assert np.isclose(first, RestorationPredictor(network, spec, engine="dygraph").tile, rtol=0.2)
    assert paddle.in_dynamic_mode()
