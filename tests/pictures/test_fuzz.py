"""Damaged files: each becomes a whole result or an `ImageError`, and nothing else happens."""

import io
import struct
import time
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from paddle_cv.inference import RestorationPredictor
from paddle_cv.models import build_model, model_spec
from paddle_cv.pictures import ImageError, open_picture, save_picture

# Decoders warn of what is wrong.
pytestmark = pytest.mark.filterwarnings("ignore")

_PROFILE = b"no profile at all" * 8


def _file(image, file_format, **options):
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def _tiff(array, **options):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, **options)
    return buffer.getvalue()


def _with_texts(data: bytes) -> bytes:
    """A PNG file with chunks of every kind that is looked at."""
    text = zlib.compress(bytes(2**20 + 1))
    contents = {
        **{b"gAMA": bytes(4), b"cHRM": bytes(32), b"cICP": bytes(4), b"sCAL": b"\x011\x001"},
        **{b"zTXt": b"Comment\0\0" + text, b"iTXt": b"XML:com.adobe.xmp\0\1\0\0\0" + text},
    }
    for kind, content in contents.items():
        chunk = struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        data = data[:33] + chunk + data[33:]
    return data


@pytest.fixture(scope="module")
def originals(photo, tmp_path_factory):
    """Small files of every format, mode and depth."""
    image = Image.fromarray(photo[100:124, 200:231])
    other = image.rotate(180)
    deep = np.asarray(image).astype(np.uint16) * 257
    exif = Image.Exif()
    exif.update({0x0112: 6, 0x010F: "maker"})
    kept = {"exif": exif, "dpi": (300, 300), "icc_profile": _PROFILE}
    folder = tmp_path_factory.mktemp("originals")
    files = [
        _file(image, "PNG", **kept),
        _file(image.convert("LA"), "PNG"),
        _file(image.quantize(16), "PNG", transparency=3),
        _file(image.convert("1"), "PNG"),
        _file(image.convert("RGBA"), "PNG"),
        _file(image, "JPEG", **kept),
        _file(image, "JPEG", progressive=True),
        _file(image.convert("CMYK"), "JPEG", icc_profile=_PROFILE),
        _file(image.convert("L"), "JPEG"),
        _file(image, "WEBP", lossless=True, **kept),
        _file(image.convert("RGBA"), "WEBP"),
        _file(image, "BMP"),
        _file(image.quantize(16), "BMP"),
        _file(image, "PPM"),
        _file(image.quantize(16), "GIF", save_all=True, append_images=[other.quantize(16)]),
        _file(image, "TIFF", **kept),
        _file(image, "TIFF", compression="tiff_lzw"),
        _file(image.convert("CMYK"), "TIFF", compression="tiff_deflate"),
        _tiff(deep, photometric="rgb", compression="lzw", predictor=True),
        _tiff(np.moveaxis(deep, 2, 0), photometric="rgb", planarconfig="separate"),
        _tiff(deep.astype(np.float32) / 65535, photometric="rgb", compression="zlib", tile=(16, 16)),
        _tiff(deep[..., 0], photometric="miniswhite", bigtiff=True),
        _tiff(deep, photometric="minisblack", planarconfig="contig"),
        _tiff(np.dstack([deep, deep[..., 0]]), photometric="rgb", extrasamples=["assocalpha"]),
        _tiff(
            np.asarray(image),
            photometric="rgb",
            resolution=(300, 300),
            extratags=[(33550, 12, 3, (1.0, 1.0, 0.0), True)],
        ),
        _file(image, "MPO", save_all=True, append_images=[other]),
        _with_texts(_file(image, "PNG", icc_profile=_PROFILE)),
    ]
    for array in (deep, np.dstack([deep, deep[..., 0]]), deep[..., :2], deep[..., 0]):
        picture = open_picture(array)
        picture.info = {"icc_profile": _PROFILE, "exif": exif.tobytes()}
        files.append(save_picture(picture, folder / "deep.png").read_bytes())
    return files


@pytest.fixture(scope="module")
def predictor():
    return RestorationPredictor(
        build_model("nearest_x2"), model_spec("nearest_x2"), engine="dygraph", max_megapixels=0.3
    )


def test_the_originals_are_good(originals, predictor):
    assert all(predictor.restore(open_picture(data)).size in ((48, 62), (62, 48)) for data in originals)


def _mutated(data: bytes, random: np.random.Generator) -> bytes:
    data = bytearray(data)
    for _ in range(random.integers(1, 5)):
        # Headers are short, and what stands there decides more than what stands in the pixels.
        place = int(random.integers(0, min(len(data), 150) if random.random() < 0.6 else len(data)))
        kind = random.integers(0, 7)
        if kind == 0:
            data[place] ^= 1 << int(random.integers(8))
        elif kind == 1:
            data[place] = int(random.choice([0, 1, 2, 127, 128, 255]))
        elif kind == 2:
            del data[max(place, 1) :]
        elif kind == 3:
            data[place:place] = random.bytes(int(random.integers(1, 20)))
        elif kind == 4:
            del data[place : place + int(random.integers(1, 20))]
        elif kind == 5:
            data[place : place + 4] = struct.pack("<I", int(random.choice([0, 1, 2**16, 2**31 - 1, 2**31, 2**32 - 1])))
        else:
            source = int(random.integers(0, len(data)))
            data[place : place + 16] = data[source : source + 16]
        data = data or bytearray(b"\0")
    return _with_checksums(bytes(data)) if random.random() < 0.7 else bytes(data)


def _with_checksums(data: bytes) -> bytes:
    """Makes the checksums of a PNG file right again: else nothing but these would be tried."""
    if data[1:4] != b"PNG":
        return data
    repaired, place = bytearray(data), 8
    while place + 12 <= len(data):
        end = place + 8 + int.from_bytes(data[place : place + 4], "big")
        if end + 4 > len(data):
            break
        repaired[end : end + 4] = zlib.crc32(data[place + 4 : end]).to_bytes(4, "big")
        place = end + 4
    return bytes(repaired)


def _fuzz(count, originals, predictor, folder, seed):
    random = np.random.default_rng(seed)
    good, source, results = 0, folder / "source", folder / "results"
    results.mkdir()
    for number in range(count):
        source.write_bytes(_mutated(originals[number % len(originals)], random))
        target = results / ("a.png" if number % 3 else "a.tif")
        started = time.process_time()
        try:
            predictor.predict_file(source, target)
        except ImageError as error:
            assert str(error).startswith((str(source), str(target)))
            assert list(results.iterdir()) == []
        else:
            assert list(results.iterdir()) == [target]
            assert min(open_picture(target).size) >= 2
            target.unlink()
            good += 1
        assert time.process_time() - started < 10, source.read_bytes()
    # Both happen, or the mutations are too gentle or too rough to find anything.
    assert 0.02 * count < good < 0.9 * count
    return good


def test_three_hundred_damaged_files(originals, predictor, tmp_path):
    _fuzz(300, originals, predictor, tmp_path, seed=0)


@pytest.mark.slow
def test_ten_thousand_damaged_files(originals, predictor, tmp_path):
    _fuzz(10000, originals, predictor, tmp_path, seed=1)
