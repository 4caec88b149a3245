"""Configurations are found by path and by name."""

import pytest

from paddle_cv.training import load_config
from paddle_cv.training.configs import configs_folder, find_config


def test_by_name_and_by_path(tmp_path, monkeypatch, root):
    monkeypatch.chdir(tmp_path)
    shipped = configs_folder() / "restoration" / "rdn_lite_x4.yaml"
    for name in ("rdn_lite_x4", "rdn_lite_x4.yaml", "configs/restoration/rdn_lite_x4.yaml", shipped):
        assert find_config(name) == shipped
    (tmp_path / "rdn_lite_x4.yaml").write_text("model: {name: rdn_lite_x4}\n")
    assert find_config("rdn_lite_x4.yaml") != shipped  # a file of one's own comes first
    assert load_config("mnist_mlp").model.name == "mnist_mlp"


@pytest.mark.parametrize(
    "name, message",
    [
        ("rdn_light_x4", "did you mean rdn_lite_x4"),
        ("configs/restoration/rdn_lite_x5.yaml", "did you mean rdn_lite_x"),
        ("mine/rdn_lite_x4.yaml", "no configuration mine/rdn_lite_x4.yaml; did you mean rdn_lite_x4"),
        ("zzz", "those of this project are"),
    ],
)
def test_what_is_not_there(tmp_path, monkeypatch, name, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=message):
        find_config(name)


def test_no_two_have_one_name():
    names = [path.stem for path in configs_folder().glob("[!_]*/*.yaml")]
    assert len(names) == len(set(names))
