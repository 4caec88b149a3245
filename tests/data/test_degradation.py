import io

import numpy as np
import pytest
from PIL import Image
from scipy.signal import convolve2d

from paddle_cv.data import (
    Degradation,
    DenoisingPatches,
    SuperResolutionPatches,
    crop_to_multiple,
    denoising_pairs,
    imresize,
    rgb_to_y,
    super_resolution_pairs,
)
from paddle_cv.metrics import super_resolution_scores


@pytest.fixture
def folder(tmp_path, photo):
    Image.fromarray(photo).save(tmp_path / "cat.png")
    return tmp_path


@pytest.mark.parametrize("text", ["bd", "bd+jpeg:10"])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_bd_is_blur_and_the_middle_pixels(photo, scale, text):
    high = crop_to_multiple(photo[:120, :130], scale)
    # Of the blurred picture, enlarged by interpolation between pixels where no pixel is in the middle, by hand.
    size = 7 if scale == 3 else 12
    place = np.arange(size) - (size - 1) / 2
    kernel = np.exp(-(place[:, None] ** 2 + place[None] ** 2) / (2 * 1.6**2))
    padded = np.pad(high.astype(float), [(size, size)] * 2 + [(0, 0)], mode="edge")
    blurred = np.dstack([convolve2d(padded[..., c], kernel / kernel.sum(), mode="valid") for c in range(3)])
    # blurred[i] has the middle of its window at the picture's row i - size + (size - 1) / 2.
    first = int((scale - 1) / 2 + size - (size - 1) / 2)
    expected = blurred[first::scale, first::scale][: high.shape[0] // scale, : high.shape[1] // scale]
    low = Degradation(text).reduce(high, scale)
    assert low.dtype == np.uint8 and low.shape == expected.shape
    assert np.abs(low - expected).max() <= 0.5 + 1e-9


def test_noise(photo):
    flat = np.full((200, 200, 3), 128, np.uint8)
    level = (Degradation("dn").harm(flat, np.random.default_rng(0)).astype(float) - 128).std()
    assert level == pytest.approx(30, rel=0.02)
    levels = [
        (Degradation("noise:5-20").harm(flat, np.random.default_rng(n)).astype(float) - 128).std() for n in range(30)
    ]
    assert 4.9 < min(levels) < 8 and 17 < max(levels) < 20.3


def test_jpeg_is_that_of_pillow_and_has_blocks(photo):
    harmed = Degradation("jpeg:10").harm(photo, np.random.default_rng(0))
    file = io.BytesIO()
    Image.fromarray(photo).save(file, format="JPEG", quality=10)
    assert np.array_equal(harmed, np.asarray(Image.open(file)))
    grey = Degradation("jpeg:10").harm(photo[..., :1], np.random.default_rng(0))
    assert grey.shape == (300, 451, 1)
    steps = np.abs(np.diff(grey[..., 0].astype(float), axis=1)).mean(axis=0)
    assert steps[7::8].mean() > 1.3 * np.delete(steps, np.s_[7::8]).mean()
    # A better file differs less; a range has files of several qualities.
    errors = [
        np.abs(Degradation("jpeg:5-95").harm(photo[:64, :64], np.random.default_rng(n)) - photo[:64, :64].astype(float))
        for n in range(10)
    ]
    assert len({error.mean() for error in errors}) > 5


def test_steps_are_taken_in_their_order(photo):
    rng = np.random.default_rng
    both = Degradation("noise:20+jpeg:30").harm(photo, rng(1))
    assert np.array_equal(both, Degradation("jpeg:30").harm(Degradation("noise:20").harm(photo, rng(1)), rng(2)))
    assert not np.array_equal(both, Degradation("jpeg:30+noise:20").harm(photo, rng(1)))


@pytest.mark.parametrize(
    "text", ["", "bcubic", "noise", "noise:-3", "noise:9-3", "jpeg:0", "jpeg:101", "jpeg:1-2-3", "jpeg:50+bd", "blur:3"]
)
def test_texts_that_are_none(text):
    with pytest.raises(ValueError, match="there is no degradation"):
        Degradation(text)


def test_bicubic_is_what_there_was_before(folder):
    plain, named = SuperResolutionPatches(folder, 3, 16), SuperResolutionPatches(folder, 3, 16, degradation="bicubic")
    assert all(np.array_equal(a, b) for a, b in zip(plain[5], named[5]))


def _place(patch, picture):
    """Rows and columns of the picture that are the patch; None where there are none."""
    windows = np.lib.stride_tricks.sliding_window_view(picture, (3, 3))
    for top, left in np.argwhere((windows == patch[:3, :3]).all(axis=(2, 3))):
        place = slice(top, top + patch.shape[0]), slice(left, left + patch.shape[1])
        if np.array_equal(picture[place], patch):
            return place
    return None


@pytest.mark.parametrize("kind", [{}, {"luminance": True}, {"luminance": True, "enlarged": True}])
def test_harmed_patches_fit_their_targets(folder, photo, kind):
    # With noise of level 0 the harmed patch is the one cut out of the whole low-resolution picture.
    ratio = 1 if "enlarged" in kind else 3
    target = crop_to_multiple(photo, 3)
    low = imresize(target, 1 / 3)
    low, target = (rgb_to_y(image) if kind else image[..., 0] for image in (low, target))
    low = imresize(low.astype(np.float32), 3) if ratio == 1 else low
    low, target = (image.astype(np.float32) / np.float32(255) for image in (low, target))
    orientations = [
        (np.rot90(a, turns), np.rot90(b, turns)) for a, b in ((low, target), (low.T, target.T)) for turns in range(4)
    ]
    patches = SuperResolutionPatches(folder, 3, 20, seed=4, degradation="noise:0", **kind)
    for index in range(4):
        got, wanted = (patch[0] for patch in patches[index])
        places = [(source, _place(wanted, turned)) for source, turned in orientations]
        [(source, place)] = [(source, place) for source, place in places if place]
        part = source[tuple(slice(side.start // ratio, side.stop // ratio) for side in place)]
        assert part.shape == got.shape == (20, 20) and np.abs(part - got).max() < 1e-4


def test_items_depend_on_seed_and_number_only(folder):
    def make(seed):
        return SuperResolutionPatches(folder, 2, 16, seed=seed, degradation="bd+noise:0-10+jpeg:30-90")

    one, two = make(5), make(5)
    for index in (7, 3, 3, 0):
        assert all(np.array_equal(a, b) for a, b in zip(one[index], two[index]))
    assert not np.array_equal(one[1][0], make(6)[1][0])
    low, high = one[0]
    assert low.shape == (3, 16, 16) and high.shape == (3, 32, 32)
    assert low.dtype == high.dtype == np.float32 and 0 <= low.min() and low.max() <= 1


def test_blocks_begin_anywhere_in_a_patch(folder):
    places = set()
    patches = DenoisingPatches(folder, None, 48, grey=True, degradation="jpeg:3")
    for index in range(40):
        degraded, clean = patches[index]
        assert degraded.shape == clean.shape == (1, 48, 48)
        steps = np.abs(np.diff(degraded[0], axis=1)).mean(axis=0)
        places.add(int(np.argmax([steps[place::8].mean() for place in range(8)])))
    assert len(places) >= 6


def test_compressed_pictures_for_denoisers(folder, photo):
    [(name, degraded, clean)] = denoising_pairs(folder, None, degradation="jpeg:10")
    assert name == "cat" and np.array_equal(clean, photo)
    assert np.array_equal(np.rint(degraded * 255), Degradation("jpeg:10").harm(photo, np.random.default_rng(0)))
    for make in (
        lambda: DenoisingPatches(folder, None, 16, degradation="bd"),
        lambda: list(denoising_pairs(folder, None, degradation="bicubic")),
    ):
        with pytest.raises(ValueError, match="changes the size"):
            make()


def test_degraded_test_sets(folder, photo):
    target = crop_to_multiple(photo, 3)
    [(_, low, high)] = super_resolution_pairs(folder, 3, degradation="bd")
    assert np.array_equal(low, Degradation("bd").reduce(target, 3)) and np.array_equal(high, target)
    first, again = ([pair[1] for pair in super_resolution_pairs(folder, 3, degradation="dn")] for _ in range(2))
    assert np.array_equal(first, again)
    assert (first[0] - imresize(target, 1 / 3).astype(float)).std() == pytest.approx(29, abs=1.5)  # clipped
    with pytest.raises(ValueError, match="does not go with them"):
        list(super_resolution_pairs(folder, 3, folder, "bd"))


@pytest.mark.data
@pytest.mark.parametrize("text, psnr, ssim", [("bd", 28.78, 0.8308), ("dn", 24.01, 0.5369)])
def test_published_scores_of_bicubic_interpolation(data, text, psnr, ssim):
    # Those that RDN's paper quotes for Set5, x3.
    scores = [
        super_resolution_scores(imresize(low, 3), high, 3)
        for _, low, high in super_resolution_pairs(data / "sr_test" / "Set5" / "HR", 3, degradation=text)
    ]
    assert np.mean([score["psnr"] for score in scores]) == pytest.approx(psnr, abs=0.05)
    assert np.mean([score["ssim"] for score in scores]) == pytest.approx(ssim, abs=0.0025)
