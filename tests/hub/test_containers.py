"""Files that would keep a decoder busy, or fill the memory, are refused by their bytes, and usual ones are not changed."""

import base64
import io
import resource
import struct
import time
import zlib

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("paddlehub", reason="paddlehub is not installed (pip install .[hub])")

from paddle_cv.hub import serving  # noqa: E402
from paddle_cv.hub.containers import checked  # noqa: E402

pytestmark = pytest.mark.hub


def file(picture, kind, **options):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def decode(data):
    [picture] = serving.decode_images([base64.b64encode(data).decode()], {})
    return picture


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def segment(marker, data):
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def scans(photo, count, short=True):
    """A progressive JPEG file that repeats its last scan."""
    data = file(Image.fromarray(photo).convert("L"), "JPEG", progressive=True)
    start, _, last = data[:-2].rpartition(b"\xff\xda")
    return start + count * (b"\xff\xda" + (last[:12] if short else last)) + b"\xff\xd9"


def as_mpo(jpeg):
    """With the header by which Pillow calls a file MPO and not JPEG."""
    tags = struct.pack("<HHII", 0xB000, 7, 4, int.from_bytes(b"0100", "little"))
    tags += struct.pack("<HHII", 0xB001, 4, 1, 2) + struct.pack("<HHII", 0xB002, 7, 32, 50)
    entry = struct.pack("<IIIHH", 0x030000, len(jpeg), 0, 0, 0)
    data = b"MPF\0II*\0" + struct.pack("<IH", 8, 3) + tags + bytes(4) + 2 * entry
    jpeg = jpeg[:2] + segment(0xE2, data) + jpeg[2:]
    assert Image.open(io.BytesIO(jpeg)).format == "MPO"
    return jpeg


def overlapping_exif(length):
    """Each of thousands of tags has all of the data for its value."""
    count = 5000
    tags = b"".join(struct.pack("<HHII", 40000 + number, 7, length - 8, 8) for number in range(count))
    head = b"II*\0" + struct.pack("<IH", 8, count) + tags + bytes(4)
    return head + bytes(max(length - len(head), 0))


@pytest.fixture(scope="module")
def attacks(photo):
    png, jpeg = file(Image.new("L", (20, 20)), "PNG"), file(Image.new("L", (20, 20)), "JPEG")
    frame = file(Image.new("RGB", (20, 20)), "WEBP", save_all=True, append_images=[Image.new("RGB", (20, 20), "red")])
    return {
        "scans": scans(photo, 20_000),
        "scans in an MPO file": as_mpo(scans(photo, 20_000)),
        "scans, fewer but large": scans(np.resize(photo, (1900, 2000, 3)), 30, short=False),
        "segments": jpeg[:2] + segment(0xFE, b"") * 2_000_000 + jpeg[2:],
        "fill bytes": jpeg[:2] + b"\xff" * 10_000_000 + jpeg[2:],
        "EXIF in a JPEG file": jpeg[:2] + segment(0xE1, b"Exif\0\0" + overlapping_exif(65_000)) + jpeg[2:],
        "EXIF in a PNG file": png[:33] + chunk(b"eXIf", overlapping_exif(65_000)) + png[33:],
        "EXIF in a WebP file": file(Image.new("L", (20, 20)), "WEBP", exif=overlapping_exif(2**17)),
        "chunks": png[:33] + chunk(b"tEXt", b"") * 1_000_000 + png[33:],
        "chunks of pixels": png[:33] + chunk(b"IDAT", b"") * 1_000_000 + png[33:],
        "frames": riff(frame[12 : frame.index(b"ANMF")] + frame[frame.index(b"ANMF") :] * 90_000),
    }


def riff(chunks):
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


KINDS = ["scans", "scans in an MPO file", "scans, fewer but large", "segments", "fill bytes", "EXIF in a JPEG file"]
KINDS += ["EXIF in a PNG file", "EXIF in a WebP file", "chunks", "chunks of pixels", "frames"]


@pytest.mark.parametrize("kind", KINDS)
def test_work_is_bounded(attacks, kind):
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with pytest.raises(ValueError, match="image 0: "):
        decode(attacks[kind])
    assert time.process_time() - started < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


def test_texts_are_left_out():
    """They may inflate to a thousand times what they take, one after the other."""
    data = file(Image.new("L", (20, 20), 7), "PNG")
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(2**20 - 1), 9))
    started = time.process_time()
    assert (decode(data[:33] + text * 5000 + data[33:]).color == 7).all()
    assert time.process_time() - started < 1


def test_usual_files_stay_as_they_are(photo):
    picture = Image.fromarray(photo)
    turned = Image.Exif()
    turned[0x0112], turned[0x010F] = 6, "a camera"
    profile = bytes(range(256)) * 300
    for kind in ("PNG", "JPEG", "WEBP"):
        data = file(
            picture, kind, exif=turned.tobytes(), icc_profile=profile, **({"dpi": (300, 300)} if kind != "WEBP" else {})
        )
        got, whole = decode(data), serving.open_picture(data)
        assert got.size == (451, 300) and np.array_equal(got.color, whole.color)
        assert got.info == whole.info and got.info["icc_profile"] == profile and b"a camera" in got.info["exif"]
    for options in ({"progressive": True}, {"subsampling": 0, "comment": b"a comment"}, {"restart_marker_rows": 1}):
        data = file(picture, "JPEG", **options)
        assert np.array_equal(decode(data).color, serving.open_picture(data).color)
    for mode in ("1", "L", "LA", "P", "RGBA", "I;16"):
        data = file(picture.convert(mode if mode != "I;16" else "I").convert(mode), "PNG")
        assert checked(data) == (data, 1)
    palette = file(picture.quantize(20), "PNG", transparency=3)
    assert checked(palette) == (palette, 1) and decode(palette).alpha is not None
    assert checked(file(picture.convert("CMYK"), "JPEG"))[0] == file(picture.convert("CMYK"), "JPEG")


def test_the_orientation_in_xmp_counts(photo):
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/" tiff:Orientation="6"/>'
    data = file(Image.fromarray(photo), "PNG")
    data = data[:33] + chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet) + data[33:]
    assert decode(data).size == serving.open_picture(data).size == (451, 300)
    data = file(Image.fromarray(photo), "JPEG", xmp=packet)
    assert decode(data).size == serving.open_picture(data).size == (451, 300)


def test_a_camera_s_mpo_file_is_its_first_picture(photo):
    data = file(Image.fromarray(photo), "MPO", save_all=True, append_images=[Image.new("RGB", (40, 40))])
    assert Image.open(io.BytesIO(data)).format == "MPO"
    assert np.array_equal(decode(data).color, serving.open_picture(data).color)


def test_a_photograph_in_five_scans_more_than_usual(photo):
    assert decode(scans(photo, 5, short=False)).size == photo.shape[:2]


def test_damage_is_named(photo):
    for kind in ("PNG", "JPEG", "WEBP"):
        data = file(Image.fromarray(photo), kind)
        for end in (4, 13, 20, 40, len(data) // 2):
            with pytest.raises(ValueError, match="image 0: "):
                decode(data[:end])
