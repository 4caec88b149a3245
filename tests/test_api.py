import re
import subprocess
import sys

import numpy as np
import paddle
import pytest

import paddle_cv as pcv
from paddle_cv.models import list_aliases, pretrained_spec
from paddle_cv.weights import hub_modules_folder


def test_listing():
    assert pcv.list_models("rdn_a*") == ["rdn_a_x2", "rdn_a_x3", "rdn_a_x4"]
    assert "deeplabv3_resnet50" in pcv.list_models(task="segmentation")
    with pytest.raises(ValueError, match="no task 'telepathy', only .*denoising.*super_resolution"):
        pcv.list_models(task="telepathy")
    assert set(pcv.list_models(task="matting")) <= set(
        pcv.list_models()
    )  # a task, however many networks there are for it
    assert "rdn_lite_x4" in pcv.list_models(pretrained=True)
    assert "realesrgan_x4" in pcv.list_models(pretrained=True) and "realesrgan_x4" not in pcv.list_models()
    assert "rdn_b_x4" in pcv.list_models(pretrained=False) and "rdn_b_x4" not in pcv.list_models(pretrained=True)


def test_specifications_and_names():
    spec = pcv.model_spec("rdn_x4")
    assert spec.name == "rdn_lite_x4" and spec.scale == 4 and "CVPR 2018" in spec.paper
    with pytest.raises(KeyError, match="rdn_b_x4"):
        pcv.model_spec("rdn_bb_x4")


MODULES = sorted(path.parent.name for path in hub_modules_folder().glob("*/module.py"))


@pytest.mark.parametrize("name", MODULES)
def test_a_hub_modules_name_is_a_models_name(name):
    """Its network, with the weights that the module has."""
    module = (hub_modules_folder() / name / "module.py").read_text(encoding="utf-8")
    [network] = re.findall('    model = "(.+)"', module)
    spec = pretrained_spec(name)
    assert spec.name == network and spec.hub_module == name


def test_published_weights_have_a_modules_name():
    assert pretrained_spec("resnet50_imagenet") is pcv.model_spec("resnet50")


def test_a_module_named_as_a_network_without_weights():
    """The paper's DnCNN has this name, and the module of the lighter one that is shipped."""
    assert pcv.model_spec("dncnn_gray_s25").name == "dncnn_gray_s25"
    assert pcv.load("dncnn_gray_s25").spec.name == "dncnn_lite_gray_s25"
    size = lambda network: sum(p.size for p in network.parameters())  # noqa: E731
    lite = size(pcv.create_model("dncnn_lite_gray_s25"))
    assert size(pcv.create_model("dncnn_gray_s25", pretrained=True)) == lite < size(pcv.create_model("dncnn_gray_s25"))
    assert isinstance(pcv.create_model("lenet_mnist"), pcv.model_spec("lenet").network)
    pictures = pcv.load(["dncnn_gray_s25", "rdn_x4"]).predict([np.zeros((8, 9), np.uint8)])
    assert pictures[0].shape == (32, 36)


def test_a_module_that_comes_without_weights():
    with pytest.raises(FileNotFoundError, match="mobilenet_v2_animals"):
        pcv.load("mobilenet_v2_animals")


@pytest.mark.parametrize(
    "typed, meant",
    [
        ("denoise", "dncnn_gray_s25"),
        ("denoiser_gray", "dncnn_gray_s25"),
        ("superres", "rdn_lite_x4"),
        ("super-resolution", "rdn_lite_x4"),
        ("upscale4x", "rdn_lite_x4"),
        ("超分", "rdn_lite_x4"),
        ("classifier", "resnet50"),
        ("segment", "deeplabv3_resnet50"),
        ("rdn4x", "rdn_x4"),
        ("RDN_x4", "rdn_x4"),
        ("x4_rdn", "rdn_x4"),
        ("resnet-50", "resnet50"),
        ("resnet50_imagnet", "resnet50_imagenet"),
        ("lenet5_mnist", "lenet_mnist"),
        ("esrgan", "esrgan_x4"),
        ("dncnn", "dncnn_gray_s25"),
        ("rdn_x5", "rdn_x4"),
    ],
)
def test_near_misses_are_met_by_what_they_mean(typed, meant):
    """By the task that a name speaks of, or by a name that is like it."""
    with pytest.raises(KeyError) as caught:
        pcv.model_spec(typed)
    hint = caught.value.args[0].split("; ")[1]
    published = [pcv.model_spec(name).module_name for name in pcv.list_models(pretrained=True)]
    known = {*pcv.list_models(), *list_aliases(), *MODULES, *published}
    named = [word for word in re.findall(r"[\w-]+", hint) if word in known]
    assert meant in named or hint.startswith("for ") and pcv.model_spec(meant).task == pcv.model_spec(named[0]).task, (
        hint
    )
    if hint.startswith("for ") and pcv.list_models(task=pcv.model_spec(meant).task, pretrained=True):
        assert pretrained_spec(named[0]).has_weights, hint
    assert len(hint) < 250


def test_a_name_that_is_like_none():
    with pytest.raises(KeyError, match="list_models"):
        pcv.model_spec("qqqqqq")


def test_create_model(tmp_path):
    network = pcv.create_model("rdn_x4", pretrained=True)
    assert network.training and sum(p.size for p in network.parameters()) <= 600_000
    with pytest.raises(TypeError):
        pcv.create_model("rdn_x4", colour=True)
    with pytest.raises(FileNotFoundError, match="no weights are shipped for rdn_b_x4"):
        pcv.create_model("rdn_b_x4", pretrained=True)
    with pytest.raises(ValueError, match="missing"):
        np.savez(tmp_path / "a.npz", a=np.zeros(3))
        pcv.create_model("rdn_x4", pretrained=tmp_path / "a.npz")


@pytest.mark.parametrize("name", [name for name in pcv.list_models() if pcv.model_spec(name).hub_module])
def test_shipped_weights_know_their_network(name, root):
    path = root / "hub_modules" / pcv.model_spec(name).hub_module / f"{name}.pdparams"
    network, spec = pcv.from_checkpoint(path)
    assert spec.name == name and not network.training
    assert path.stat().st_size < 8 * 2**20


def test_a_checkpoint_with_other_hyperparameters(tmp_path):
    network = pcv.create_model("rdn_b_x3", num_blocks=2, num_layers=3, growth_rate=8, num_features=16)
    paddle.save(network.state_dict(), str(tmp_path / "a.pdparams"))
    again, spec = pcv.from_checkpoint(tmp_path / "a.pdparams")
    assert spec.name == "rdn_custom" and spec.scale == 3 and spec.hyperparameters["num_layers"] == 3
    network.eval()
    x = paddle.rand([1, 3, 5, 6])
    assert np.array_equal(again(x).numpy(), network(x).numpy())
    with pytest.raises(ValueError, match="no network known"):
        np.savez(tmp_path / "b.npz", some=np.zeros(3))
        pcv.from_checkpoint(tmp_path / "b.npz")


@pytest.mark.parametrize("name", ["eccv16", "srgan_discriminator"])
def test_a_task_without_a_predictor_is_refused(name):
    with pytest.raises(ValueError, match="no predictor does (colorization|discriminator)"):
        pcv.load(name)


def test_import_is_light():
    """Prediction needs neither training nor paddlehub, figures or PyTorch."""
    code = (
        "import sys, numpy, paddle_cv as pcv\n"
        "pcv.load('rdn_x4').predict(numpy.zeros((4, 4, 3), 'uint8'))\n"
        "heavy = {'paddlehub', 'matplotlib', 'gradio', 'torch', 'omegaconf', 'visualdl', 'skimage', 'paddle_cv.training'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
