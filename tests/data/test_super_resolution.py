import numpy as np
import pytest
from PIL import Image

from paddle_cv.data import SuperResolutionPatches, crop_to_multiple, imresize, rgb_to_y, super_resolution_pairs


@pytest.fixture
def folder(tmp_path, photo):
    Image.fromarray(photo).save(tmp_path / "cat.png")
    Image.fromarray(photo[:20, :20]).save(tmp_path / "small.png")
    return tmp_path


def test_patches_are_pairs(folder):
    patches = SuperResolutionPatches(folder, scale=3, patch_size=16, seed=1)
    assert len(patches.pictures) == 1 and patches.epoch_size == (300 // 3) * (451 // 3) // 16**2  # by area
    for index in range(40):
        low, high = patches[index]
        assert low.shape == (3, 16, 16) and high.shape == (3, 48, 48)
        assert low.dtype == high.dtype == np.float32
        assert 0 <= low.min() and high.max() <= 1
        # The reduction of the high-resolution patch is the low-resolution one, but for the patch's edges.
        again = imresize(high.transpose(1, 2, 0), 1 / 3).transpose(2, 0, 1)
        assert np.abs(again - low)[:, 2:-2, 2:-2].max() < 2 / 255


def test_items_depend_on_seed_and_number_only(folder):
    one, two = (SuperResolutionPatches(folder, 2, 16, seed=5) for _ in range(2))
    for index in (7, 3, 3, 0):
        assert all(np.array_equal(a, b) for a, b in zip(one[index], two[index]))
    assert not np.array_equal(one[1][0], one[2][0])
    assert not np.array_equal(one[1][0], SuperResolutionPatches(folder, 2, 16, seed=6)[1][0])


def test_all_eight_orientations_occur(folder):
    patches = SuperResolutionPatches(folder, 2, 100, seed=0)
    # A patch nearly as high as the picture: its mean brightness along the two axes tells how it was turned.
    kinds = set()
    for index in range(200):
        low = patches[index][0].mean(axis=0)
        top, left = np.gradient(low.mean(axis=1)).mean(), np.gradient(low.mean(axis=0)).mean()
        kinds.add((top > 0, left > 0, abs(top) > abs(left)))
    assert len(kinds) == 8


def test_reduced_copies_are_offered_too(folder):
    assert len(SuperResolutionPatches(folder, 2, 16, rescale=[1.0, 0.8, 0.6]).pictures) == 3


def test_too_small_pictures_are_an_error(folder):
    with pytest.raises(ValueError, match="none of 2 pictures"):
        SuperResolutionPatches(folder, 4, 200)


def test_pairs_of_a_test_set(folder, tmp_path_factory, photo):
    low = tmp_path_factory.mktemp("low")
    Image.fromarray(imresize(crop_to_multiple(photo, 2), 0.5)).save(low / "catx2.png")
    with pytest.raises(FileNotFoundError, match="small"):
        list(super_resolution_pairs(folder, 2, low))
    (folder / "small.png").unlink()
    [(name, source, target)] = super_resolution_pairs(folder, 2, low)
    assert name == "cat" and source.shape == (150, 225, 3) and target.shape == (300, 450, 3)
    [(_, made, _)] = super_resolution_pairs(folder, 2)
    assert np.array_equal(made, source)
    with pytest.raises(ValueError, match="1/3"):
        Image.fromarray(photo).save(low / "catx3.png")
        list(super_resolution_pairs(folder, 3, low))


def test_luminance_and_enlarged_input(folder, photo):
    kinds = [{}, {"luminance": True}, {"luminance": True, "enlarged": True}, {"enlarged": True}]
    for kind in kinds:
        patches = SuperResolutionPatches(folder, 3, 16, seed=1, **kind)
        channels, ratio = 1 if kind.get("luminance") else 3, 1 if kind.get("enlarged") else 3
        low, high = patches[0]
        assert low.shape == (channels, 16, 16) and high.shape == (channels, 16 * ratio, 16 * ratio)
        assert low.dtype == high.dtype == np.float32
    target = crop_to_multiple(photo, 3)
    source = imresize(target, 1 / 3)
    [(low, high)] = SuperResolutionPatches(folder, 3, 40, **kinds[2]).pictures
    assert np.allclose(high[..., 0], rgb_to_y(target), atol=1e-4)
    assert np.allclose(low[..., 0], imresize(rgb_to_y(source), 3), atol=1e-3)


def test_grey_pictures_are_their_own_luminance(tmp_path, photo):
    Image.fromarray(photo[..., 1]).save(tmp_path / "grey.png")
    [(low, high)] = SuperResolutionPatches(tmp_path, 2, 16, luminance=True).pictures
    assert np.array_equal(high[..., 0], crop_to_multiple(photo[..., 1], 2)) and low.shape == (150, 225, 1)
