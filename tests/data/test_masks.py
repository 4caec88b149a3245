"""Masks of every usual kind, and the training items that are made of them."""

import numpy as np
import pytest
from PIL import Image

from paddle_cv.data.masks import FolderMasks, read_class_map, read_opacity
from paddle_cv.data.scenes import Variation, paste_scene
from paddle_cv.data.segmentation import MaskedImages, network_input, working_shape
from paddle_cv.models import model_spec
from paddle_cv.pictures import ImageError


@pytest.fixture
def folder(tmp_path):
    """Red discs on green, and their masks."""
    for part in ("images", "masks"):
        (tmp_path / part).mkdir()
    y, x = np.mgrid[:60, :80]
    for number in range(4):
        disc = (y - 30) ** 2 + (x - 20 - 10 * number) ** 2 < 200
        image = np.where(disc[..., None], (200, 30, 30), (30, 200, 30)).astype(np.uint8)
        Image.fromarray(image).save(tmp_path / "images" / f"disc {number}.jpg", quality=95)
        Image.fromarray(np.where(disc, 255, 0).astype(np.uint8)).save(tmp_path / "masks" / f"disc {number}.png")
    return tmp_path


def test_opacity_of_every_kind_of_mask(tmp_path):
    truth = np.zeros((4, 6), np.uint8)
    truth[1:3, 2:5] = 255
    grey = Image.fromarray(truth)
    palette = Image.fromarray(truth // 85)
    palette = palette.convert("P")
    palette.putpalette([0, 0, 0] + [128, 0, 0] * 255)
    kinds = {
        "grey": grey,
        "two_values": Image.fromarray(truth // 255),
        "one_bit": grey.convert("1"),
        "palette": palette,
        "transparent": Image.fromarray(np.dstack([np.full((4, 6, 3), 90, np.uint8), truth])),
        "color": grey.convert("RGB"),
        "deep": Image.fromarray(truth.astype(np.uint16) * 257),
    }
    for name, mask in kinds.items():
        mask.save(tmp_path / f"{name}.png")
        np.testing.assert_array_equal(read_opacity(tmp_path / f"{name}.png"), truth, name)


def test_classes_of_palettes_and_grey_values(tmp_path):
    truth = np.array([[0, 15, 255], [3, 3, 20]], np.uint8)
    Image.fromarray(truth).save(tmp_path / "grey.png")
    palette = Image.fromarray(truth)
    palette.putpalette([value for number in range(256) for value in (number, 0, 255 - number)])
    palette.save(tmp_path / "palette.png")
    for name in ("grey", "palette"):
        assert read_class_map(tmp_path / f"{name}.png").tolist() == truth.tolist()
    Image.fromarray(np.zeros((2, 2, 3), np.uint8)).save(tmp_path / "color.png")
    with pytest.raises(ImageError, match=r"color\.png"):
        read_class_map(tmp_path / "color.png")


def test_pairs_are_matched_by_name(folder):
    masks = FolderMasks([folder])
    assert len(masks) == 4 and masks.name(2) == "disc 2"
    image, mask = masks.read(2, classes=False)
    assert image.shape == (60, 80, 3) and image[30, 40, 0] > 150 and mask[30, 40] == 255
    kept, measured = masks.parts(0.25)
    assert len(kept) == 3 and len(measured) == 1
    (folder / "masks" / "disc 2.png").unlink()
    with pytest.raises(ValueError, match="no mask for disc 2"):
        FolderMasks([folder])


def test_a_mask_of_another_size_is_named(folder):
    Image.new("L", (5, 5)).save(folder / "masks" / "disc 0.png")
    with pytest.raises(ImageError, match=r"disc 0\.png.*5 x 5"):
        FolderMasks([folder]).read(0, classes=False)


def test_the_size_that_networks_look_at():
    spec = model_spec("modnet")
    assert working_shape(3000, 4000, spec) == (512, 672)
    height, width = working_shape(100, 10_000, spec)
    assert (height, width) == (512, 2048)
    assert working_shape(30, 700, model_spec("sinet_portrait")) == (224, 224)


def test_networks_of_blue_green_red_get_that_order():
    image = np.zeros((2, 2, 3), np.uint8)
    image[..., 0] = 255
    assert network_input(image, model_spec("sinet_portrait"))[2].min() > 0
    assert network_input(image, model_spec("portrait_squeezenet"))[0].min() > 0


def items(folder, **options):
    backgrounds = [folder / "background.png"]
    Image.new("RGB", (90, 70), (20, 20, 220)).save(backgrounds[0])
    arguments = {"classes": False, "variation": Variation(**options), "backgrounds": backgrounds, "seed": 3}
    return MaskedImages(FolderMasks([folder]), model_spec("portrait_squeezenet"), 32, **arguments)


def test_items_depend_on_their_number_alone_and_masks_follow_images(folder):
    plain = items(folder, color=0.0, degrade=False)
    again = items(folder, color=0.0, degrade=False)
    shown = []
    for number in (9, 0, 4, 5, 17):
        image, mask = plain.varied(number)
        np.testing.assert_array_equal(image, again.varied(number)[0])
        assert image.shape == (32, 32, 3) and mask.shape == (32, 32)
        shown.append((image[..., 0] > 120) == (mask > 127))
    assert np.mean(shown) > 0.98
    assert plain[9][0].shape == (3, 32, 32) and plain[9][0].dtype == np.float32


def test_scenes_have_people_before_another_background(folder):
    scenes = items(folder, color=0.0, degrade=False, composite=1.0)
    agree, blue = [], []
    for number in range(8):
        image, mask = scenes.varied(number)
        agree.append((image[..., 2] < 120) == (mask > 127))
        blue.append(image[mask == 0].reshape(-1, 3))
    assert np.mean(agree) > 0.95
    assert (np.concatenate(blue)[:, 2] > 150).mean() > 0.95
    with pytest.raises(ValueError, match=r"data\.backgrounds"):
        MaskedImages(FolderMasks([folder]), scenes.spec, 32, False, Variation(composite=0.5))


def test_who_is_cut_off_stays_at_the_edge():
    """A figure that the photograph cuts off below its waist does not float in the scene."""
    image, mask = np.full((40, 40, 3), 200, np.uint8), np.zeros((40, 40), np.uint8)
    mask[10:, 15:25] = 255
    background = np.zeros((50, 50, 3), np.uint8)
    for seed in range(6):
        variation = Variation(scale=(0.5, 0.9), color=0.0, degrade=False, people=1)
        _, opacity = paste_scene(lambda: (image, mask), background, 48, variation, np.random.default_rng(seed))
        there = opacity > 127
        assert not there.any() or there[-1].any()
