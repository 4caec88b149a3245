"""BTSRN around its reference: the padding, and the size of the paper's tables."""

import numpy as np
import paddle
import pytest

from paddle_cv.models import build_model


def test_narrow_blocks_have_the_published_number_of_weights():
    network = build_model("btsrn_narrow_x2")
    blocks = [*network.lr_conv, *network.hr_conv]
    assert sum(p.size for block in blocks for p in block.parameters() if p.ndim == 4) == 409_600


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_residual_lies_over_the_enlarged_picture(scale):
    network = build_model(f"btsrn_narrow_x{scale}")
    x = paddle.full([1, 3, 9, 11], 0.3)
    x[:, :, 4, 5] = 1.0
    with paddle.no_grad():
        residual = (network(x) - network.bicubic(x)).numpy()
        flat = paddle.full_like(x, 0.3)
        residual -= (network(flat) - network.bicubic(flat)).numpy()
    assert residual.shape == (1, 3, 9 * scale, 11 * scale)
    # The first up-sampling sees a pixel's neighbours evenly to both sides, so that what changes is centred on the pixel.
    rows, columns = np.nonzero(np.abs(residual).max((0, 1)) > 1e-7)
    assert rows.min() + rows.max() == scale * 9 - 1
    assert columns.min() + columns.max() == scale * 11 - 1
