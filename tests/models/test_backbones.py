"""Classifiers as the backbones of other networks: features of several stages, and dilations in the place of strides."""

import numpy as np
import paddle
import pytest

from paddle_cv.models import build_model, list_models, model_spec
from paddle_cv.models.classification.base import StagedClassifier, stage_strides

STAGED = [
    "resnet18",
    "resnet50d",
    "mobilenet_v2",
    "mobilenet_v3_large",
    "mobilenet_v3_small",
    "squeezenet1_0",
    "xception41",
]
DILATED = [name for name in STAGED if name != "squeezenet1_0"]
SMALL = {"resnet50": {"depths": (1, 2, 2, 2)}, "xception41": {"middle_blocks": 1}}


def _build(name, **options):
    paddle.seed(0)
    network = build_model(name, num_classes=3, **SMALL.get(name, {}), **options)
    network.eval()
    return network


def test_every_family_is_here():
    families = {model_spec(name).network for name in list_models(task="classification")}
    staged = {family for family in families if issubclass(family, StagedClassifier)}
    assert staged == {model_spec(name).network for name in STAGED}


@pytest.mark.parametrize(
    "name, options, output_stride",
    [
        *((name, {"output_stride": stride}, stride) for name in DILATED for stride in (32, 16, 8)),
        ("squeezenet1_0", {"padding": True}, 16),
        ("squeezenet1_1", {"padding": True}, 16),
    ],
)
@paddle.no_grad()
def test_the_maps_are_those_of_feature_info(name, options, output_stride):
    network = _build(name, **options)
    x = paddle.rand([1, 3, 64, 96])
    stages = range(len(network.feature_info))
    maps = network.forward_features(x, stages)
    for info, features in zip(network.feature_info, maps, strict=True):
        assert features.shape == [1, info.channels, 64 // info.stride, 96 // info.stride]
    assert network.feature_info[-1].stride == output_stride
    assert np.array_equal(network.forward_features(x).numpy(), maps[-1].numpy())
    second, first = network.forward_features(x, (2, 1))
    assert np.array_equal(second.numpy(), maps[2].numpy()) and np.array_equal(first.numpy(), maps[1].numpy())

    last = len(maps) - 1 if name == "xception41" else len(maps) - 2
    network.cut_after(last)
    assert np.array_equal(network.forward_features(x).numpy(), maps[last].numpy())
    assert not any(key.startswith(("fc.", "classifier.", "head.")) for key in network.state_dict())


@pytest.mark.parametrize("name, options", [("resnet50", {"dilate_first": False}), ("xception41", {})])
@paddle.no_grad()
def test_dilated_kernels_see_the_same_places(name, options):
    network, dilated = _build(name), _build(name, output_stride=8, **options)
    dilated.set_state_dict(network.state_dict())
    x = paddle.rand([1, 3, 96, 64])
    coarse, fine = network.forward_features(x).numpy(), dilated.forward_features(x).numpy()
    assert fine.shape[2:] == (12, 8)
    np.testing.assert_allclose(fine[:, :, ::4, ::4], coarse, atol=1e-4 * coarse.std())


@paddle.no_grad()
def test_multi_grid_multiplies_the_last_dilations():
    network = _build("resnet50d", depths=(1, 1, 1, 3), output_stride=16, multi_grid=(1, 2, 4))
    assert [block.conv2._dilation[0] for block in network.layer4] == [2, 4, 8]
    assert network.layer3[0].conv2._dilation[0] == 1


def test_strides():
    assert stage_strides((1, 2, 2, 2), 8, 4) == [(1, 1, 1), (2, 1, 1), (1, 1, 2), (1, 2, 4)]
    assert stage_strides((1, 2, 2, 2), 16, 4) == [(1, 1, 1), (2, 1, 1), (2, 1, 1), (1, 1, 2)]
    with pytest.raises(ValueError, match="8, 16 or 32"):
        build_model("resnet18", output_stride=4)
