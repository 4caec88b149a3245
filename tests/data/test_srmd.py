import numpy as np
import pytest
from PIL import Image

from paddle_cv.data import DegradedPatches, SuperResolutionPatches, imresize, srmd
from paddle_cv.data.srmd import bicubic_degradation, gaussian_kernel, kernel_basis, random_kernel


@pytest.fixture
def folder(tmp_path, photo):
    Image.fromarray(photo).save(tmp_path / "cat.png")
    return tmp_path


def test_kernels():
    kernel = gaussian_kernel(3, 1, np.pi / 2)
    assert kernel.sum() == pytest.approx(1) and kernel[7, 7] == kernel.max()
    assert kernel[10, 7] > kernel[7, 10]  # wide along the columns
    assert np.allclose(kernel, gaussian_kernel(1, 3))
    assert gaussian_kernel(0.2)[7, 7] == pytest.approx(1, abs=1e-4)


def test_basis_keeps_the_kernels():
    basis = kernel_basis()
    assert basis.shape == (15, 225) and np.allclose(basis @ basis.T, np.eye(15), atol=1e-10)
    rng = np.random.default_rng(5)
    for scale in (2, 3, 4):
        kernels = np.stack([random_kernel(rng, scale).ravel() for _ in range(300)])
        lost = kernels - kernels @ basis.T @ basis
        assert (lost**2).sum() < 0.005 * (kernels**2).sum()  # the paper keeps 99.8 % of the energy
    assert bicubic_degradation().shape == (16,) and bicubic_degradation()[15] == 0
    assert bicubic_degradation(15).shape == (15,)


def test_patches_are_what_their_degradation_says(folder, monkeypatch, photo):
    monkeypatch.setattr(srmd, "random_kernel", lambda rng, scale: gaussian_kernel(0.2))
    patches = DegradedPatches(folder, 3, 16, seed=1)
    whole = SuperResolutionPatches(folder, 3, 16)
    for index in range(10):
        low, degradation, high = patches[index]
        assert low.shape == (3, 16, 16) and degradation.shape == (15, 1, 1) and high.shape == (3, 48, 48)
        assert low.dtype == degradation.dtype == high.dtype == np.float32
        assert np.allclose(degradation.ravel(), bicubic_degradation(15))
        again = imresize(high.transpose(1, 2, 0), 1 / 3).transpose(2, 0, 1)
        assert np.abs(again - low)[:, 2:-2, 2:-2].max() < 0.002
    assert len(whole.pictures) == len(patches.pictures)


def test_noise_and_repetition(folder):
    clean, noisy = DegradedPatches(folder, 2, 40, seed=3), DegradedPatches(folder, 2, 40, [50], seed=3)
    for index in range(5):
        (low, told, high), (loud, more, same) = clean[index], noisy[index]
        assert np.array_equal(high, same) and np.array_equal(told, more[:15])
        assert more[15].item() == np.float32(50 / 255)
        assert np.std(loud - low) * 255 == pytest.approx(50, rel=0.05)
        assert all(np.array_equal(a, b) for a, b in zip(noisy[index], noisy[index]))


def test_the_patch_sees_beyond_its_border(folder, photo, monkeypatch):
    # What a patch gets does not depend on where it is cut, but at the picture's own borders.
    monkeypatch.setattr(srmd, "random_kernel", lambda rng, scale: gaussian_kernel(2))
    monkeypatch.setattr(srmd, "flip_and_turn", lambda rng, picture: [picture])
    large = DegradedPatches(folder, 2, 150)
    low, _, high = large[0]
    small = DegradedPatches(folder, 2, 30)
    found = 0
    for index in range(20):
        part, _, target = small[index]
        places = [
            (y, x)
            for y in range(121)
            for x in range(low.shape[2] - 29)
            if np.array_equal(high[:, 2 * y : 2 * y + 4, 2 * x : 2 * x + 4], target[:, :4, :4])
        ]
        for y, x in places:
            found += 1
            assert np.abs(low[:, y : y + 30, x : x + 30] - part).max() < 0.01
    assert found


def test_mistakes(folder):
    with pytest.raises(ValueError, match="none of 1 pictures"):
        DegradedPatches(folder, 4, 100)
    with pytest.raises(ValueError, match="noise_level"):
        DegradedPatches(folder, 2, 16, [])
