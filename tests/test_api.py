import subprocess
import sys

import numpy as np
import paddle
import pytest

import paddle_cv as pcv


def test_listing():
    assert pcv.list_models("rdn_a*") == ["rdn_a_x2", "rdn_a_x3", "rdn_a_x4"]
    assert "deeplabv3_resnet50" in pcv.list_models(task="segmentation")
    assert pcv.list_models(task="telepathy") == []
    assert "rdn_lite_x4" in pcv.list_models(pretrained=True)
    assert "rdn_b_x4" in pcv.list_models(pretrained=False) and "rdn_b_x4" not in pcv.list_models(pretrained=True)


def test_specifications_and_names():
    spec = pcv.model_spec("rdn_x4")
    assert spec.name == "rdn_lite_x4" and spec.scale == 4 and "CVPR 2018" in spec.paper
    with pytest.raises(KeyError, match="rdn_b_x4"):
        pcv.model_spec("rdn_bb_x4")


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


@pytest.mark.parametrize("name", ["deeplabv3_resnet50", "srgan_discriminator"])
def test_a_task_without_a_predictor_is_refused(name):
    with pytest.raises(ValueError, match="no predictor for this task"):
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
