import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

from paddle_cv.data import rgb_to_y, rgb_to_ycbcr, ycbcr_to_rgb
from paddle_cv.metrics import denoising_scores, psnr, ssim, super_resolution_scores


@pytest.fixture
def noisy(photo):
    noise = np.random.default_rng(0).normal(0, 10, photo.shape)
    return np.clip(photo + noise, 0, 255).astype(np.uint8)


def test_psnr_equals_the_reference_library(photo, noisy):
    assert psnr(photo, noisy) == pytest.approx(peak_signal_noise_ratio(photo, noisy), abs=1e-9)
    assert psnr(photo, photo) == float("inf")
    assert psnr(np.zeros((4, 4)), np.ones((4, 4)), data_range=1) == 0
    with pytest.raises(ValueError, match="shapes"):
        psnr(photo, noisy[1:])


def test_ssim_by_its_definition(photo, noisy):
    # Wang et al. 2004 written out for one window: Gaussian of sigma 1.5, 11 x 11, C1 = (0.01 L)^2, C2 = (0.03 L)^2.
    a, b = (image[:11, :11, 0].astype(float) for image in (photo, noisy))
    line = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    window = np.outer(line, line) / np.outer(line, line).sum()
    ma, mb = (window * a).sum(), (window * b).sum()
    va, vb = (window * a * a).sum() - ma**2, (window * b * b).sum() - mb**2
    cov = (window * a * b).sum() - ma * mb
    c1, c2 = 2.55**2, 7.65**2
    expected = (2 * ma * mb + c1) * (2 * cov + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))
    assert ssim(a, b) == pytest.approx(expected, abs=1e-9)
    assert ssim(a, a) == pytest.approx(1)


def test_luminance_is_that_of_studio_video():
    corners = np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0]]], np.uint8)
    assert rgb_to_y(corners)[0] == pytest.approx([16, 235, 81.481], abs=1e-3)
    assert rgb_to_ycbcr(corners)[0, 2] == pytest.approx([81.481, 90.203, 240.0], abs=1e-3)
    assert ycbcr_to_rgb(rgb_to_ycbcr(corners)) == pytest.approx(corners.astype(float), abs=1e-9)


def test_scores_leave_the_border_out(photo, noisy):
    damaged = noisy.copy()
    damaged[:4], damaged[-4:], damaged[:, :4], damaged[:, -4:] = 0, 0, 0, 0
    assert super_resolution_scores(damaged, photo, 4) == super_resolution_scores(noisy, photo, 4)
    assert super_resolution_scores(damaged, photo, 3)["psnr"] < super_resolution_scores(noisy, photo, 3)["psnr"] - 1


def test_grey_targets_are_measured_on_grey_values(photo, noisy):
    grey, other = photo[..., 0], noisy[..., 0]
    expected = psnr(grey[2:-2, 2:-2], other[2:-2, 2:-2])
    assert super_resolution_scores(other, grey, 2)["psnr"] == pytest.approx(expected, abs=1e-9)


def test_tiny_pictures(photo):
    scores = super_resolution_scores(photo[:10, :10], photo[:10, :10], 2)
    assert scores["psnr"] == float("inf") and np.isnan(scores["ssim"])
    with pytest.raises(ValueError, match="border"):
        super_resolution_scores(photo[:8, :8], photo[:8, :8], 4)


def test_denoising_scores(photo):
    noisy = photo.copy()
    noisy[::2] ^= 4  # differs by 4 in half of the rows
    scores = denoising_scores(noisy, photo)
    assert scores["psnr"] == pytest.approx(10 * np.log10(255**2 / 8)) and 0.9 < scores["ssim"] < 1
    grey = denoising_scores(noisy[..., :1], photo[..., :1])
    assert grey["psnr"] == pytest.approx(scores["psnr"]) and grey["ssim"] == ssim(noisy[..., 0], photo[..., 0])
    assert denoising_scores(photo, photo) == {"psnr": np.inf, "ssim": pytest.approx(1)}
