"""GoogLeNet and Inception-v3: their auxiliary heads."""

import paddle
import pytest

from paddle_cv.models import build_model, model_spec
from paddle_cv.weights import identify_state, load_weights


def test_weights_may_come_without_auxiliary_heads_but_not_with_parts_of_them():
    state = {key: value.numpy() for key, value in build_model("googlenet").state_dict().items()}
    body = {key: value for key, value in state.items() if not key.startswith("aux")}
    network = build_model("googlenet")
    own_head = network.aux1.fc1.weight.numpy()
    load_weights(network, body)
    assert (network.fc.weight.numpy() == state["fc.weight"]).all()
    assert (network.aux1.fc1.weight.numpy() == own_head).all()
    with pytest.raises(ValueError, match=r"missing: aux1\.fc1\.weight$"):
        load_weights(network, {key: value for key, value in state.items() if key != "aux1.fc1.weight"})

    spec, _ = identify_state(body)
    assert spec.network is model_spec("googlenet").network
    assert spec.hyperparameters == {"aux_heads": False, "num_classes": 1000}
    without = build_model("googlenet", aux_heads=False)
    load_weights(without, body)
    assert without(paddle.rand([2, 3, 32, 32])).shape == [2, 1000]
