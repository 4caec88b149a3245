import io

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from paddle_cv.inference import ImageError, open_picture, save_image
from paddle_cv.inference.alpha import fill_transparent


def encoded(image: Image.Image, file_format: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def small(photo) -> Image.Image:
    return Image.fromarray(photo[100:130, 100:140])


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_modes(small, mode):
    picture = open_picture(encoded(small.convert(mode), "TIFF"))
    assert picture.size == (30, 40)
    assert picture.grey == (mode in ("1", "L", "LA"))
    assert (picture.alpha is not None) == (mode in ("LA", "RGBA"))
    assert picture.image().mode == {"1": "L", "P": "RGB", "CMYK": "RGB"}.get(mode, mode)


def test_palette_with_transparency(small):
    palette = small.quantize(16)
    picture = open_picture(encoded(palette, transparency=3))
    hidden = np.asarray(palette) == 3
    assert hidden.any() and np.array_equal(picture.alpha == 0, hidden)


def test_phone_photo_on_its_side(small):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned by 90 degrees
    exif[0x010F] = "maker"
    picture = open_picture(encoded(small, "PNG", exif=exif))
    assert np.array_equal(picture.color, np.asarray(small.rotate(-90, expand=True)))
    written = Image.Exif()
    written.load(picture.info["exif"])
    assert written[0x010F] == "maker" and 0x0112 not in written


def test_sixteen_bit(tmp_path):
    values = np.random.default_rng(0).integers(0, 65536, (6, 7, 3)).astype(np.uint16)
    cv2.imwrite(str(tmp_path / "grey.png"), values[..., 0])
    picture = open_picture(tmp_path / "grey.png")
    assert picture.color.dtype == np.uint16 and np.array_equal(picture.color, values[..., 0])
    assert np.array_equal(np.asarray(picture.image()), values[..., 0])
    for name in ("color.png", "color.tif"):
        cv2.imwrite(str(tmp_path / name), values)
        with pytest.raises(ImageError, match=f"{name}: 16-bit colour"):
            open_picture(tmp_path / name)


def test_profile_and_resolution_are_kept(small, tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = open_picture(encoded(small, "PNG", icc_profile=profile, dpi=(300, 300)))
    save_image(picture.image(), tmp_path / "out.jpg")
    with Image.open(tmp_path / "out.jpg") as written:
        assert written.info["icc_profile"] == profile
        assert written.info["dpi"] == (300, 300)


def test_arrays():
    for shape, dtype in [((4, 5), np.uint8), ((4, 5, 1), np.uint16), ((4, 5, 3), np.float32), ((4, 5, 4), np.float64)]:
        picture = open_picture(np.ones(shape, dtype))
        assert picture.kind == "array" and picture.size == (4, 5)
    bad = [np.zeros((4, 5, 2), np.uint8), np.zeros((4, 5), np.int64), np.full((4, 5), 1.5), np.full((4, 5), np.nan)]
    for array in [*bad, np.zeros((0, 5), np.uint8), np.zeros(3, np.uint8)]:
        with pytest.raises(ImageError, match="input 7"):
            open_picture(array, "input 7")


def test_bad_files_are_named(tmp_path, small):
    (tmp_path / "text.png").write_text("I am no picture")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "cut.jpg").write_bytes(encoded(small, "JPEG")[:-200])
    for name in ("text.png", "empty.jpg", "cut.jpg"):
        with pytest.raises(ImageError, match=name):
            open_picture(tmp_path / name)
    with pytest.raises(FileNotFoundError, match="none.png"):
        open_picture(tmp_path / "none.png")
    with pytest.raises(ImageError, match="int"):
        open_picture(5)


def test_saving(tmp_path, small):
    with pytest.raises(ImageError, match="no picture format"):
        save_image(small, tmp_path / "a.xyz")
    with pytest.raises(ImageError, match="a.jpg"):
        save_image(small.convert("RGBA"), tmp_path / "a.jpg")
    assert list(tmp_path.iterdir()) == []
    assert save_image(small, tmp_path / "new" / "ö ü.webp").exists()
    assert np.array_equal(np.asarray(Image.open(tmp_path / "new" / "ö ü.webp")), np.asarray(small))


def test_holes_take_the_colour_around_them():
    color = np.zeros((37, 50, 3), np.uint8)
    alpha = np.zeros((37, 50), np.uint8)
    color[10:20, 10:20], alpha[10:20, 10:20] = (200, 100, 50), 255
    filled = fill_transparent(color, alpha)
    assert (filled == (200, 100, 50)).all()
    opaque = np.full_like(alpha, 255)
    assert fill_transparent(color, opaque) is color
