"""Keys of reference implementations and ours."""

import pytest

from paddle_cv.models import build_model, list_models, model_spec
from paddle_cv.weights import convert_state

# One name of each network whose keys differ from the reference implementation's.
NAMES = {
    model_spec(name).network: name
    for name in list_models()
    if hasattr(model_spec(name).network, "official_key") or hasattr(model_spec(name).network, "official_state")
}


@pytest.mark.parametrize("name", NAMES.values())
def test_our_own_keys_stay(name):
    network = build_model(name)
    state = {key: value.numpy() for key, value in network.state_dict().items()}
    assert convert_state(state, network).keys() == state.keys()
