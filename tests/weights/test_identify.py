"""What a state dict is for: what the caller names, what the file shows, and what is guessed."""

import logging
import random

import numpy as np
import paddle
import pytest

import paddle_cv as pcv
from paddle_cv.models import networks
from paddle_cv.weights import identify_state, save_state
from paddle_cv.weights.official import rename_entries


def _without_stored(network):
    return {k: v.numpy() for k, v in network.state_dict().items() if not k.startswith("stored_")}


@pytest.mark.parametrize(
    "asked, holds, spec",
    [
        ("vdsr_x4", "vdsr_x2", "vdsr_x4"),
        ("vdsr_x4", "vdsr_nobias_x2", "vdsr_nobias_x4"),
        ("srcnn_x3", "srcnn_915_x2", "srcnn_915_x3"),
        ("dncnn_gray_s25", "dncnn_gray_s15_merged", "dncnn_gray_s25_merged"),
        ("dncnn_gray_s50", "dncnn_gray_s15", "dncnn_gray_s50"),
        ("ircnn_gray_s25", "ircnn_gray_s15", "ircnn_gray_s25"),
        ("drrn_b1u25_x3", "drrn_b1u9_x2", "drrn_b1u9_x3"),
    ],
)
def test_what_the_caller_names_holds_where_shapes_allow_it(asked, holds, spec, tmp_path, caplog):
    save_state(_without_stored(pcv.create_model(holds)), tmp_path / "own.pdparams")
    with caplog.at_level(logging.WARNING, "paddle_cv"):
        network, found = pcv.load_network(asked, tmp_path / "own.pdparams")
    assert found.name == spec and found.hyperparameters == pcv.model_spec(spec).hyperparameters
    assert "could be" not in caplog.text
    assert getattr(network, "scale", None) == pcv.model_spec(spec).scale or not hasattr(network, "scale")


def test_a_guess_is_said(tmp_path, caplog):
    save_state(_without_stored(pcv.create_model("vdsr_x4")), tmp_path / "own.pdparams")
    with caplog.at_level(logging.WARNING, "paddle_cv"):
        _, spec = pcv.from_checkpoint(tmp_path / "own.pdparams")
    assert spec.name == "vdsr_x2" and "could be of vdsr_x2, vdsr_x3, vdsr_x4; the first is taken" in caplog.text


@pytest.mark.parametrize("asked, holds", [("vdsr_x2", "vdsr_x4"), ("vdsr_x2", "vdsr_nobias_x4")])
def test_a_file_that_says_something_else_is_met_with_a_warning(asked, holds, tmp_path, caplog):
    save_state(pcv.create_model(holds).state_dict(), tmp_path / "own.pdparams")
    with caplog.at_level(logging.WARNING, "paddle_cv"):
        _, found = pcv.load_network(asked, tmp_path / "own.pdparams")
    assert found.scale == 2 and "own.pdparams is for the scale 4; it is used for 2, as was asked" in caplog.text
    assert pcv.from_checkpoint(tmp_path / "own.pdparams")[1].scale == 4


@pytest.mark.parametrize(
    "asked, holds",
    [("vdsr_x2", "vdsr_nobias_x2"), ("dncnn_gray_s25", "dncnn_gray_s15_merged"), ("espcn_x3", "rdn_lite_x2")],
)
def test_the_message_says_what_fits(asked, holds, tmp_path):
    save_state(pcv.create_model(holds).state_dict(), tmp_path / "own.pdparams")
    with pytest.raises(ValueError, match=rf"own\.pdparams holds weights of {holds}, which do not fit"):
        pcv.create_model(asked, pretrained=tmp_path / "own.pdparams")


def _shapes():
    """The shapes of a state dict for each class of networks, ours and those of the golden fixtures."""
    seen = set()
    for name in pcv.list_models():
        spec = pcv.model_spec(name)
        if spec.network in seen:
            continue
        seen.add(spec.network)
        with paddle.LazyGuard():  # the shapes alone
            network = pcv.create_model(name)
        yield {key: list(value.shape) for key, value in network.state_dict().items()}


def _mutated(shapes, chance):
    """Entries that are missing, renamed, of other shapes, or another network's."""
    state = dict(shapes)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        key, kind = chance.choice(list(state)), chance.randrange(6)
        if kind == 0 and len(state) > 1:
            del state[key]
        elif kind == 1:
            state[key] = state[key][: chance.randrange(3)]
        elif kind == 2:
            state[key] = [chance.choice((0, 1, 2, 3, side, 7 * side)) for side in state[key]]
        elif kind == 3:
            state[key] = [*state[key], 3]
        elif kind == 4:
            parts = key.split(".")
            parts[chance.randrange(len(parts))] = chance.choice(("", "0", "x", "weight", "999", "-1"))
            state[".".join(parts)] = state[key]
        else:
            kept = chance.randrange(1, len(state) + 1)
            state = dict(chance.sample(sorted(state.items()), kept))
    return state


def test_detection_never_raises():
    """For any state dict: each family's entries, changed at random, are shown to every family."""
    chance = random.Random(0)
    families = [shapes for shapes in _shapes() if shapes]
    found = 0
    for shapes in families:
        for _ in range(15):
            state = _mutated(shapes, chance)
            arrays = {key: np.broadcast_to(np.float32(0), shape) for key, shape in state.items()}
            for network in networks():
                rename_entries(arrays, network)
                hyperparameters = network.detect(state)
                assert hyperparameters is None or isinstance(hyperparameters, dict)
                found += hyperparameters is not None
    assert found > len(families)


def test_foreign_files_belong_to_nothing(tmp_path):
    entries = [{}, {"a": [3]}, {"net.0.weight": []}, {"conv1.weight": [64, 3, 9, 9], "conv1.bias": [64]}]
    entries += [{key: [64, 64, 3, 3]} for key in ("c1.weight", "fc.weight", "model.0.weight", "features.0.weight")]
    for shapes in entries:
        assert all(network.detect(shapes) is None for network in networks()), shapes
        assert identify_state({key: np.zeros(shape, np.float32) for key, shape in shapes.items()}) is None
