"""Configurations of classifiers that no name stands for are read from their state dicts."""

import pytest

from paddle_cv.models import build_model, model_spec
from paddle_cv.weights import identify_state

CONFIGURATIONS = [
    ("densenet121", {"depths": (2, 1, 3), "growth_rate": 12, "num_features": 24, "expansion": 2}),
    ("legacy_seresnet50", {"depths": (1, 2, 1, 1), "groups": 4, "group_width": 16, "modified": True}),
    ("mobilenet_v2", {"width": 0.5}),
    ("mobilenet_v2", {"width": 1.4}),
    ("preresnet18", {"depths": (1, 3, 1, 1), "bottleneck": True}),
    ("res2net50_26w_4s", {"depths": (1, 2, 1, 1), "width": 14, "scale": 8}),
    ("resnet18", {"depths": (1, 1, 2, 1), "deep": True, "reduction": 8}),
    ("resnet50", {"depths": (1, 1, 2, 1), "groups": 8, "group_width": 12, "residual": False}),
    ("shufflenet_g3_w1", {"depths": (1, 2, 3), "groups": 3, "num_features": 120}),
    ("shufflenet_v2_x1_0", {"depths": (1, 2, 3), "widths": (20, 30, 40), "last_width": 64}),
]


@pytest.mark.parametrize("name, hyperparameters", CONFIGURATIONS)
def test_a_state_dict_tells_its_hyperparameters(name, hyperparameters):
    given = {**hyperparameters, "in_channels": 1, "num_classes": 7}
    state = {key: value.numpy() for key, value in build_model(name, **given).state_dict().items()}
    spec, _ = identify_state(state)
    assert spec.network is model_spec(name).network
    assert {key: spec.hyperparameters[key] for key in given} == given
    assert spec.in_channels == 1 and spec.task == "classification"
