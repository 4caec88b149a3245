"""What notebooks show: pictures of the right pixels, tables of the right cells."""

import numpy as np
import paddle
import pytest
from paddle import nn
from PIL import Image

from paddle_cv.analysis import show


def test_images_are_laid_out_in_rows_and_keep_their_pixels():
    red = np.zeros((2, 4, 3), np.uint8)
    red[..., 0] = 255
    sheet = show.images(
        {"red": red, "grey": np.full((40, 40), 0.5, np.float32), "blue": Image.new("RGB", (20, 20), "blue")}, 2, 20
    )
    assert sheet.size[1] == 2 * (20 + 22) + 6 and sheet.width >= 40 + 6 + 20
    assert sheet.getpixel((5, 30)) == (255, 0, 0)
    assert sheet.getpixel((5, 22 + 20 + 6 + 22 + 5)) == (0, 0, 255)
    for shown, columns in (({}, 2), ({"red": red}, 0)):
        with pytest.raises(ValueError, match="at least one"):
            show.images(shown, columns)


def test_activations_are_those_of_the_layers():
    network = nn.Sequential(nn.Conv2D(1, 2, 3), nn.ReLU())
    x = paddle.to_tensor(np.random.default_rng(0).normal(size=(1, 1, 6, 6)).astype(np.float32))
    found = show.activations(network, x, ["1", "0"])
    assert list(found) == ["1", "0"] and network.training
    np.testing.assert_array_equal(found["1"], np.maximum(found["0"], 0))
    np.testing.assert_allclose(found["0"], network[0](x).numpy(), rtol=1e-5)
    with pytest.raises(KeyError):
        show.activations(network, x, ["2"])


def test_feature_maps_go_from_black_to_white_one_by_one():
    maps = np.stack([np.linspace(0, 1, 16).reshape(4, 4), np.linspace(5, 900, 16).reshape(4, 4)])
    sheet = np.asarray(show.feature_maps(maps[None], columns=8, side=4))
    assert sheet.shape == (4, 4 + 2 + 4, 3)
    np.testing.assert_array_equal(sheet[:, :4], sheet[:, 6:])
    assert sheet[0, 0, 0] == 0 and sheet[3, 3, 0] == 255
    with pytest.raises(ValueError, match="axes"):
        show.feature_maps(maps[0])


def test_filters_share_a_scale_around_grey():
    layer = nn.Conv2D(3, 2, 2)
    weight = np.zeros((2, 3, 2, 2), np.float32)
    weight[0, 0], weight[1] = 1.0, -0.5
    layer.weight.set_value(weight)
    sheet = np.asarray(show.filters(layer, side=2))
    assert sheet[0, 0].tolist() == [255, 128, 128] and sheet[0, -1].tolist() == [64, 64, 64]
    grey = np.asarray(show.filters(weight[:, :1], side=2))
    assert grey[0, 0].tolist() == [255, 255, 255] and grey[0, -1].tolist() == [64, 64, 64]
    with pytest.raises(ValueError, match="four axes"):
        show.filters(weight[0])


def test_curves_draw_their_lines():
    plain = show.curves({"loss": [(0, 1.0), (1, 0.5)]}, y="loss", size=(3, 2))
    assert plain.size == (300, 200)
    with_level = show.curves({"loss": [(0, 1.0), (1, 0.5)]}, y="loss", levels={"bicubic": 0.7}, size=(3, 2))
    assert np.abs(np.asarray(plain, int) - np.asarray(with_level, int)).sum() > 1000


def test_a_table_aligns_and_escapes():
    shown = show.table([{"network": "lenet", "parameters": 61706}, {"network": "<b>", "accuracy": 0.98765}])
    assert str(shown).splitlines() == [
        "network  parameters  accuracy",
        "lenet        61,706",
        "<b>                    0.9877",
    ]
    page = shown._repr_html_()
    assert "&lt;b&gt;" in page and "<b>" not in page and page.count("<tr>") == 3
