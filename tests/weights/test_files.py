import os
import pickle

import numpy as np
import paddle
import pytest
from safetensors.numpy import save_file

import paddle_cv as pcv
from paddle_cv.weights import load_weights, read_state, save_state


@pytest.fixture
def state():
    random = np.random.default_rng(0)
    return {"a.weight": random.normal(size=(2, 3)).astype(np.float32), "b": random.normal(size=4).astype(np.float32)}


def check(read, state):
    assert read.keys() == state.keys()
    for key in state:
        assert read[key].dtype == np.float32 and np.allclose(read[key], state[key], atol=1e-3)


def test_every_format_and_wrapping(state, tmp_path):
    save_state(state, tmp_path / "a.pdparams")
    np.savez(tmp_path / "a.npz", **{f"module.{key}": value.astype(np.float64) for key, value in state.items()})
    save_file({key: value.astype(np.float16) for key, value in state.items()}, tmp_path / "a.safetensors")
    wrapped = {"epoch": 3, "state_dict": {"params": {f"module.{key}": value for key, value in state.items()}}}
    paddle.save(wrapped, str(tmp_path / "wrapped.pdparams"))
    paddle.save(
        {key: paddle.to_tensor(value) for key, value in state.items()}, str(tmp_path / "tensors.pdparams"), protocol=2
    )
    for path in tmp_path.iterdir():
        check(read_state(path), state)


def test_a_layers_state_dict(tmp_path):
    network = pcv.create_model("rdn_lite_x2")
    paddle.save(network.state_dict(), str(tmp_path / "a.pdparams"))
    read = read_state(tmp_path / "a.pdparams")
    assert list(read) == list(network.state_dict())
    load_weights(network, read)


def test_a_file_cannot_run_code(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "owned"),)

    (tmp_path / "evil.pdparams").write_bytes(pickle.dumps({"a": Evil()}))
    with pytest.raises(ValueError, match="mkdir"):
        read_state(tmp_path / "evil.pdparams")
    assert not (tmp_path / "owned").exists()


def test_bad_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="none.npz"):
        read_state(tmp_path / "none.npz")
    for name in ("broken.pdparams", "broken.npz", "broken.safetensors"):
        (tmp_path / name).write_bytes(b"nothing of the kind")
        with pytest.raises(ValueError, match=name):
            read_state(tmp_path / name)
    (tmp_path / "a.txt").touch()
    with pytest.raises(ValueError, match="pdparams"):
        read_state(tmp_path / "a.txt")
    np.savez(tmp_path / "empty.npz")
    with pytest.raises(ValueError, match="no weights"):
        read_state(tmp_path / "empty.npz")


def test_loading_lists_what_does_not_fit():
    network = pcv.create_model("rdn_lite_x2")
    state = {key: value.numpy() for key, value in network.state_dict().items()}
    before = network.SFENet1.weight.numpy()
    wrong = {key: value + 1 for key, value in state.items() if key != "SFENet2.bias"}
    wrong["extra"] = wrong["GFF.0.bias"]
    wrong["GFF.0.weight"] = wrong["GFF.0.weight"][:1]
    with pytest.raises(ValueError) as caught:
        load_weights(network, wrong)
    message = str(caught.value)
    assert (
        "missing: SFENet2.bias" in message and "surplus: extra" in message and "GFF.0.weight [1, 288, 1, 1]" in message
    )
    assert np.array_equal(network.SFENet1.weight.numpy(), before)


def test_saving_leaves_no_half_file(tmp_path, state, monkeypatch):
    save_state(state, tmp_path / "a.pdparams")
    before = (tmp_path / "a.pdparams").read_bytes()

    def fail(obj, path):
        open(path, "w").write("half")
        raise OSError("disk full")

    monkeypatch.setattr(paddle, "save", fail)
    with pytest.raises(OSError, match="full"):
        save_state(state, tmp_path / "a.pdparams")
    assert [path.name for path in tmp_path.iterdir()] == ["a.pdparams"]
    assert (tmp_path / "a.pdparams").read_bytes() == before
