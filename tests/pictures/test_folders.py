"""Which files of folders are pictures, and what the log says of the others."""

import os

import numpy as np
import pytest
from PIL import Image

from paddle_cv.data import list_images
from paddle_cv.data.classification import read_class_folders
from paddle_cv.inference import find_pictures
from paddle_cv.pictures.folders import is_hidden, pictures_below

IMAGE = Image.fromarray(np.zeros((20, 20, 3), np.uint8))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "elsewhere").mkdir()
    for name in ("in/1.jpg", "in/2.avif", "elsewhere/3.png", "in/4.jp2", "in/5.tga", "in/6.GIF"):
        IMAGE.save(tmp_path / name)
    (tmp_path / "in" / "IMG_0001.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    (tmp_path / "in" / "more").symlink_to("../elsewhere")
    return tmp_path / "in"


def listed(folder):
    return {
        "data": [path.relative_to(folder).as_posix() for path in list_images(folder)],
        "prediction": [place.as_posix() for _, place in find_pictures([folder])],
    }


def test_what_is_left_out_is_counted(folder, caplog):
    for names in listed(folder).values():
        assert names == ["1.jpg", "6.GIF", "more/3.png"]  # linked folders are folders
    left_out = "left out are files whose names are not those of pictures of a kind that is read: 1 .avif, 1 .heic, 1 .jp2, 1 .tga"
    assert caplog.text.count(f"{folder}: {left_out}") == 2
    caplog.clear()
    find_pictures([folder / "*"])
    assert left_out in caplog.text


def test_what_is_hidden_or_of_systems_is_no_data(folder, caplog):
    for name in (".ipynb_checkpoints/1-checkpoint.jpg", "@eaDir/1.jpg", "__MACOSX/1.jpg", "._1.jpg"):
        (folder / name).parent.mkdir(exist_ok=True)
        IMAGE.save(folder / name)
    for name in (".DS_Store", "Thumbs.db", "desktop.ini"):
        (folder / name).touch()
    for names in listed(folder).values():
        assert names == ["1.jpg", "6.GIF", "more/3.png"]
    assert [place.as_posix() for _, place in find_pictures([folder / "**" / "*"])] == ["1.jpg", "6.GIF", "more/3.png"]
    assert caplog.text.count("read: 1 .avif, 1 .heic, 1 .jp2, 1 .tga") == caplog.text.count("left out") == 3
    assert not is_hidden("Thumbs.png") and is_hidden("Thumbs.db")


def test_links_in_circles_and_to_nowhere(folder):
    (folder / "more" / "back").symlink_to("../in")
    (folder / "self").symlink_to(".")
    (folder / "gone.png").symlink_to("nothing.png")
    for names in listed(folder).values():
        assert names == ["1.jpg", "6.GIF", "gone.png", "more/3.png"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_folders_that_cannot_be_read(folder, caplog):
    (folder / "more").chmod(0)
    pictures_below(folder)
    assert "cannot be read" in caplog.text
    (folder / "more").chmod(0o700)


def test_classes(tmp_path, caplog):
    for name in ("cat", "dog", ".ipynb_checkpoints", "__MACOSX"):
        (tmp_path / "train" / name).mkdir(parents=True)
        IMAGE.save(tmp_path / "train" / name / "0.png")
        IMAGE.save(tmp_path / "train" / name / "._0.png")
    IMAGE.save(tmp_path / "train" / "loose.png")
    (tmp_path / "train" / "Thumbs.db").touch()
    found = read_class_folders(tmp_path, train=True)
    assert found.classes == ["cat", "dog"] and len(found) == 2
    assert f"{tmp_path / 'train'}: left out are 1 files beside the folders of classes" in caplog.text
