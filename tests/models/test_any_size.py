"""Networks that rearrange or pad their input: pictures of any size, and an exported graph that takes any size."""

import numpy as np
import paddle
import pytest

from paddle_cv.engines import make_engine
from paddle_cv.models import build_model, model_spec


def random_inputs(spec, batch, height, width):
    shapes = [(spec.in_channels, height, width), *spec.extra_inputs.values()]
    random = np.random.RandomState(height)
    return [paddle.to_tensor(random.rand(batch, *shape).astype(np.float32)) for shape in shapes]


@pytest.mark.parametrize(
    "name",
    [
        "drunet_color",
        "espcn_x3",
        "fbcnn_gray",
        "ffdnet_color",
        "fsrcnn_x3",
        "lanczos_x2",
        "nafnet_width32",
        "rednet20",
        "srmd_x2",
        "srvgg_anime_x2",
    ],
)
def test_any_size_goes_through_the_network_and_its_exported_graph(name):
    spec, network = model_spec(name), build_model(name)
    network.eval()
    shapes = [(spec.in_channels, None, None), *spec.extra_inputs.values()]
    exported = make_engine(network, shapes, "paddle_inference", "cpu", threads=1)
    for batch, height, width in ((1, 16, 24), (2, 9, 14), (1, 5, 3)):
        inputs = random_inputs(spec, batch, height, width)
        with paddle.no_grad():
            expected = network(*inputs)
        actual = exported(*(x.numpy() for x in inputs))
        scale = spec.scale or 1
        assert expected.shape == [batch, spec.in_channels, scale * height, scale * width]
        np.testing.assert_allclose(actual, expected.numpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["drunet_gray", "srmd_x3", "srmdnf_x2"])
def test_what_the_network_is_told_may_be_one_number_a_map_or_a_channel(name):
    spec, network = model_spec(name), build_model(name)
    network.eval()
    picture, told = random_inputs(spec, 2, 8, 16)
    told_map = told.expand([-1, -1, 8, 16])
    with paddle.no_grad():
        expected = network(picture, told).numpy()
        np.testing.assert_array_equal(network(picture, told_map).numpy(), expected)
        np.testing.assert_array_equal(network(paddle.concat([picture, told_map], axis=1)).numpy(), expected)
