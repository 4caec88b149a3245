"""Fetching data sets, from a server on this machine."""

import hashlib
import io
import json
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from paddle_cv import downloads
from paddle_cv.data import collect as module
from paddle_cv.data.classification import read_class_folders, read_mnist
from paddle_cv.data.collect import DataError, collect, is_complete
from paddle_cv.data.files import list_images
from paddle_cv.data.sources import DATA_SETS, DataSet, File, data_folder, hint

from ..file_server import FileServer


def png(value=0) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (8, 8), value).save(buffer, "PNG")
    return buffer.getvalue()


def zipped(*names, content=None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, content or png())
    return buffer.getvalue()


def tarred(*names, links=()) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = len(png())
            archive.addfile(entry, io.BytesIO(png()))
        for name, target in links:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)
    return buffer.getvalue()


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("PADDLE_CV_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PADDLE_CV_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(downloads, "_PAUSE", 0.01)
    monkeypatch.setattr(module, "_AI_STUDIO", (str(tmp_path / "aistudio"),))
    with FileServer() as server:
        yield server


@pytest.fixture
def made(server, monkeypatch):
    """Makes a data set of one archive known, which the server has."""

    def make(content, way="good", name="set.zip", digest="", count=2, **options) -> DataSet:
        server.content[name] = content
        takes = options.pop("takes", {"*/inner/*.png": "sr_train/Own"})
        file = File((f"{server.url}/{way}/{name}",), takes, digest, len(content), **options)
        own = DataSet("Own-1", "pictures", "none", (file,), {"sr_train/Own": count})
        monkeypatch.setitem(DATA_SETS, "Own-1", own)
        return own

    return make


PICTURES = (
    "top/inner/a.png",
    "top/inner/deep/b.png",
    "top/other/c.png",
    "top/inner/text.txt",
    "__MACOSX/inner/._a.png",
)


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_pictures_get_into_their_folder(made, server, tmp_path, pack):
    own = made(pack(*PICTURES))
    said = []
    assert collect("own-1", say=said.append) == [tmp_path / "data" / "sr_train" / "Own"]
    files = sorted(path.relative_to(tmp_path / "data").as_posix() for path in (tmp_path / "data").rglob("*.*"))
    assert files == ["sources.json", "sr_train/Own/a.png", "sr_train/Own/deep/b.png"]
    assert is_complete(own) and own.files[0].urls[0] in said[0]
    assert not list((tmp_path / "home").rglob("*.zip"))  # the archive is needed no more
    collect("Own-1", say=said.append)
    assert server.count == 1 and len(said) == 1


def test_left_out_and_plain_files(made, tmp_path):
    made(zipped(*PICTURES, "inner/tt9.png"), leaves=("*tt9.*",))
    collect("Own-1")
    assert len(list((tmp_path / "data").rglob("*.png"))) == 2
    made(png(7), name="one.png", takes={"": "sr_train/Own"}, count=1)
    (tmp_path / "data" / "sr_train").rename(tmp_path / "before")
    collect("Own-1")
    assert (tmp_path / "data" / "sr_train" / "Own" / "one.png").read_bytes() == png(7)


def test_a_broken_connection_is_resumed(made, server, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "_BLOCK", 10_000)
    big = np.random.RandomState(0).bytes(200_000)
    made(zipped("inner/a.png", "inner/b.png", content=big), way="once")
    collect("Own-1")
    assert (tmp_path / "data/sr_train/Own/a.png").read_bytes() == big
    assert server.ranges[0] is None and server.ranges[1].startswith("bytes=")


def test_a_wrong_file_is_refused(made, server, tmp_path):
    made(zipped(*PICTURES), digest="sha256:" + "0" * 64)
    with pytest.raises(DataError, match="not the published file"):
        collect("Own-1")
    assert not (tmp_path / "data" / "sr_train").exists()
    content = zipped(*PICTURES)
    made(content, digest="md5:" + hashlib.md5(content).hexdigest())
    collect("Own-1")


def test_the_first_file_is_trusted_and_no_other(made, server, tmp_path):
    first = zipped(*PICTURES)
    own = made(first)
    collect("Own-1")
    record = json.loads((tmp_path / "data" / "sources.json").read_text())
    assert record == {"set.zip": {"url": own.files[0].urls[0], "sha256": hashlib.sha256(first).hexdigest()}}
    (tmp_path / "data/sr_train/Own/a.png").unlink()
    server.content["set.zip"] = zipped(*PICTURES, content=png(1))
    with pytest.raises(DataError, match="is not the file that it was.*sources.json"):
        collect("Own-1")
    (tmp_path / "data" / "sources.json").unlink()
    collect("Own-1")
    assert (tmp_path / "data/sr_train/Own/a.png").read_bytes() == png(1)


def test_offline_it_says_where_a_file_may_be_put(made, server, tmp_path):
    own = made(zipped(*PICTURES), way="missing")
    by_hand = tmp_path / "data" / "set.zip"
    with pytest.raises(DataError) as caught:
        collect("Own-1")
    assert (
        own.files[0].urls[0] in str(caught.value) and "404" in str(caught.value) and str(by_hand) in str(caught.value)
    )
    by_hand.write_bytes(zipped(*PICTURES))
    collect("Own-1")
    assert is_complete(own) and by_hand.exists()  # it belongs to the user


def test_a_second_address_is_tried(made, server):
    own = made(zipped(*PICTURES))
    file = replace(own.files[0], urls=(f"{server.url}/missing/set.zip", f"{server.url}/good/set.zip"))
    DATA_SETS["Own-1"] = replace(own, files=(file,))
    collect("Own-1")
    assert server.count == 2


@pytest.mark.parametrize("name", ["set.zip", "Own-1.tar.gz"])
def test_ai_studios_folders_are_looked_into(made, server, tmp_path, name):
    folder = tmp_path / "aistudio" / "data12345"
    folder.mkdir(parents=True)
    own = made(zipped(*PICTURES))
    (folder / name).write_bytes(zipped(*PICTURES) if name.endswith("zip") else tarred(*PICTURES))
    collect("Own-1")
    assert is_complete(own) and server.count == 0


@pytest.mark.parametrize(
    "content",
    [
        zipped(*PICTURES, "../../inner/evil.png"),
        zipped(*PICTURES, "/inner/evil.png"),
        zipped(*PICTURES, "top/inner/../../evil.png"),
        tarred(*PICTURES, "../inner/evil.png"),
        tarred(*PICTURES, "C:/inner/evil.png"),
        tarred(*PICTURES, links=[("top/inner/evil.png", "/etc/passwd")]),
    ],
)
def test_archives_that_lead_out_of_their_folder_are_refused(made, tmp_path, content):
    made(content)
    with pytest.raises(DataError, match="leads out of its folder|is no file but a link"):
        collect("Own-1")
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all(path.name in ("set.zip", "sources.json") for path in left), left


def test_damaged_archives_and_those_of_something_else(made, tmp_path):
    made(zipped(*PICTURES)[:-40])
    with pytest.raises(DataError, match="cannot unpack"):
        collect("Own-1")
    (tmp_path / "home" / "data" / "set.zip").unlink()
    (tmp_path / "data" / "sources.json").unlink()
    made(zipped("inner/a.png"), count=5)
    with pytest.raises(DataError, match="brought 1 files for sr_train/Own, where 5 are expected"):
        collect("Own-1")
    assert not (tmp_path / "data" / "sr_train").exists()


def test_flowers_are_sorted_by_class(server, tmp_path, monkeypatch):
    io_ = pytest.importorskip("scipy.io")
    for name, values in {
        "imagelabels.mat": {"labels": [[2, 1, 1]]},
        "setid.mat": {"trnid": [[1]], "valid": [[2]], "tstid": [[3]]},
    }.items():
        buffer = io.BytesIO()
        io_.savemat(buffer, values)
        server.content[name] = buffer.getvalue()
    server.content["102flowers.tgz"] = tarred(*(f"jpg/image_{number:05}.jpg" for number in (1, 2, 3)))
    flowers = DATA_SETS["Flowers-102"]
    files = [replace(file, urls=(f"{server.url}/good/{file.name}",), digest="") for file in flowers.files]
    holds = {folder: 1 for folder in flowers.holds}
    monkeypatch.setitem(DATA_SETS, "Flowers-102", replace(flowers, files=tuple(files), holds=holds))
    collect("flowers-102")
    found = sorted(path.relative_to(tmp_path / "data").as_posix() for path in (tmp_path / "data").rglob("*.jpg"))
    assert found == [
        "flowers102/test/001/image_00003.jpg",
        "flowers102/train/002/image_00001.jpg",
        "flowers102/val/001/image_00002.jpg",
    ]


def test_names(server):
    with pytest.raises(ValueError, match="did you mean Set14"):
        collect("set 14")
    with pytest.raises(ValueError, match="there are T91, General-100"):
        collect("imagenet")


def test_the_table_is_consistent():
    for name, data_set in DATA_SETS.items():
        assert data_set.name == name and data_set.files and data_set.holds
        for file in data_set.files:
            assert file.bytes and file.takes and all(url.startswith(("http://", "https://")) for url in file.urls)
            assert not file.digest or len(file.digest.partition(":")[2]) in (32, 64)
            assert all(pattern == "" or pattern.startswith("*/") for pattern in file.takes)


def test_hashes_are_those_of_paddle():
    from paddle.vision import datasets

    digests = {file.name: (file.urls, file.digest) for data_set in DATA_SETS.values() for file in data_set.files}
    mnist = datasets.MNIST
    for kind in ("TRAIN_IMAGE", "TRAIN_LABEL", "TEST_IMAGE", "TEST_LABEL"):
        url, md5 = getattr(mnist, f"{kind}_URL"), getattr(mnist, f"{kind}_MD5")
        assert digests[url.rpartition("/")[2]] == ((url,), f"md5:{md5}")
    for place, keys in (("flowers", ("DATA", "LABEL", "SETID")), ("voc2012", ("VOC",))):
        theirs = sys.modules[f"paddle.vision.datasets.{place}"]
        for key in keys:
            url, md5 = getattr(theirs, f"{key}_URL"), getattr(theirs, f"{key}_MD5")
            assert digests[url.rpartition("/")[2]] == ((url,), f"md5:{md5}")


@pytest.mark.parametrize(
    "path, name",
    [
        ("data/sr_train/T91", "T91"),
        ("/home/me/sets/sr_train/BSDS400", "BSDS500"),
        ("data/sr_test/Set5/HR", "Set5"),
        ("data/sr_test/Set5", "Set5"),
        ("data/sr_test/BSD100/HR", "BSDS500"),
        ("data/hymenoptera/train", "ants_bees"),
        ("data/mnist/train-images-idx3-ubyte.gz", "MNIST"),
        ("data/DIV2K/DIV2K_train_LR_bicubic/X4", "DIV2K_bicubic_x4"),
        ("data/DIV2K/DIV2K_train_HR", "DIV2K"),
        ("data/denoise_test/Set12", "Set12"),
        ("data/flowers102", "Flowers-102"),
        ("data/sr_train", None),
        ("my_photos", None),
    ],
)
def test_what_is_missing_can_be_fetched(path, name):
    assert hint(path) == (f"; paddle-cv data get {name} fetches it" if name else "")


def test_errors_say_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="paddle-cv data get T91"):
        list_images(tmp_path / "sr_train" / "T91")
    with pytest.raises(FileNotFoundError, match="paddle-cv data get ants_bees"):
        read_class_folders(tmp_path / "hymenoptera", train=True)
    with pytest.raises(FileNotFoundError, match="paddle-cv data get MNIST"):
        read_mnist(tmp_path / "mnist", train=True)


def test_the_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("PADDLE_CV_DATA", raising=False)
    assert data_folder().as_posix() == "data"
    monkeypatch.setenv("PADDLE_CV_DATA", str(tmp_path))
    assert data_folder() == tmp_path


def test_the_command(tmp_path, root):
    def call(*arguments, code=0):
        command = [sys.executable, "-m", "paddle_cv", "data", "--folder", str(tmp_path), *arguments]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    digits = tmp_path / "mnist"
    digits.mkdir()
    for number in range(4):
        (digits / f"{number}.gz").touch()
    listed = call("list")
    assert all(name in listed for name in DATA_SETS) and f"The folder is {tmp_path}" in listed
    assert [line.split()[1] for line in listed.splitlines() if line.startswith("MNIST")] == ["here"]
    assert call("get", "mnist").strip() == str(digits)
    assert "did you mean Set5?" in call("get", "Set-5", code=2)


def test_the_document_has_all_of_them(root):
    from tools.maintain.data_table import table

    assert table() in (root / "docs" / "data.md").read_text(encoding="utf-8")
