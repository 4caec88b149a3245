import numpy as np
import pytest
from PIL import Image

from paddle_cv.data import DenoisingPatches, denoising_pairs


@pytest.fixture
def folder(tmp_path, photo):
    Image.fromarray(photo).save(tmp_path / "cat.png")
    Image.fromarray(photo[:40, :40, 0]).save(tmp_path / "grey.png")
    return tmp_path


@pytest.mark.parametrize("grey, channels", [(True, 1), (False, 3)])
def test_noise_of_one_level(folder, grey, channels):
    patches = DenoisingPatches(folder, 25, 32, seed=1, grey=grey)
    noises = []
    for index in range(30):
        noisy, level, clean = patches[index]
        assert noisy.shape == clean.shape == (channels, 32, 32) and level.shape == (1, 1, 1)
        assert noisy.dtype == level.dtype == clean.dtype == np.float32
        assert 0 <= clean.min() and clean.max() <= 1 and level.item() == np.float32(25 / 255)
        noises.append(noisy - clean)
    assert np.std(noises) * 255 == pytest.approx(25, rel=0.03) and abs(np.mean(noises)) < 0.003
    assert np.array_equal(patches[7][0], DenoisingPatches(folder, 25, 32, seed=1, grey=grey)[7][0])
    assert not np.array_equal(patches[7][0], DenoisingPatches(folder, 25, 32, seed=2, grey=grey)[7][0])


def test_noise_of_a_range_of_levels(folder):
    patches = DenoisingPatches(folder, [10, 50], 32)
    levels = []
    for index in range(60):
        noisy, level, clean = patches[index]
        levels.append(level.item() * 255)
        assert np.std(noisy - clean) * 255 == pytest.approx(levels[-1], rel=0.1)
    assert 10 <= min(levels) < 15 and 45 < max(levels) <= 50


def test_mistakes(folder):
    with pytest.raises(ValueError, match="none of 2 pictures"):
        DenoisingPatches(folder, 25, 400)
    with pytest.raises(ValueError, match="noise_level"):
        DenoisingPatches(folder, [], 32)


def test_pairs_of_a_test_set(folder, photo):
    [(name, noisy, clean), (_, grey, _)] = denoising_pairs(folder, 50)
    assert name == "cat" and np.array_equal(clean, photo) and grey.shape == (40, 40, 3)
    assert np.std(noisy * 255 - clean) == pytest.approx(50, rel=0.02) and noisy.min() < 0
    again = next(denoising_pairs(folder, 50))[1]
    assert np.array_equal(noisy, again)
    assert next(denoising_pairs(folder, 50, grey=True))[1].shape == (300, 451, 1)
