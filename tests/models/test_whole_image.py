"""What networks for segmentation and matting promise, beside agreeing with their reference implementations."""

import numpy as np
import paddle
import pytest

from paddle_cv.analysis import layer_costs
from paddle_cv.models import build_model, list_models, model_spec

SEGMENTATION, MATTING = list_models(task="segmentation"), list_models(task="matting")


def _image(spec, batch, height, width):
    random = np.random.RandomState(height)
    sides = (height * spec.multiple, width * spec.multiple)
    return paddle.to_tensor(random.randn(batch, spec.in_channels, *sides).astype(np.float32))


def _sides(spec):
    """Height and width in units of what the sides are multiples of; odd where any will do."""
    return (2, 3) if spec.multiple > 1 else (65, 87)


def check_gradients(network, *inputs):
    """Training reaches every parameter."""
    for layer in network.sublayers():
        if isinstance(layer, paddle.nn.BatchNorm2D):
            # The statistics of the batch would take away what a bias adds everywhere: its gradient would be zero.
            layer.eval()
    outputs = network(*inputs)
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    sum((output - 1).square().mean() for output in outputs).backward()
    for key, parameter in network.named_parameters():
        if not parameter.stop_gradient:
            assert parameter.grad is not None and np.isfinite(parameter.grad.numpy()).all(), key
            assert float(parameter.grad.abs().max()) > 0, key


@pytest.mark.parametrize("name", [*SEGMENTATION, *MATTING])
def test_gradients_reach_every_parameter(name):
    paddle.seed(0)
    check_gradients(build_model(name), _image(model_spec(name), 2, *_sides(model_spec(name))))


@pytest.mark.parametrize("name", SEGMENTATION)
@paddle.no_grad()
def test_maps_have_the_size_of_the_image(name):
    spec = model_spec(name)
    network = build_model(name)
    network.eval()
    x = _image(spec, 2, *_sides(spec))
    y = network(x)
    assert y.shape == [2, spec.num_classes, *x.shape[2:]]
    assert spec.output in ("logits", "probability") and (spec.output == "logits" or spec.num_classes == 1)
    if spec.output == "probability":
        assert 0 <= float(y.min()) and float(y.max()) <= 1
    assert len(set(spec.palette)) == spec.num_classes


@pytest.mark.parametrize("name", SEGMENTATION)
def test_other_classes_are_read_from_the_weights(name):
    spec = model_spec(name)
    network = build_model(name, num_classes=5)
    shapes = {key: value.shape for key, value in network.state_dict().items()}
    assert spec.network.detect(shapes)["num_classes"] == 5


def test_the_palette_is_that_of_voc():
    colors = model_spec("deeplabv3_resnet50").palette
    assert colors[:3] == [(0, 0, 0), (128, 0, 0), (0, 128, 0)] and colors[15] == (192, 128, 128)


# What this project says of its own networks: at most a million parameters; multiply-accumulates for 256 x 192 pixels.
@pytest.mark.parametrize("name, macs", [("portrait_lite", 300e6), ("portrait_squeezenet", 900e6)])
def test_the_portrait_networks_are_light(name, macs):
    network = build_model(name)
    assert sum(p.size for p in network.parameters() if not p.stop_gradient) <= 1_000_000
    assert sum(cost.macs for cost in layer_costs(network, [1, 3, 256, 192])) <= macs


def test_a_backbone_takes_the_weights_of_its_classifier():
    classifier, network = build_model("squeezenet1_0"), build_model("portrait_squeezenet")
    weights = classifier.state_dict()
    own = network.backbone.state_dict()
    assert own and all(weights[key].shape == value.shape for key, value in own.items())


def test_squeezenet_is_not_dilated():
    with pytest.raises(ValueError, match="output stride is 16"):
        build_model("portrait_squeezenet", output_stride=8)
