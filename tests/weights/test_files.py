import json
import os
import pickle
import struct

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


def test_what_training_programs_wrap_around_weights(state, tmp_path):
    steps = {"state": {0: {"exp_avg": np.zeros(3)}}, "param_groups": [{"lr": 1e-4}]}
    contents = [
        *({key: state, "epoch": 3} for key in ("model", "params_ema", "net", "generator", "netG")),
        {"params": {"old": np.zeros(1)}, "params_ema": state},
        {"gen": state, "optimizer": steps, "best": np.float64(31.5)},
        {"model": {f"module.{key}": value for key, value in state.items()}, "optimizer": steps},
        {f"module.module.{key}": value for key, value in state.items()},
        {**state, "total_ops": np.zeros(1), "a.total_params": np.float64(0), "step_counter": np.array(7)},
        {"state_dict": {"n_averaged": np.array(3), **{f"module.{key}": value for key, value in state.items()}}},
    ]
    for number, content in enumerate(contents):
        paddle.save(content, str(tmp_path / f"{number}.pdparams"))
        check(read_state(tmp_path / f"{number}.pdparams"), state)


def test_single_numbers_stay(tmp_path):
    save_state({"factor": np.array(0.5), "a.weight": np.ones(2)}, tmp_path / "a.pdparams")
    assert read_state(tmp_path / "a.pdparams")["factor"].shape == ()


def test_several_state_dicts_in_a_file(state, tmp_path):
    second = {key: value + 1 for key, value in state.items()}
    paddle.save({"G": state, "D": second, "epoch": 3}, str(tmp_path / "gan.pdparams"))
    check(read_state(tmp_path / "gan.pdparams", part="D"), second)
    with pytest.raises(ValueError, match=r"gan.pdparams holds 2 state dicts \(G, D\)"):
        read_state(tmp_path / "gan.pdparams")


@pytest.mark.parametrize("name", ["a.pdparams", "a2.pdparams", "a.safetensors", "a.npz"])
def test_bfloat16(name, tmp_path):
    value = np.array([[0.5, -2.0], [1.5, 2.0**-20]], np.float32)
    if name.endswith(".pdparams"):
        tensor = paddle.to_tensor(value).astype("bfloat16")
        paddle.save({"a": tensor}, str(tmp_path / name), protocol=2 if "2" in name else 4)
    elif name.endswith(".safetensors"):
        content = (value.view(np.uint32) >> 16).astype("<u2").tobytes()
        header = json.dumps({"a": {"dtype": "BF16", "shape": [2, 2], "data_offsets": [0, len(content)]}}).encode()
        (tmp_path / name).write_bytes(struct.pack("<Q", len(header)) + header + content)
    else:
        np.savez(tmp_path / name, a=value.astype(pytest.importorskip("ml_dtypes").bfloat16))
    read = read_state(tmp_path / name)["a"]
    assert read.dtype == np.float32 and np.array_equal(read, value)


def test_texts_beside_weights_are_left_out(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.ones(3), names=np.array(["x"]), flags=np.array([True]))
    assert list(read_state(tmp_path / "a.npz")) == ["a"]
