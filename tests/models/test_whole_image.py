"""What networks for the tasks that look at the whole image promise, beside agreeing with their reference implementations."""

import numpy as np
import paddle
import pytest

from paddle_cv.analysis import layer_costs
from paddle_cv.models import build_model, list_models, model_spec
from paddle_cv.models.stylization.adain import adaptive_instance_norm
from paddle_cv.weights import identify_state

SEGMENTATION, MATTING = list_models(task="segmentation"), list_models(task="matting")
COLORIZATION, STYLIZATION = list_models(task="colorization"), list_models(task="stylization")


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


@pytest.mark.parametrize("name", [*SEGMENTATION, *MATTING, *COLORIZATION, *STYLIZATION])
def test_gradients_reach_every_parameter(name):
    paddle.seed(0)
    spec = model_spec(name)
    height, width = (8, 12) if name in STYLIZATION else _sides(spec)
    inputs = [_image(spec, 2, height, width)]
    if "style" in spec.extra_inputs:
        inputs.append(_image(spec, 2, 9, 7))
    check_gradients(build_model(name), *inputs)


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


@pytest.mark.parametrize("name", COLORIZATION)
@paddle.no_grad()
def test_colors_stay_in_their_range(name):
    spec, network = model_spec(name), build_model(name)
    network.eval()
    lightness = paddle.uniform([2, 1, 24, 32], min=0.0, max=100.0)
    ab = network(lightness)
    assert ab.shape == [2, 2, 24, 32]
    if not spec.hints:
        return
    assert float(ab.abs().max()) <= 110
    nothing = network(lightness, paddle.zeros([2, 2, 24, 32]), paddle.zeros([2, 1, 24, 32]))
    assert np.array_equal(nothing.numpy(), ab.numpy())
    hints, mask = paddle.zeros([2, 2, 24, 32]), paddle.zeros([2, 1, 24, 32])
    hints[:, :, 8, 8], mask[:, :, 8, 8] = 60.0, 1.0
    assert not np.array_equal(network(lightness, hints, mask).numpy(), ab.numpy())


@pytest.mark.parametrize("name", STYLIZATION)
@paddle.no_grad()
def test_painted_images_are_as_large(name):
    spec, network = model_spec(name), build_model(name)
    network.eval()
    x = paddle.rand([1, 3, 9 * spec.multiple, 11 * spec.multiple])
    styles = [[]] if not spec.any_style else [[paddle.rand([1, 3, 33, 70])], [paddle.rand([1, 3, 50, 41])]]
    results = [network(x, *style).numpy() for style in styles]
    assert all(result.shape == tuple(x.shape) for result in results)
    assert len(results) == 1 or np.abs(results[0] - results[1]).max() > 1e-3 * results[0].std()


@paddle.no_grad()
def test_alpha_mixes_the_image_and_the_style():
    network = build_model("adain")
    network.eval()
    x, style = paddle.rand([1, 3, 32, 40]), paddle.rand([1, 3, 32, 40]) ** 3
    features = network.encoder(x)
    plain = network.decoder(features).numpy()
    np.testing.assert_allclose(network(x, style, alpha=0.0).numpy(), plain, atol=1e-5)
    mixed = adaptive_instance_norm(features, network.encoder(style))
    alive = features.std([2, 3]).numpy() > 0.05  # a channel that is zero everywhere has no deviation to scale
    for dimension in ("mean", "std"):
        got, want = (getattr(f, dimension)([2, 3]).numpy() for f in (mixed, network.encoder(style)))
        np.testing.assert_allclose(got[alive], want[alive], rtol=0.02, atol=5e-3)


def test_old_files_of_fast_neural_style_load():
    network = build_model("fast_neural_style")
    state = {key.replace(".scale", ".weight"): value.numpy() for key, value in network.state_dict().items()}
    state["res1.in1.running_mean"] = state["in4.running_var"] = np.zeros(128, np.float32)
    spec, entries = identify_state(state)
    assert spec.name == "fast_neural_style" and entries.keys() == network.state_dict().keys()
