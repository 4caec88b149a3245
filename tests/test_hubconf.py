import importlib.util

import numpy as np
import paddle
import pytest

import paddle_cv as pcv
from paddle_cv.models import list_aliases


def test_list_help_and_load(root):
    names = paddle.hub.list(str(root), source="local")
    assert set(names) == {*pcv.list_models(), *list_aliases()}
    assert "Residual Dense Network" in paddle.hub.help(str(root), "rdn_x4", source="local")
    network = paddle.hub.load(str(root), "rdn_x4", source="local")
    own = pcv.create_model("rdn_x4", pretrained=True)
    for key, value in own.state_dict().items():
        assert np.array_equal(value.numpy(), network.state_dict()[key].numpy())
    small = paddle.hub.load(str(root), "rdn_a_x2", source="local", pretrained=False, num_blocks=1)
    assert len(small.RDBs) == 1
    with pytest.raises(FileNotFoundError, match="no weights"):
        paddle.hub.load(str(root), "rdn_b_x2", source="local")


def test_help_of_every_name(root):
    spec = importlib.util.spec_from_file_location("hubconf", root / "hubconf.py")
    hubconf = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hubconf)
    for name in [*pcv.list_models(), *list_aliases()]:
        spec = pcv.model_spec(name)
        text = getattr(hubconf, name).__doc__
        assert spec.summary in text and spec.paper in text and "pretrained:" in text, name
        weights = "shipped" if spec.hub_module else spec.published.url if spec.published else "there are none"
        assert weights in text, name
        assert not spec.mean or f"mean {list(spec.mean)} is subtracted" in text, name
        assert ("enlarged to the size of the output" in text) == getattr(spec, "enlarged_input", False), name
        assert all(f"with {extra}" in text for extra in list(spec.extra_inputs)[:1]), name


def test_classifiers(root, tmp_path):
    text = paddle.hub.help(str(root), "resnet50_vd", source="local")
    assert "Bag of Tricks" in text and "there are none" in text
    own = pcv.create_model("lenet", num_classes=3)
    paddle.save(own.state_dict(), str(tmp_path / "own.pdparams"))
    path = str(tmp_path / "own.pdparams")
    network = paddle.hub.load(str(root), "lenet", source="local", pretrained=path, num_classes=3)
    assert np.array_equal(network.state_dict()["fc3.weight"].numpy(), own.state_dict()["fc3.weight"].numpy())
    squeezed = paddle.hub.load(str(root), "squeezenet1_1", source="local", pretrained=False, num_classes=2)
    assert squeezed.num_classes == 2
