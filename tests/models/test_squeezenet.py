"""SqueezeNet with the weights of its authors."""

import paddle
import paddle.vision.transforms.functional as transforms
import pytest

import paddle_cv as pcv


def test_the_authors_weights_see_a_cat(data, photo):
    path = data.parent / "checkpoints" / "squeezenet1_0_imagenet.npz"
    if not path.is_file():
        pytest.skip(f"there is no {path}")
    network, spec = pcv.from_checkpoint(path)
    assert spec == pcv.model_spec("squeezenet1_0")
    square = transforms.center_crop(transforms.resize(photo, spec.resize), spec.input_size)
    x = transforms.normalize(transforms.to_tensor(square), spec.mean, spec.std)
    with paddle.no_grad():
        best = int(network(x.unsqueeze(0)).argmax())
    assert best in (281, 282, 283, 284, 285)  # ImageNet's domestic cats
