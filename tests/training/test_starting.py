import pytest

from paddle_cv.training.starting import find_weights
from paddle_cv.weights import fetch


def test_a_file_or_a_name(tmp_path):
    (tmp_path / "a.pdparams").touch()
    assert find_weights(str(tmp_path / "a.pdparams")) == (tmp_path / "a.pdparams", None)
    path, spec = find_weights("rdn_lite_x4")
    assert path.is_file() and spec.name == "rdn_lite_x4"


@pytest.mark.parametrize(
    "weights, message",
    [
        ("none/a.pdparams", "model.weights: there is no file none/a.pdparams. -o model.weights=FILE"),
        ("rdn_light_x4", "there is no file rdn_light_x4: there is no model 'rdn_light_x4'; did you mean"),
        ("rdn_b_x2", "model.weights: .*\n?.*-o model.weights=null from random weights"),
    ],
)
def test_what_is_not_there_has_ways_out(weights, message):
    with pytest.raises(FileNotFoundError, match=message):
        find_weights(weights)


def test_without_a_network_the_ways_out_are_told(monkeypatch):
    def offline(*arguments, **keys):
        raise OSError("no route to host")

    monkeypatch.setattr("urllib.request.urlopen", offline)
    with pytest.raises(FileNotFoundError) as error:
        find_weights("resnet18")
    text = str(error.value)
    assert "put it" in text and "-o model.weights=FILE" in text and str(fetch.cache_folder()) in text
