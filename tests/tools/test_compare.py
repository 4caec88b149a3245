import sys

import pytest
from PIL import Image

import paddle_cv as pcv
from paddle_cv.cli.compare import main
from paddle_cv.weights import save_state


@pytest.fixture
def compare(tmp_path, photo, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(photo[:121, :163]).save("cat.png")

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["compare.py", *arguments, "--image", "cat.png", "--engine", "dygraph"])
        assert main() == 0
        return capsys.readouterr().out.splitlines()

    return call


def test_enlargement(compare):
    *lines, path = compare("nearest_x2", "lanczos_x2", "-o", "figures/cat.png")
    psnr = {line.split()[0]: float(line.split()[1]) for line in lines}
    assert list(psnr) == ["bicubic", "nearest_x2", "lanczos_x2"]
    assert psnr["nearest_x2"] < psnr["bicubic"] < psnr["lanczos_x2"]
    assert path == "figures/cat.png" and Image.open(path).size[1] == 480


def test_denoising(compare, tmp_path):
    save_state(pcv.create_model("ffdnet_gray").state_dict(), tmp_path / "own.pdparams")
    options = ("--noise_level", "25", "--weights", "ffdnet_gray=own.pdparams", "--box", "10", "20", "30", "30")
    noise, denoised, _ = compare("ffdnet_gray", "-o", "noise.png", *options)
    assert noise.startswith("noise 25 ") and 20 < float(noise.split()[2]) < 21  # 20 log10(255 / 25) is 20.17
    assert denoised.startswith("ffdnet_gray ")


@pytest.mark.parametrize(
    "arguments, reason",
    [
        (("nearest_x2", "nearest_x3"), "same factor"),
        (("nearest_x2", "lenet"), "same factor"),
        (("ffdnet_gray",), "--noise_level is needed"),
        (("nearest_x2", "--box", "0", "0", "500", "10"), "not inside"),
        (("nearest_x2", "--low", "cat.png"), "not 2 times"),
        (("nearest_x2", "--weights", "nearest_x4=a"), "NAME=FILE"),
        (("nearest_y2",), "nearest_y2"),
    ],
)
def test_wrong_arguments(compare, capsys, tmp_path, arguments, reason):
    with pytest.raises(SystemExit) as caught:
        compare(*arguments, "-o", "out.png")
    assert caught.value.code == 2 and reason in capsys.readouterr().err and not (tmp_path / "out.png").exists()


@pytest.mark.parametrize("output, reason", [("cat.png", "is an input"), ("cat.xyz", "no format that is written")])
def test_the_figure_has_a_place_of_its_own(compare, capsys, tmp_path, monkeypatch, output, reason):
    monkeypatch.setattr(pcv, "load", None)  # it is known before the networks work
    before = (tmp_path / "cat.png").read_bytes()
    with pytest.raises(SystemExit):
        compare("nearest_x2", "-o", output)
    assert reason in capsys.readouterr().err and (tmp_path / "cat.png").read_bytes() == before
