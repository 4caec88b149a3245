"""What the bands and numbers of TIFF files are taken for, and what is refused."""

import io
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image

from paddle_cv.pictures import ImageError, open_picture, save_picture

_Y, _X = np.mgrid[:31, :45]
RGB16 = np.stack([_X * 1400, _Y * 2000, _X * 700 + _Y * 500], -1).astype(np.uint16)
RGB8 = (RGB16 // 257).astype(np.uint8)


def tiff(array, **options) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, **{"metadata": None, **options})
    return buffer.getvalue()


def without_extra_samples(data: bytes) -> bytes:
    """The same file, whose entry about further bands is one that nobody knows."""
    place = data.find(struct.pack("<HH", 338, 3))
    return data[:place] + struct.pack("<H", 40000) + data[place + 2 :]


@pytest.mark.parametrize("values", [RGB16, RGB8, (RGB16 / 65535).astype(np.float32)], ids=["16", "8", "float"])
@pytest.mark.parametrize("photometric", ["minisblack", "rgb"])
@pytest.mark.parametrize("planes", ["contig", "separate"])
def test_three_bands_are_rgb(values, photometric, planes, tmp_path):
    data = tiff(
        values if planes == "contig" else np.moveaxis(values, 2, 0), photometric=photometric, planarconfig=planes
    )
    for file in (data, without_extra_samples(data)) if photometric == "minisblack" else (data,):
        picture = open_picture(file)
        assert picture.alpha is None and np.array_equal(picture.color, values)
        assert np.array_equal(tifffile.imread(save_picture(picture, tmp_path / "b.tif")), values)


@pytest.mark.parametrize("values", [RGB16, RGB8], ids=["16", "8"])
def test_bands_that_are_no_picture_are_an_error(values):
    four = np.dstack([values, values[..., :1]])
    files = [
        tiff(four, photometric="rgb", extrasamples=["unspecified"]),
        tiff(four, photometric="minisblack", planarconfig="contig"),
        tiff(four[..., :2], photometric="minisblack", planarconfig="contig"),
        tiff(np.dstack([four, four]), photometric="minisblack", planarconfig="contig"),
        tiff(np.dstack([four, four[..., 0]]), photometric="rgb", extrasamples=["unassalpha", "unspecified"]),
        tiff(np.dstack([four, four[..., 0]]), photometric="separated", extrasamples=["unspecified"]),
    ]
    for file in (*files, without_extra_samples(files[2])):
        with pytest.raises(ImageError, match="some.tif: . bands"):
            open_picture(file, "some.tif")


@pytest.mark.parametrize("values", [RGB16, RGB8], ids=["16", "8"])
def test_transparency_is_where_the_file_says_so(values, caplog):
    four = np.dstack([values, values[..., 0]])
    bands = ["unspecified", "unspecified", "unassalpha"]
    for photometric, array, extra in (
        ("rgb", four, bands[2:]),
        ("minisblack", four, bands),
        ("minisblack", four[..., [0, 3]], bands[2:]),
    ):
        file = tiff(array, photometric=photometric, planarconfig="contig", extrasamples=extra)
        picture = open_picture(file)
        assert np.array_equal(picture.array(), array) and picture.alpha is not None
    assert not caplog.text
    picture = open_picture(without_extra_samples(tiff(four, photometric="rgb", extrasamples=["unassalpha"])), "cv.tif")
    assert np.array_equal(picture.array(), four)


def test_bits_that_are_no_bytes():
    """12 bits fill a part of 16, and what is black in a file may be its largest number."""
    twelve = (np.arange(64, dtype=np.uint16).reshape(8, 8) * 65).astype(np.uint16)
    data = bytearray(tiff(twelve, photometric="minisblack"))
    packed = np.unpackbits(twelve.astype(">u2").view(np.uint8)).reshape(-1, 16)[:, 4:]
    with tifffile.TiffFile(io.BytesIO(bytes(data))) as file:
        start = file.pages.first.dataoffsets[0]
    data[start : start + 96] = np.packbits(packed).tobytes()
    place = data.find(struct.pack("<HHI", 258, 3, 1))
    data[place + 8 : place + 10] = struct.pack("<H", 12)
    place = data.find(struct.pack("<HHI", 279, 4, 1))
    place = place if place > 0 else data.find(struct.pack("<HHI", 279, 3, 1))
    data[place + 8 : place + 12] = struct.pack("<I", 96)
    picture = open_picture(bytes(data))
    assert picture.color.dtype == np.uint16
    assert np.array_equal(picture.color, np.rint(twelve * np.float32(65535 / 4095)).astype(np.uint16))


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("white", ["minisblack", "miniswhite"])
def test_few_bits(bits, white):
    values = np.arange(64, dtype=np.uint8).reshape(8, 8) % 2**bits
    head = struct.pack("<2sHI", b"II", 42, 8)
    packed = np.packbits(np.unpackbits(values[..., None], axis=2)[..., 8 - bits :].reshape(8, -1), axis=1).tobytes()
    entries = [
        (256, 8),
        (257, 8),
        (258, bits),
        (259, 1),
        (262, white == "minisblack"),
        (273, 0),
        (277, 1),
        (278, 8),
        (279, len(packed)),
    ]
    start = 8 + 2 + 12 * len(entries) + 4
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, start if tag == 273 else int(value)) for tag, value in entries)
    data = head + struct.pack("<H", len(entries)) + directory + struct.pack("<I", 0) + packed
    wanted = np.rint(values * np.float32(255 / (2**bits - 1))).astype(np.uint8)
    color = open_picture(data).color
    assert np.array_equal(color, wanted if white == "minisblack" else 255 - wanted)


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "u4", "f8", "c8"])
def test_numbers_whose_white_is_not_known(dtype):
    file = tiff(
        (RGB8[..., 0] // 2).astype(dtype) / np.array(1, dtype) if dtype == "c8" else (RGB8[..., 0] // 2).astype(dtype)
    )
    if dtype == "f8":  # these have to be in [0, 1]
        with pytest.raises(ImageError, match=r"\[0, 1\]"):
            open_picture(file, "a.tif")
    else:
        with pytest.raises(ImageError, match="a.tif: TIFF files of (signed|unsigned|other) numbers"):
            open_picture(file, "a.tif")


def test_big_endian_and_white_as_zero():
    for byteorder in "<>":
        for values in (RGB16[..., 0], RGB8[..., 0]):
            file = tiff(values, photometric="miniswhite", byteorder=byteorder)
            assert np.array_equal(open_picture(file).color, np.iinfo(values.dtype).max - values)


def test_first_pages_that_are_not_the_picture():
    cases = {
        "reduced copy": tiff(RGB8, photometric="rgb", subfiletype=1),
        "raw file": tiff(RGB8, photometric="rgb", extratags=[(50706, 1, 4, (1, 4, 0, 0), True)]),
        "raw file ": tiff(RGB16[..., 0], photometric="cfa"),
        "compression 50001": tiff(RGB8, photometric="rgb", compression="webp"),
        "compression 34712": tiff(RGB16, photometric="rgb", compression="jpeg2000"),
    }
    for message, file in cases.items():
        with pytest.raises(ImageError, match=f"a.tif: .*{message.strip()}"):
            open_picture(file, "a.tif")


def test_frames_that_have_no_page_of_their_own(caplog):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.zeros((5, 6, 7), np.uint16), imagej=True, metadata={"axes": "TYX"})
    open_picture(buffer.getvalue(), "stack.tif")
    assert "stack.tif: only the first of several frames" in caplog.text


def test_palettes_inks_and_ycbcr_are_read_by_pillow():
    image = Image.fromarray(RGB8)
    for made, options in ((image.quantize(16), {}), (image.convert("CMYK"), {}), (image, {"compression": "jpeg"})):
        buffer = io.BytesIO()
        made.save(buffer, "TIFF", **options)
        assert np.abs(open_picture(buffer.getvalue()).color.astype(int) - np.asarray(made.convert("RGB"))).mean() < 3
