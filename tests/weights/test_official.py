"""Weights of reference implementations."""

import numpy as np
import paddle
import pytest

import paddle_cv as pcv
from paddle_cv.weights import save_state


@pytest.mark.parametrize("name", ["edsr_baseline_x2", "mdsr_baseline_x3", "rcan_x2"])
def test_weights_for_0_to_255_give_the_same_in_0_to_1(name, tmp_path):
    """EDSR, MDSR and RCAN were published for pictures in [0, 255]."""
    paddle.seed(3)
    small = {"num_blocks": 2} if "rcan" not in name else {"num_groups": 1, "num_blocks": 2}
    theirs = pcv.create_model(name, rgb_range=255, **small)
    theirs.eval()
    save_state(
        {k: v.numpy() for k, v in theirs.state_dict().items() if "stored" not in k}, tmp_path / "official.pdparams"
    )
    x = paddle.rand([1, 3, 9, 8])
    expected = theirs(x).numpy()
    ours = pcv.create_model(name, pretrained=tmp_path / "official.pdparams", **small)
    ours.eval()
    assert ours.sub_mean.bias.abs().max().item() == pytest.approx(0.4488)
    np.testing.assert_allclose(ours(x).numpy(), expected, atol=1e-4)
    again = pcv.create_model(name, pretrained=tmp_path / "official.pdparams", rgb_range=255, **small)
    again.eval()
    np.testing.assert_allclose(again(x).numpy(), expected, atol=1e-6)
    found, spec = pcv.from_checkpoint(tmp_path / "official.pdparams")
    assert spec.network is type(theirs)
    if found.scale == theirs.scale:
        np.testing.assert_allclose(found(x).numpy(), expected, atol=1e-4)
