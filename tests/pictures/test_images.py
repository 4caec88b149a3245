import io

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, TiffImagePlugin

from paddle_cv.pictures import ImageError, open_picture, save_image, save_picture
from paddle_cv.pictures.alpha import fill_transparent


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


def _random(shape, dtype=np.uint16):
    values = np.random.default_rng(0).random(shape)
    return values.astype(dtype) if np.dtype(dtype).kind == "f" else (values * np.iinfo(dtype).max).astype(dtype)


def test_sixteen_bit_files_of_other_programs(tmp_path):
    values = _random((6, 7, 4))
    for name in ("a.png", "a.tif"):
        for channels in (1, 3, 4):
            array = values[..., :channels]
            cv2.imwrite(str(tmp_path / name), array[..., [2, 1, 0, 3][:channels]] if channels > 1 else array)
            picture = open_picture(tmp_path / name)
            assert picture.color.dtype == np.uint16 and np.array_equal(picture.array(), array.squeeze())
    cv2.imwrite(str(tmp_path / "f.tif"), _random((6, 7, 3), np.float32))
    assert np.array_equal(open_picture(tmp_path / "f.tif").color[..., ::-1], _random((6, 7, 3), np.float32))


@pytest.mark.parametrize(
    "options",
    [
        {"extrasamples": ["unassalpha"], "compression": "lzw", "predictor": True, "byteorder": ">"},
        {"extrasamples": ["unassalpha"], "tile": (16, 16), "compression": "zstd", "bigtiff": True},
        {"extrasamples": ["unassalpha"], "planarconfig": "separate"},
    ],
    ids=["lzw", "tiles", "planes"],
)
def test_layouts_of_tiff(tmp_path, options):
    values = _random((30, 40, 4))
    planes = np.moveaxis(values, 2, 0) if "planarconfig" in options else values
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric="rgb", **options)
    assert np.array_equal(open_picture(tmp_path / "a.tif").array(), values)


def test_meanings_of_samples_in_tiff(tmp_path, caplog):
    values, path = _random((6, 7, 4)), tmp_path / "a.tif"
    tifffile.imwrite(path, values[..., 0], photometric="miniswhite")
    assert np.array_equal(open_picture(path).color, 65535 - values[..., 0])
    tifffile.imwrite(path, values, photometric="separated", iccprofile=b"a profile of inks")
    share, picture = 1 - values / 65535, open_picture(path)
    assert np.abs(picture.color - share[..., :3] * share[..., 3:] * 65535).max() < 1
    assert "icc_profile" not in picture.info and "a.tif: CMYK of 16 bits becomes RGB" in caplog.text
    alpha = values[..., 3:] // 2 + 20000
    premultiplied = np.rint(values[..., :3] * (alpha / 65535)).astype(np.uint16)
    both = np.concatenate([premultiplied, alpha.astype(np.uint16)], axis=2)
    tifffile.imwrite(path, both, photometric="rgb", extrasamples=["assocalpha"])
    assert np.abs(open_picture(path).color.astype(int) - values[..., :3]).max() <= 2
    tifffile.imwrite(path, values[..., :3], photometric="rgb", extratags=[(274, 3, 1, 6, True)])
    assert np.array_equal(open_picture(path).color, np.rot90(values[..., :3], -1))
    for bad, message in ((values.astype(np.uint32), "u4|uint32"), (_random((6, 7, 3), np.float32) + 1, r"\[0, 1\]")):
        tifffile.imwrite(path, bad[..., :3], photometric="rgb")
        with pytest.raises(ImageError, match=f"a.tif.*({message})"):
            open_picture(path)
    tifffile.imwrite(path, _random((40, 40, 3)), photometric="rgb", compression="zlib")
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(ImageError, match="a.tif: the file is truncated"):
        open_picture(path)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_orientations(tmp_path, orientation):
    """The eight values of EXIF, by Pillow for 8 bits and by ourselves for 16."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    array = _random((5, 7, 3), np.uint8)
    eight = open_picture(encoded(Image.fromarray(array), exif=exif)).color
    picture = open_picture(array.astype(np.uint16) * 257)
    picture.info["exif"] = exif.tobytes()
    sixteen = open_picture(save_picture(picture, tmp_path / "a.png"))
    assert np.array_equal(sixteen.color, eight.astype(np.uint16) * 257)
    assert "exif" not in sixteen.info  # the orientation was all there was


def test_profile_and_resolution_are_kept(small, tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = open_picture(encoded(small, "PNG", icc_profile=profile, dpi=(300, 300)))
    save_image(picture.image(), tmp_path / "out.jpg")
    with Image.open(tmp_path / "out.jpg") as written:
        assert written.info["icc_profile"] == profile
        assert written.info["dpi"] == (300, 300)


def test_resolution_where_formats_differ(small, tmp_path):
    picture = open_picture(encoded(small, "TIFF"))  # without any: none is made up
    assert "dpi" not in picture.info
    save_picture(picture, tmp_path / "none.tif")
    assert "dpi" not in open_picture(tmp_path / "none.tif").info
    exif = Image.Exif()
    exif.update({282: 300.0, 283: 150.0, 296: 2})  # all that WebP has
    save_picture(open_picture(encoded(small, "WEBP", exif=exif)), tmp_path / "a.webp")
    with Image.open(tmp_path / "a.webp") as written:
        assert [written.getexif()[tag] for tag in (282, 283, 296)] == [300, 150, 2]
    centimetres = TiffImagePlugin.ImageFileDirectory_v2()
    centimetres.update({282: 100.0, 283: 100.0, 296: 3})
    save_picture(open_picture(encoded(small, "TIFF", tiffinfo=centimetres)), tmp_path / "a.tif")
    assert open_picture(tmp_path / "a.tif").info["dpi"] == pytest.approx((254, 254))


def test_arrays():
    shapes = [(4, 5), (4, 5, 1), (4, 5, 2), (4, 5, 3), (4, 5, 4)]
    for shape, dtype in zip(shapes, (np.uint8, np.uint16, np.uint8, np.float32, np.float64)):
        picture = open_picture(np.ones(shape, dtype))
        assert picture.kind == "array" and picture.size == (4, 5) and picture.grey == (shape[2:] in ((), (1,), (2,)))
    bad = [np.zeros((4, 5, 5), np.uint8), np.zeros((4, 5), np.int64), np.full((4, 5), 1.5), np.full((4, 5), np.nan)]
    for array in [*bad, np.zeros((0, 5), np.uint8), np.zeros(3, np.uint8)]:
        with pytest.raises(ImageError, match="input 7"):
            open_picture(array, "input 7")


def test_first_frame_of_several_and_said_so(small, tmp_path, caplog):
    small.quantize(16).save(tmp_path / "a.gif", save_all=True, append_images=[small.rotate(90).quantize(16)])
    assert np.array_equal(open_picture(tmp_path / "a.gif").color, np.asarray(small.quantize(16).convert("RGB")))
    assert "a.gif: only the first of several frames" in caplog.text
    caplog.clear()
    small.quantize(16).save(tmp_path / "b.gif")
    open_picture(tmp_path / "b.gif")
    assert not caplog.text
    tifffile.imwrite(tmp_path / "c.tif", _random((2, 6, 7, 3)), photometric="rgb")
    assert open_picture(tmp_path / "c.tif").size == (6, 7) and "c.tif: only the first" in caplog.text


def test_decompression_bombs_are_refused(tmp_path):
    Image.new("1", (15000, 14000)).save(tmp_path / "bomb.png")
    assert (tmp_path / "bomb.png").stat().st_size < 60000
    with pytest.raises(ImageError, match="bomb.png: 15000 x 14000 pixels are more than the limit of 200 megapixels"):
        open_picture(tmp_path / "bomb.png")
    Image.new("L", (300, 200)).save(tmp_path / "small.png")
    tifffile.imwrite(tmp_path / "small.tif", np.zeros((200, 300, 3), np.float32), photometric="rgb")
    for name in ("small.png", "small.tif"):
        assert open_picture(tmp_path / name, max_megapixels=0.06).size == (200, 300)
        with pytest.raises(ImageError, match="0.05 megapixels"):
            open_picture(tmp_path / name, max_megapixels=0.05)


def test_the_limit_of_pillow_is_left_to_its_owner(tmp_path, monkeypatch):
    Image.new("L", (300, 200)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert open_picture(tmp_path / "a.png").size == (200, 300) and Image.MAX_IMAGE_PIXELS == 100


def test_cmyk_comes_back(small, tmp_path):
    inks = small.convert("CMYK")
    inks.save(tmp_path / "a.jpg", quality=95, subsampling=0)
    picture = open_picture(tmp_path / "a.jpg")
    assert picture.color.shape == (30, 40, 3) and picture.result().mode == "CMYK" and picture.image().mode == "RGB"
    for name, mode in (("b.jpg", "CMYK"), ("b.tif", "CMYK"), ("b.png", "RGB")):
        with Image.open(save_picture(picture, tmp_path / name)) as written:
            assert written.mode == mode
            assert np.abs(np.asarray(written.convert("RGB")).astype(int) - picture.color).mean() < 2


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
    with pytest.raises(ImageError, match="no format that is written"):
        save_image(small, tmp_path / "a.xyz")
    with pytest.raises(ImageError, match="a.jpg"):
        save_image(small.convert("RGBA"), tmp_path / "a.jpg")
    with pytest.raises(ImageError, match="at most 16383 pixels"):
        save_image(Image.new("L", (1, 16384)), tmp_path / "a.webp")
    assert list(tmp_path.iterdir()) == []
    assert save_image(small, tmp_path / "new" / "ö ü.webp").exists()
    assert np.array_equal(np.asarray(Image.open(tmp_path / "new" / "ö ü.webp")), np.asarray(small))


def test_holes_take_the_colour_around_them():
    color = np.zeros((37, 50, 3), np.uint8)
    alpha = np.zeros((37, 50), np.uint8)
    color[10:20, 10:20], alpha[10:20, 10:20] = (200, 100, 50), 255
    filled = fill_transparent(color, alpha)
    assert (filled == (200, 100, 50)).all()
    assert (fill_transparent(color[..., 0], alpha) == 200).all()
    opaque = np.full_like(alpha, 255)
    assert fill_transparent(color, opaque) is color


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_everything_is_kept(tmp_path, channels, dtype):
    """Pixels, depth, ICC profile, resolution and camera, through files of both formats that hold 16 bits."""
    array = _random((9, 11, channels), dtype).squeeze()
    picture = open_picture(array)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x010F] = "maker"
    picture.info = {"icc_profile": profile, "dpi": (300.0, 150.0), "exif": exif.tobytes()}
    for name in ("a.png", "a.tif"):
        read = open_picture(save_picture(picture, tmp_path / name))
        expected = (
            np.rint(array * np.float32(65535)).astype(np.uint16) if (name, dtype) == ("a.png", np.float32) else array
        )
        assert np.array_equal(read.array(), expected) and read.array().dtype == expected.dtype
        assert read.info["icc_profile"] == profile and read.info["dpi"] == pytest.approx((300, 150), abs=0.02)
        assert "exif" in read.info or (name, dtype) != ("a.png", dtype)
    deep_color = channels > 1 and dtype == np.uint16 or dtype == np.float32 and channels > 1
    assert isinstance(read.result(), np.ndarray) == deep_color


def test_eight_bit_formats_take_deeper_pictures_with_a_warning(tmp_path, caplog):
    deep = _random((9, 11, 3))
    read = open_picture(save_picture(open_picture(deep), tmp_path / "a.bmp"))
    assert (
        np.array_equal(read.color, np.rint(deep / 257).astype(np.uint8))
        and "a.bmp: BMP holds 8 bits of 16" in caplog.text
    )


def test_stale_facts_of_exif_are_left_out(small):
    exif = Image.Exif()
    exif.update({0x010F: "maker", 0x0112: 6})
    exif.get_ifd(0x8769).update({0xA002: 40, 0x9003: "2020:01:01 00:00:00"})
    kept = Image.Exif()
    kept.load(open_picture(encoded(small, "JPEG", exif=exif)).info["exif"])
    assert (
        kept[0x010F] == "maker" and 0x0112 not in kept and dict(kept.get_ifd(0x8769)) == {0x9003: "2020:01:01 00:00:00"}
    )
    own = Image.open(io.BytesIO(encoded(small, "JPEG", exif=exif)))
    open_picture(own)
    assert own.getexif()[0x0112] == 6  # the caller's image is left as it was


def test_one_transparent_value_of_sixteen_bit_grey(tmp_path):
    values = _random((6, 7))
    data = encoded(Image.fromarray(values), transparency=int(values[2, 3]))
    picture = open_picture(data)
    assert np.array_equal(picture.color, values) and np.array_equal(picture.alpha == 0, values == values[2, 3])
