"""Small files that name huge networks: refused before memory is taken."""

import subprocess
import sys

import numpy as np
import paddle
import pytest

import paddle_cv as pcv
from paddle_cv.models.budget import TooLarge, building_for
from paddle_cv.weights import identify_state, save_state

from .torch_writer import Tensor, save

# Families, and by how much their layers are widened.
FAMILIES = {"rdn_lite_x4": 500, "edsr_baseline_x2": 5000, "u2netp": 2000}


def _huge(name):
    """Entries of a network with very wide layers, none of which has a number in it."""
    with paddle.LazyGuard():
        shapes = {key: list(value.shape) for key, value in pcv.create_model(name).state_dict().items()}
    return {
        key: np.zeros([side * FAMILIES[name] for side in shape[:-1]] + [0], np.float32) for key, shape in shapes.items()
    }


@pytest.mark.parametrize("name", FAMILIES)
def test_shapes_without_numbers(name):
    before = paddle.base.core.host_memory_stat_peak_value("Allocated", 0)
    with pytest.raises(ValueError, match="far larger than the weights in it, taken for"):
        identify_state(_huge(name))
    assert paddle.base.core.host_memory_stat_peak_value("Allocated", 0) < before + 2**28


def test_every_parameter_is_counted_before_it_is_made():
    state = {"a": np.zeros(10, np.float32)}
    with building_for(state), pytest.raises(TooLarge, match="far larger"):
        pcv.create_model("rdn_b_x4")
    with building_for(state), pytest.raises(TooLarge):
        paddle.nn.Linear(10**6, 10**6)
    with building_for(state), pytest.raises(TooLarge):
        paddle.nn.LayerList(paddle.nn.Linear(1, 1) for _ in range(2000))
    assert paddle.nn.Linear(5000, 5000).weight.size == 5000**2  # outside of it, nothing is counted


def test_heads_that_a_file_lacks_are_no_reason_to_refuse_it(tmp_path):
    network = pcv.create_model("googlenet")
    heads = tuple(f"{head}." for head in network.auxiliary)
    state = {key: value for key, value in network.state_dict().items() if not key.startswith(heads)}
    save_state(state, tmp_path / "a.pdparams")
    assert pcv.from_checkpoint(tmp_path / "a.pdparams")[1].network is type(network)


@pytest.mark.parametrize("scale", [-3, 0, 10**6])
def test_scales_that_no_network_has(tmp_path, scale):
    """The result of a picture of 20 x 20 pixels would take a petabyte."""
    state = {**pcv.create_model("fsrcnn_x2").state_dict(), "stored_scale": np.array(scale, np.int32)}
    save_state(state, tmp_path / "a.pdparams")
    with pytest.raises(ValueError, match=f"a.pdparams: it says that it enlarges by {scale}, which no network does"):
        pcv.from_checkpoint(tmp_path / "a.pdparams")


_LOAD_ALL = """
import resource, sys
import paddle_cv as pcv
def most(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = most()
for path in sys.argv[1:]:
    try: pcv.from_checkpoint(path); print("loaded", path)
    except ValueError as error: print(str(error))
print((most() - before) // 1024)
"""


def test_files(tmp_path):
    """Layers without numbers, and one storage in all layers: 20 KB and 3 MB that would be terabytes and 2.4 GB."""
    np.savez(tmp_path / "empty.npz", **_huge("edsr_baseline_x2"))
    with paddle.LazyGuard():
        state = pcv.create_model("edsr_baseline_x2", num_features=256, num_blocks=500).state_dict()
    shared = Tensor(np.zeros(4 * 256**2 * 9, np.float32))
    repeated = {
        key: Tensor(shared.array[: value.size].reshape(value.shape), storage=shared) for key, value in state.items()
    }
    save(repeated, tmp_path / "one.pth")
    command = [sys.executable, "-c", _LOAD_ALL, str(tmp_path / "empty.npz"), str(tmp_path / "one.pth")]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    empty, one, grown = run.stdout.splitlines()
    assert "empty.npz" in empty and "far larger than the weights in it" in empty
    assert "one.pth" in one and "bytes of tensors are no weights" in one
    assert int(grown) < 500
