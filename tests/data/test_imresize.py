import numpy as np
import pytest
from PIL import Image

from paddle_cv.data import imresize, list_images, read_image, super_resolution_pairs
from paddle_cv.metrics import super_resolution_scores


@pytest.mark.data
@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("name", ["Set5", "Set14"])
def test_reduction_equals_matlab(data, name, scale):
    folder = data / "sr_test" / name
    for picture, low, high in super_resolution_pairs(folder / "HR", scale, folder / "LR_bicubic" / f"X{scale}"):
        ours = imresize(high, 1 / scale).astype(int)
        assert np.abs(ours - low).max() <= 1, picture


@pytest.mark.data
# The published figures of bicubic interpolation: Set5, Set14.
@pytest.mark.parametrize("scale, set5, set14", [(2, 33.66, 30.24), (3, 30.39, 27.55), (4, 28.42, 26.00)])
def test_bicubic_has_its_published_psnr(data, scale, set5, set14):
    for name, published in (("Set5", set5), ("Set14", set14)):
        folder = data / "sr_test" / name
        scores = [
            super_resolution_scores(imresize(low, scale), high, scale)["psnr"]
            for _, low, high in super_resolution_pairs(folder / "HR", scale, folder / "LR_bicubic" / f"X{scale}")
        ]
        assert np.mean(scores) == pytest.approx(published, abs=0.05)


def test_known_values():
    step = np.array([[0, 0, 0, 0, 1, 1, 1, 1]], np.float64)
    doubled = imresize(step, size=(1, 16))[0]
    # Keys' kernel at 1.25, 0.25, 0.75 and 1.75 pixels is -9/128, 111/128, 29/128 and -3/128.
    assert doubled[6:10] == pytest.approx([-9 / 128, 26 / 128, 102 / 128, 137 / 128], abs=1e-12)
    assert imresize(np.full((5, 7), 9.0), 0.37) == pytest.approx(9.0)


def test_sizes_and_dtypes():
    image = np.random.default_rng(0).integers(0, 256, (30, 41, 3), np.uint8)
    assert imresize(image, 1 / 3).shape == (10, 14, 3)
    assert imresize(image, 2.5).shape == (75, 103, 3)
    assert imresize(image, size=(7, 80)).shape == (7, 80, 3)
    assert imresize(image[..., 0], 2).dtype == np.uint8
    wide = imresize(image.astype(np.uint16) * 257, 0.5).astype(int)
    assert np.abs(wide / 257 - imresize(image, 0.5)).max() <= 1.01
    assert imresize(image.astype(np.float32), 2).dtype == np.float32
    assert imresize(np.full((1, 1), 77, np.uint8), 4).tolist() == [[77] * 4] * 4


@pytest.mark.parametrize("bad", [{"scale": 0}, {"scale": -1}, {}, {"scale": 2, "size": (3, 3)}, {"size": (0, 3)}])
def test_bad_sizes_are_refused(bad):
    with pytest.raises(ValueError):
        imresize(np.zeros((4, 4)), **bad)


def test_bad_pictures_are_refused():
    with pytest.raises(ValueError, match="shape"):
        imresize(np.zeros((0, 4)), 2)
    with pytest.raises(TypeError, match="int32"):
        imresize(np.zeros((4, 4), np.int32), 2)


def test_listing_and_reading(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder"):
        list_images(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match="no picture"):
        list_images(tmp_path)
    (tmp_path / "text.png").write_text("not a picture")
    assert list_images(tmp_path) == [tmp_path / "text.png"]
    with pytest.raises(ValueError, match="text.png"):
        read_image(tmp_path / "text.png")


def test_photographs_are_turned_upright(tmp_path, photo):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned by 90 degrees
    Image.fromarray(photo[:20, :30]).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read_image(tmp_path / "a.png"), np.rot90(photo[:20, :30], -1))
