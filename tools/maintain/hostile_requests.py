"""Requests that a server of modules should survive; tools/maintain/stress.py sends them."""

import base64
import io
import json
import socket
import struct
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Union

import numpy as np
from PIL import Image

__all__ = ["Hostile", "as_file", "hostile_kinds", "large_request"]

#: What a client does with its connection.
Talk = Callable[[socket.socket], None]


@dataclass
class Hostile:
    """A kind of request.

    Attributes:
        make: Draws a request: the bytes to send, or a function that uses the connection itself.
        answers: How it may be answered: HTTP status and PaddleHub's, "closed", or "gone" where the client does not wait.
    """

    make: Callable[[Random], Union[bytes, Talk]]
    answers: tuple[str, ...]


def hostile_kinds(path: str, file: bytes, body_mib: int, transfer: float) -> dict[str, Hostile]:
    """All kinds by name.

    Args:
        path: Of a module that the server has.
        file: A small picture that it takes, a PNG file.
        body_mib: The server's limit of a body.
        transfer: The server's time limit for sending and fetching.
    """
    refused, done = ("200/101",), ("200/000",)
    good = json.dumps({"images": [base64.b64encode(file).decode()]}).encode()
    picture = Image.open(io.BytesIO(file))
    formats = [file, as_file(picture.convert("RGB"), "JPEG"), as_file(picture, "WEBP")]
    scans, text = endless_scans(), text_bomb(file)

    def post(value) -> bytes:
        return request(path, json.dumps(value).encode())

    def post_file(data: bytes) -> bytes:
        return post({"images": [base64.b64encode(data).decode()]})

    def damaged(draw: Random) -> bytes:
        data = bytearray(draw.choice(formats))
        for _ in range(draw.randrange(1, 20)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        return post_file(bytes(data))

    def huge(draw: Random) -> bytes:
        body = bytes(draw.randrange(body_mib * 2**20 + 1, 4 * body_mib * 2**20))
        if draw.random() < 0.5:
            return request(path, body)
        return request(path, chunked(body), Content_Length=None, Transfer_Encoding="chunked")

    def not_fetched(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(request(path, large_request()))
        time.sleep(2 * transfer)
        connection.close()

    def gone(connection: socket.socket) -> None:
        connection.sendall(request(path, good))
        connection.close()

    return {
        "good": Hostile(lambda draw: request(path, good), done),
        # No JSON, or not what the schema has.
        "truncated JSON": Hostile(lambda draw: request(path, cut(good, draw)), ("400/101",)),
        "no JSON": Hostile(lambda draw: request(path, draw.randbytes(draw.randrange(2000))), ("400/101",)),
        "nested": Hostile(
            lambda draw: request(path, draw.choice([b"[", b'{"a":', b'{"images":[']) * draw.randrange(101, 60_000)),
            ("400/101",),
        ),
        "many small values": Hostile(lambda draw: request(path, b"[" + b"[]," * 200_000 + b"1]"), ("400/101",)),
        "no object": Hostile(lambda draw: post(draw.choice([[], 1, None, "a", True, [good.decode()]])), refused),
        "wrong type of images": Hostile(lambda draw: post({"images": draw.choice(NO_IMAGES)}), refused),
        "too many images": Hostile(lambda draw: post({"images": ["AAAA"] * draw.randrange(9, 80)}), refused),
        "unknown key": Hostile(
            lambda draw: post({"images": ["AAAA"], draw.choice(KEYS): draw.choice(NO_IMAGES)}), refused
        ),
        # No picture.
        "truncated base64": Hostile(
            lambda draw: post({"images": [cut(base64.b64encode(file), draw).decode()]}), refused
        ),
        "truncated picture": Hostile(lambda draw: post_file(cut(draw.choice(formats), draw)), refused),
        "damaged picture": Hostile(damaged, refused + done),
        "other format": Hostile(
            lambda draw: post_file(as_file(Image.new("L", (9, 9)), draw.choice(["BMP", "GIF", "ICO", "PPM", "TIFF"]))),
            refused,
        ),
        "claims to be huge": Hostile(
            lambda draw: post_file(empty_png(draw.randrange(2001, 2**31), draw.randrange(2000, 2**31))), refused
        ),
        "bomb in a text": Hostile(lambda draw: post_file(text), refused + done),
        "endless scans": Hostile(lambda draw: post_file(draw.choice([scans, as_mpo(scans)])), refused),
        "metadata that grows": Hostile(
            lambda draw: post_file(segments(formats[1], 0xE1, b"Exif\0\0" + overlapping_exif())), refused
        ),
        "many segments": Hostile(
            lambda draw: post_file(segments(formats[1], 0xFE, b"", draw.randrange(10_001, 150_000))), refused
        ),
        # Wrong use of HTTP.
        "huge body": Hostile(huge, ("413/101",)),
        # The limit holds for headers that are not complete yet, and 256 KiB may come in one piece.
        "huge header": Hostile(
            lambda draw: request(path, good, X="a" * draw.randrange(400_000, 800_000)), ("400", "closed")
        ),
        "many headers": Hostile(
            lambda draw: request(path, good).replace(
                b"\r\n\r\n", b"\r\n" + b"a:\r\n" * draw.randrange(10_000, 60_000) + b"\r\n"
            ),
            ("400", "closed"),
        ),
        "tiny chunks": Hostile(
            lambda draw: request(path, b"1\r\na\r\n" * 100_000, Content_Length=None, Transfer_Encoding="chunked"),
            ("400", "closed"),
        ),
        "wrong Host": Hostile(
            lambda draw: request(
                path, good, Host=draw.choice(["evil.example", "localhost.evil.example:80", "a b", ""])
            ),
            ("421/101", "400"),
        ),
        "wrong Content-Type": Hostile(
            lambda draw: request(
                path, good, Content_Type=draw.choice([None, "text/plain", "multipart/form-data", "json"])
            ),
            ("415/112",),
        ),
        "wrong Content-Length": Hostile(
            lambda draw: request(path, good, Content_Length=draw.choice(["-1", "1e3", "9" * 30, "0x10", "", "5, 6"])),
            ("400", "closed"),
        ),
        "wrong method": Hostile(
            lambda draw: request(path, b"", draw.choice(["GET", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"])),
            ("405/101",),
        ),
        "wrong path": Hostile(lambda draw: request(draw.choice(PATHS), good), ("404/101", "200/111")),
        "no HTTP": Hostile(lambda draw: b"\x16\x03\x01" + draw.randbytes(200) + b"\r\n\r\n", ("400", "closed")),
        # Clients that are slow, or do not stay.
        "slow body": Hostile(lambda draw: drip(request(path, good), at=len(request(path, good)) - 300), ("408/101",)),
        "slow header": Hostile(lambda draw: drip(request(path, good), at=0), ("closed",)),
        "half a request": Hostile(lambda draw: cut(request(path, good), draw), ("408/101", "closed")),
        "silence": Hostile(lambda draw: b"", ("closed",)),
        "reply not fetched": Hostile(lambda draw: not_fetched, ("gone",)),
        "gone at once": Hostile(lambda draw: gone, ("gone",)),
    }


NO_IMAGES = [None, True, -1, 1e308, 10**30, "", "/etc/passwd", "猫", "\ud800", {}, {"a": []}, []]
NO_IMAGES += [[[]], [None], [1], [""], [["a"]], ["\ud800"], ["data:image/png;base64,AAAA"]]
KEYS = ["paths", "self", "use_gpu", "output_dir", "visualization", "__class__", "\ud800", "k" * 10_000, ""]
PATHS = [
    "/predict",
    "/predict/",
    "/predict/nothing",
    "/predict/a/b",
    "/predict/..",
    "/predict/%2e%2e%2fetc",
    "/gradio/rdn_x4",
]
PATHS += ["/../etc/passwd", "*", "//", "/%00", "/%ff", "/" + "a" * 5000]


def request(path: str, body: bytes, method: str = "POST", **headers) -> bytes:
    """As it goes over the wire; None leaves a header out."""
    headers = {"Host": "127.0.0.1", "Content_Type": "application/json", "Content_Length": len(body), **headers}
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items() if value is not None]
    return f"{method} {path} HTTP/1.1\r\n{''.join(lines)}\r\n".encode("latin-1") + body


def large_request() -> bytes:
    """The body of a good request, whose reply does not fit into the buffers of the operating system."""
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (160, 160, 3), np.uint8))
    return json.dumps({"images": [base64.b64encode(as_file(noise)).decode()] * 4}).encode()


def chunked(body: bytes) -> bytes:
    parts = [body[start : start + 65536] for start in range(0, len(body), 65536)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in [*parts, b""])


def cut(data: bytes, draw: Random) -> bytes:
    """Not only of the last bytes: decoders do without them."""
    return data[: draw.randrange(1, len(data) * 9 // 10)]


def drip(data: bytes, at: int, pause: float = 0.1) -> Talk:
    """Sends the bytes up to `at` at once, and the others one by one until the server has had enough."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(data[:at])
        for byte in data[at:]:
            connection.sendall(bytes([byte]))
            time.sleep(pause)

    return talk


def as_file(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def empty_png(width: int, height: int) -> bytes:
    """A header that claims this size, and nothing behind it."""
    return b"\x89PNG\r\n\x1a\n" + png_chunk(
        b"IHDR", width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\0\0\0\0"
    )


def text_bomb(file: bytes) -> bytes:
    """A PNG file with a text of 100 MiB, which take 100 KiB."""
    text = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(100 * 2**20), 9))
    return file[:33] + text + file[33:]


def segments(jpeg: bytes, marker: int, content: bytes, count: int = 1) -> bytes:
    """With so many segments more."""
    return jpeg[:2] + (bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content) * count + jpeg[2:]


def as_mpo(jpeg: bytes) -> bytes:
    """With the header by which Pillow calls a file MPO and not JPEG."""
    tags = [(0xB000, 7, 4, int.from_bytes(b"0100", "little")), (0xB001, 4, 1, 2), (0xB002, 7, 32, 50)]
    listed = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    entries = 2 * struct.pack("<IIIHH", 0x030000, len(jpeg), 0, 0, 0)
    return segments(jpeg, 0xE2, b"MPF\0II*\0" + struct.pack("<IH", 8, 3) + listed + bytes(4) + entries)


def overlapping_exif(count: int = 5000, length: int = 65_000) -> bytes:
    """Each of many tags has all of the data for its value: 300 MB of 64 KB."""
    tags = b"".join(struct.pack("<HHII", 40_000 + number, 7, length - 8, 8) for number in range(count))
    return (b"II*\0" + struct.pack("<IH", 8, count) + tags).ljust(length, b"\0")


def endless_scans() -> bytes:
    """A progressive JPEG file that repeats its last scan 20,000 times: most of a minute to decode."""
    start, _, last = as_file(Image.new("L", (1000, 1000)), "JPEG", progressive=True)[:-2].rpartition(b"\xff\xda")
    return start + 20_000 * (b"\xff\xda" + last) + b"\xff\xd9"
