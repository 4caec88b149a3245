"""What comes back of what a file says beside its pixels, and what the log says is left out."""

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import ExifTags, Image, ImageCms

from paddle_cv.inference import RestorationPredictor
from paddle_cv.models import build_model, model_spec
from paddle_cv.pictures import open_picture, save_picture

IMAGE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 12, 3), np.uint8))
DEEP = np.asarray(IMAGE).astype(np.uint16) * 257
CHUNKS = {
    b"gAMA": struct.pack(">I", 100000),
    b"cHRM": struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000),
    b"cICP": bytes([9, 16, 0, 1]),
    b"mDCV": bytes(24),
    b"cLLI": bytes(8),
    b"sRGB": b"\1",
}


@pytest.fixture(scope="module")
def nearest():
    return RestorationPredictor(build_model("nearest_x2"), model_spec("nearest_x2"), engine="dygraph")


def encoded(image, file_format="PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def tiff(array, **options) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, **{"metadata": None, "photometric": "rgb", **options})
    return buffer.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def with_chunk(data: bytes, kind: bytes, content: bytes) -> bytes:
    return data[:33] + chunk(kind, content) + data[33:]


def chunks(data: bytes) -> dict[bytes, bytes]:
    found, place = {}, 8
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        found[kind] = data[place + 8 : place + 8 + length]
        place += 12 + length
    return found


def png_of(bits: int, path) -> bytes:
    return encoded(IMAGE) if bits == 8 else save_picture(open_picture(DEEP), path / "deep.png").read_bytes()


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("kind", CHUNKS)
def test_colour_chunks_of_png_come_back(nearest, tmp_path, caplog, kind, bits):
    file = with_chunk(png_of(bits, tmp_path), kind, CHUNKS[kind])
    caplog.clear()
    assert chunks(nearest.predict_file(file, tmp_path / "b.png").read_bytes())[kind] == CHUNKS[kind]
    assert not caplog.text
    nearest.predict_file(file, tmp_path / "b.tif")
    lost = f"b.tif: TIFF has no place for what the PNG file says of its colours ({kind.decode()})"
    assert (lost in caplog.text) == (kind != b"sRGB")


def test_an_image_that_pillow_has_read_keeps_its_colours(nearest, tmp_path):
    for kind in (b"gAMA", b"cHRM", b"sRGB"):
        image = Image.open(io.BytesIO(with_chunk(encoded(IMAGE), kind, CHUNKS[kind])))
        assert chunks(nearest.predict_file(image, tmp_path / "b.png").read_bytes())[kind] == CHUNKS[kind]


def test_damaged_colour_chunks_are_left_out(caplog):
    data = bytearray(with_chunk(encoded(IMAGE), b"gAMA", CHUNKS[b"gAMA"]))
    data[33 + 8] ^= 1  # the checksum no longer fits
    for file in (bytes(data), with_chunk(encoded(IMAGE), b"gAMA", b"12")):
        caplog.clear()
        assert "png_chunks" not in open_picture(file, "a.png").info
        assert "a.png: what the file says of its colours (gAMA) is damaged" in caplog.text


def test_what_is_said_of_pixels_in_png_is_left_out_with_a_word(caplog):
    open_picture(with_chunk(encoded(IMAGE), b"sCAL", b"\x010.01\x000.01"), "a.png")
    assert "a.png: the size of what is shown (sCAL) is left out" in caplog.text


def test_the_shape_of_pixels_comes_back(nearest, tmp_path):
    shape = struct.pack(">IIB", 2, 1, 0)
    file = with_chunk(encoded(IMAGE), b"pHYs", shape)
    assert chunks(nearest.predict_file(file, tmp_path / "b.png").read_bytes())[b"pHYs"] == shape


@pytest.mark.parametrize("bits", [8, 16])
def test_large_texts_and_profiles_are_no_reason_to_refuse(bits, tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = struct.pack(">I", 1_500_588) + profile[4:] + bytes(1_500_588 - len(profile))
    text = zlib.compress(b"a" * 2_000_000)
    file = png_of(bits, tmp_path)
    for kind, content in {
        b"zTXt": b"Comment\0\0" + text,
        b"iTXt": b"XML:com.adobe.xmp\0\1\0\0\0" + text,
        b"tEXt": b"Comment\0" + b"a" * 2_000_000,
        b"iCCP": b"p\0\0" + zlib.compress(profile),
    }.items():
        for data in (with_chunk(file, kind, content), file[:-12] + chunk(kind, content) + file[-12:]):
            if kind == b"iCCP" and data[37:41] != b"iCCP":
                continue
            picture = open_picture(data)
            assert picture.size == (9, 12) and picture.info.get("icc_profile") == (profile if kind == b"iCCP" else None)
    picture = open_picture(with_chunk(file, b"iCCP", b"p\0\0" + zlib.compress(profile)))
    assert open_picture(save_picture(picture, tmp_path / "b.png")).info["icc_profile"] == profile


def test_a_profile_that_would_fill_the_memory(caplog):
    file = with_chunk(encoded(IMAGE), b"iCCP", b"p\0\0" + zlib.compress(bytes(2**26)))
    assert open_picture(file, "a.png").info == {} and "a.png: the ICC profile is left out" in caplog.text


@pytest.mark.parametrize("dpi, wanted", [((300, 150), (600, 300)), ((72, 72), (72, 72)), ((96, 96), (96, 96))])
@pytest.mark.parametrize("name", ["b.png", "b.jpg", "b.tif", "b.webp", "b.bmp"])
def test_resolution_grows_with_the_picture(nearest, tmp_path, dpi, wanted, name):
    for source in (
        encoded(IMAGE, dpi=dpi),
        encoded(IMAGE, "JPEG", dpi=dpi),
        tiff(DEEP, resolution=dpi, resolutionunit=2),
    ):
        made = open_picture(nearest.predict_file(source, tmp_path / name)).info["dpi"]
        assert made == pytest.approx(wanted, abs=0.6)


def test_resolution_in_exif_is_that_of_the_picture(nearest, tmp_path):
    exif = Image.Exif()
    exif.update({271: "maker", 282: 300.0, 283: 300.0, 296: 2})
    nearest.predict_file(encoded(IMAGE, "JPEG", exif=exif, dpi=(300, 300)), tmp_path / "b.jpg")
    with Image.open(tmp_path / "b.jpg") as made:
        assert made.info["dpi"] == (600, 600) and made.getexif()[282] == made.getexif()[283] == 600


def test_resolution_is_turned_with_the_picture():
    exif = Image.Exif()
    exif[274] = 6
    assert open_picture(encoded(IMAGE, "JPEG", exif=exif, dpi=(300, 150))).info["dpi"] == (150, 300)
    turned = tiff(DEEP, resolution=(300, 150), resolutionunit=2, extratags=[(274, 3, 1, 6, True)])
    assert open_picture(turned).info["dpi"] == (150, 300)


@pytest.mark.parametrize("dpi", [(1e9, 1e9), (1e-9, 1e-9), (300, 0)])
def test_absurd_resolutions_are_left_out(nearest, tmp_path, dpi, caplog):
    nearest.predict_file(
        tiff(DEEP, resolution=[(int(v * 1e9), 10**9) if v < 4 else (int(v), 1) for v in dpi], resolutionunit=2),
        tmp_path / "b.png",
    )
    assert "dpi" not in open_picture(tmp_path / "b.png").info
    high = open_picture(np.asarray(IMAGE))
    high.info = {"dpi": (90000.0, 90000.0)}
    assert "dpi" not in open_picture(save_picture(high, tmp_path / "b.jpg")).info
    assert "b.jpg: the resolution is too high for JPEG" in caplog.text


def test_what_describes_the_pixels_as_they_were_is_left_out_of_exif(nearest, tmp_path):
    exif = Image.Exif()
    exif.update({271: "maker", 270: "a cat", 40962: 12})
    exif.get_ifd(0x8769).update(
        {
            0x9003: "2020:01:01 00:00:00",
            0xA002: 12,
            0x9214: (6, 4, 2, 2),
            0xA214: (6, 4),
            0xA20E: 100.0,
            0x927C: b"notes",
        }
    )
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 8.0, 0.0)})
    for name in ("b.jpg", "b.png", "b.webp", "b.tif"):
        nearest.predict_file(encoded(IMAGE, "JPEG", exif=exif), tmp_path / name)
        with Image.open(tmp_path / name) as made:
            kept = made.getexif()
            assert (kept[271], kept[270]) == ("maker", "a cat") and 40962 not in kept
            assert dict(kept.get_ifd(0x8769)) == {0x9003: "2020:01:01 00:00:00"}
            assert kept.get_ifd(0x8825)[1] == "N"


def test_a_thumbnail_is_left_out(nearest, tmp_path):
    """EXIF's second directory shows the picture as it was; phones put a JPEG file there."""
    thumbnail = encoded(IMAGE.resize((4, 3)), "JPEG")
    first = struct.pack("<HHHII", 1, 271, 2, 4, int.from_bytes(b"own\0", "little")) + struct.pack("<I", 26)
    second = struct.pack("<HHHIIHHII", 2, 513, 4, 1, 56, 514, 4, 1, len(thumbnail)) + struct.pack("<I", 0)
    exif = b"Exif\0\0" + struct.pack("<2sHI", b"II", 42, 8) + first + second + thumbnail
    file = encoded(IMAGE, "JPEG", exif=exif)
    assert thumbnail in file
    with Image.open(io.BytesIO(file)) as image:
        assert image.getexif().get_ifd(ExifTags.IFD.IFD1)
    assert thumbnail not in nearest.predict_file(file, tmp_path / "b.jpg").read_bytes()
    with Image.open(tmp_path / "b.jpg") as made:
        assert made.getexif()[271] == "own" and not made.getexif().get_ifd(ExifTags.IFD.IFD1)


@pytest.mark.parametrize("values", [np.asarray(IMAGE), DEEP], ids=["8", "16"])
def test_a_georeference_is_left_out_with_a_word(nearest, tmp_path, caplog, values):
    tags = [
        (33550, 12, 3, (10.0, 10.0, 0.0), True),  # metres of a pixel
        (33922, 12, 6, (0.0, 0.0, 0.0, 5e5, 4e6, 0.0), True),
        (34735, 3, 4, (1, 1, 0, 0), True),
    ]
    nearest.predict_file(tiff(values, extratags=tags), tmp_path / "b.tif")
    assert "the georeference is left out" in caplog.text
    with tifffile.TiffFile(tmp_path / "b.tif") as made:
        assert not {33550, 33922, 34735} & {tag.code for tag in made.pages.first.tags}


@pytest.mark.parametrize("values", [np.asarray(IMAGE)[..., 0], DEEP[..., 0]], ids=["8", "16"])
def test_sizes_of_microscopes_are_left_out_with_a_word(nearest, tmp_path, caplog, values):
    files = [
        tiff(values, photometric=None, imagej=True, resolution=(10, 10), metadata={"unit": "um"}),
        tiff(values, photometric="minisblack", ome=True, metadata={"PhysicalSizeX": 0.1, "PhysicalSizeY": 0.1}),
    ]
    for file in files:
        caplog.clear()
        nearest.predict_file(file, tmp_path / "b.tif")
        assert "what the microscope's program says of sizes is left out" in caplog.text
        with tifffile.TiffFile(tmp_path / "b.tif") as made:
            assert made.pages.first.tags.valueof(270) is None and "dpi" not in open_picture(tmp_path / "b.tif").info


def test_second_pictures_and_gain_maps_are_left_out_with_a_word(caplog):
    open_picture(encoded(IMAGE, "MPO", save_all=True, append_images=[IMAGE]), "stereo.jpg")
    assert "stereo.jpg: only the first of several frames" in caplog.text
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description hdrgm:Version="1.0"/></x:xmpmeta>'
    open_picture(encoded(IMAGE, "JPEG", xmp=xmp), "hdr.jpg")
    assert "hdr.jpg: the gain map" in caplog.text


def test_formats_that_hold_less(tmp_path, caplog):
    picture = open_picture(
        encoded(IMAGE, icc_profile=b"profile", exif=b"Exif\0\0" + struct.pack("<2sHIHI", b"II", 42, 8, 0, 0))
    )
    save_picture(picture, tmp_path / "b.bmp")
    assert "b.bmp: BMP has no place for the ICC profile" in caplog.text


def test_data_sets_have_no_use_for_it(caplog):
    picture = open_picture(with_chunk(encoded(IMAGE, dpi=(300, 300)), b"sCAL", b"\x010.01\x000.01"), metadata=False)
    assert picture.info == {} and not caplog.text
