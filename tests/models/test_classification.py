"""What every classifier promises, beside agreeing with its reference implementation."""

import numpy as np
import paddle
import pytest

from paddle_cv.engines import make_engine
from paddle_cv.models import build_model, list_models, model_spec

CLASSIFIERS = list_models(task="classification")


def _picture(name, extra=0, training=False):
    spec = model_spec(name)
    size = (training and spec.network.smallest_training_input) or spec.network.smallest_input
    return paddle.to_tensor(np.random.RandomState(0).randn(2, spec.in_channels, size, size + extra).astype(np.float32))


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_other_classes_gradients_and_odd_sizes(name):
    # One block a stage shows what all do.
    depths = model_spec(name).hyperparameters.get("depths")
    network = build_model(name, num_classes=7, **({"depths": (1,) * len(depths)} if depths else {}))
    for layer in network.sublayers():
        if isinstance(layer, paddle.nn.BatchNorm2D):
            # The statistics of the batch would take away what an earlier layer adds everywhere: its gradient would be zero.
            layer.eval()
    outputs = network(_picture(name, training=True))
    outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]  # in training, auxiliary heads as well
    assert [output.shape for output in outputs] == [[2, 7]] * len(outputs)
    sum((output - 1).square().mean() for output in outputs).backward()
    learned = {key: parameter for key, parameter in network.named_parameters() if not parameter.stop_gradient}
    for key, parameter in learned.items():
        assert parameter.grad is not None and np.isfinite(parameter.grad.numpy()).all(), key
        assert float(parameter.grad.abs().max()) > 0, key

    kept = {key: value.numpy() for key, value in network.state_dict().items()}
    network.reset_classifier(3)
    changed = {key for key, value in network.state_dict().items() if value.shape != list(kept[key].shape)}
    assert changed and all(key.startswith(tuple(network.classifiers)) for key in changed)
    network.eval()
    with paddle.no_grad():
        odd = _picture(name, extra=3)
        assert network(odd).shape == [2, 3]
        features = network.forward_features(odd)
    assert features.ndim == 4 and features.shape[0] == 2
    with pytest.raises(ValueError, match="num_classes"):
        network.reset_classifier(0)


@pytest.mark.parametrize("name", ["googlenet", "squeezenet1_0"])
def test_the_exported_graph_takes_any_size(name):
    network = build_model(name)
    network.eval()
    exported = make_engine(network, [(3, None, None)], "paddle_inference", "cpu", threads=1)
    for batch, height, width in ((1, 64, 64), (2, 71, 46)):
        x = np.random.RandomState(height).randn(batch, 3, height, width).astype(np.float32)
        with paddle.no_grad():
            expected = network(paddle.to_tensor(x)).numpy()
        assert np.abs(exported(x) - expected).max() < 1e-4 * expected.std()
