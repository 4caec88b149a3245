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
