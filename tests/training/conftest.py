"""What several tests of training need."""

import numpy as np
import pytest

from paddle_cv.weights import save_state


@pytest.fixture(scope="session")
def vgg19(tmp_path_factory):
    """A file with random weights of VGG19's first two convolutions."""
    rng = np.random.default_rng(19)
    state = {}
    for number, (outputs, inputs) in {0: (64, 3), 2: (64, 64)}.items():
        scale = (2 / (9 * inputs)) ** 0.5
        state[f"features.{number}.weight"] = scale * rng.standard_normal((outputs, inputs, 3, 3), np.float32)
        state[f"features.{number}.bias"] = 0.1 * rng.standard_normal(outputs, np.float32)
    path = tmp_path_factory.mktemp("vgg19") / "vgg19.pdparams"
    save_state(state, path)
    return path
