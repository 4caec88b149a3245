"""Files that would keep a decoder busy for minutes are refused, in seconds; usual ones are not."""

import io
import time

import numpy as np
import pytest
import tifffile
from PIL import Image

from paddle_cv.pictures import ImageError, open_picture


def scans(photo, count, header=b""):
    """A progressive JPEG file that repeats its last scan."""
    buffer = io.BytesIO()
    Image.fromarray(photo).save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    start, _, last = data[:-2].rpartition(b"\xff\xda")
    return start[:2] + header + start[2:] + count * (b"\xff\xda" + last[:12]) + b"\xff\xd9"


def tiff(array, **options):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, compression="adobe_deflate", metadata=None, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["8 bits", "16 bits"])
def test_a_tiff_file_in_tiny_tiles(kind):
    data = tiff(np.zeros((2600, 2600), "uint8" if kind == "8 bits" else "uint16"), tile=(16, 16))
    started = time.process_time()
    with pytest.raises(ImageError, match="26569 strips or tiles are too many for 6760000 pixels"):
        open_picture(data)
    assert time.process_time() - started < 2


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_a_tiff_file_in_tiles_that_are_far_larger_than_itself(dtype):
    data = bytearray(tiff(np.zeros((8192, 8192), dtype), tile=(8192, 8192)))
    for place, value in ((256, 10), (257, 10)):  # width and height
        entry = data.index(place.to_bytes(2, "little") + b"\x04\0\x01\0\0\0")
        data[entry + 8 : entry + 12] = value.to_bytes(4, "little")
    with pytest.raises(ImageError, match="too large for a picture of 100"):
        open_picture(bytes(data))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_usual_tiff_files(dtype):
    array = (np.random.default_rng(0).random((300, 5000)) * (1 if dtype == "float32" else 255)).astype(dtype)
    for options in ({"tile": (16, 16)}, {"tile": (512, 512)}, {"rowsperstrip": 1}, {"rowsperstrip": 300}, {}):
        assert np.array_equal(open_picture(tiff(array, **options)).color, array)


def test_a_jpeg_file_of_endless_scans(photo, tmp_path):
    for data in (scans(photo, 20_000), scans(photo, 20_000, b"\xff\xe2\0\x10MPF\0" + bytes(10))):
        started = time.process_time()
        with pytest.raises(ImageError, match="scans, more than 100"):
            open_picture(data)
        (tmp_path / "a.jpg").write_bytes(data)
        with pytest.raises(ImageError, match="a.jpg: JPEG data of 200.. scans"):
            open_picture(tmp_path / "a.jpg")
        assert time.process_time() - started < 2
    assert open_picture(scans(photo, 5)).size == photo.shape[:2]
