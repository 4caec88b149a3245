"""tools/convert.py with the weights of the golden fixtures, as other people's programs would have saved them."""

import sys

import numpy as np
import paddle
import pytest
from safetensors.numpy import save_file

import paddle_cv as pcv
from paddle_cv.cli import convert as program

from .. import golden


@pytest.fixture
def convert(monkeypatch, tmp_path, capsys):
    """Runs the script on a source in a new folder; gives its exit code, the target and what it printed."""

    def run(name, source, target="out.pdparams"):
        monkeypatch.setattr(sys, "argv", ["convert.py", name, str(source), "-o", str(tmp_path / target)])
        code = program.main()
        return code, tmp_path / target, "".join(capsys.readouterr())

    return run


def _authors_state(name):
    return {f"module.{key}": value for key, value in golden.state(golden.load(name)).items()}


def _npz(path, state):
    np.savez(path, **state)


def _safetensors(path, state):
    save_file(state, str(path))


def _pdparams(path, state):
    paddle.save({"params": state}, str(path))


WRITERS = {".npz": _npz, ".safetensors": _safetensors, ".pdparams": _pdparams}


@pytest.mark.parametrize("suffix", WRITERS)
def test_converted_weights_compute_what_the_reference_does(convert, tmp_path, suffix):
    source = tmp_path / f"authors{suffix}"
    WRITERS[suffix](source, _authors_state("rdn_a_x2"))
    code, target, printed = convert("rdn_a_x2", source)
    assert code == 0 and "entries of rdn_a_x2" in printed
    network, spec = pcv.from_checkpoint(target)
    assert spec.name == "rdn_a_x2"
    fixture = golden.load("rdn_a_x2")
    with paddle.no_grad():
        result = network(paddle.to_tensor(golden.inputs(fixture)[0])).numpy()
    assert golden.difference(fixture["output"], result) < golden.tolerance(fixture)


def test_other_names_and_the_slopes_of_prelus_are_mapped(convert, tmp_path):
    _npz(tmp_path / "authors.npz", _authors_state("dbpn_x2"))
    code, target, _ = convert("dbpn_x2", tmp_path / "authors.npz")
    assert code == 0
    assert pcv.from_checkpoint(target)[1].name == "dbpn_x2"


def test_our_own_names_stay(convert, tmp_path):
    network = pcv.create_model("ddbpn_edsr_x2")
    _npz(tmp_path / "ours.npz", {key: value.numpy() for key, value in network.state_dict().items()})
    code, target, _ = convert("ddbpn_edsr_x2", tmp_path / "ours.npz")
    assert code == 0
    converted = pcv.from_checkpoint(target)[0].state_dict()
    assert all(np.array_equal(value.numpy(), converted[key].numpy()) for key, value in network.state_dict().items())


def test_every_wrong_entry_is_named_and_nothing_is_written(convert, tmp_path):
    state = _authors_state("rdn_a_x2")
    del state["module.GFF.0.bias"]
    state["module.head.weight"] = np.zeros([1, 2], np.float32)
    state["module.SFENet2.weight"] = state["module.SFENet2.weight"][:, :5]
    _npz(tmp_path / "broken.npz", state)
    code, target, printed = convert("rdn_a_x2", tmp_path / "broken.npz")
    assert code == 1 and "nothing was written" in printed
    assert "missing: GFF.0.bias" in printed and "surplus: head.weight" in printed
    assert "wrong shape: SFENet2.weight [64, 5, 3, 3] instead of [64, 64, 3, 3]" in printed
    assert [path.name for path in tmp_path.iterdir()] == ["broken.npz"]


def test_an_earlier_result_survives_a_failure(convert, tmp_path):
    (tmp_path / "out.pdparams").write_bytes(b"earlier")
    (tmp_path / "damaged.npz").write_bytes(b"PK\x03\x04 and no more")
    code, target, printed = convert("rdn_a_x2", tmp_path / "damaged.npz")
    assert code == 1 and "damaged.npz" in printed
    assert target.read_bytes() == b"earlier"


def test_a_missing_source(convert, tmp_path):
    code, target, printed = convert("rdn_a_x2", tmp_path / "none.npz")
    assert code == 1 and "there is no weight file" in printed and not target.exists()


@pytest.mark.parametrize(
    "name, target, message", [("rdn_z", "out.pdparams", "did you mean"), ("rdn_a_x2", "out.pth", "end with")]
)
def test_wrong_arguments(convert, tmp_path, capsys, name, target, message):
    with pytest.raises(SystemExit) as stopped:
        convert(name, tmp_path / "any.npz", target)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err
