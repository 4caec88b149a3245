"""What `hub run` does with folders, without the program around it."""

import logging
import weakref

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("paddlehub", reason="paddlehub is not installed (pip install .[hub])")

from paddle_cv.hub import restoration  # noqa: E402

pytestmark = pytest.mark.hub


@pytest.fixture(scope="module")
def module(root):
    from paddlehub.module.module import Module

    return Module.load(str(root / "hub_modules" / "fsrcnn_x2"))()


@pytest.fixture
def folder(tmp_path):
    for number in range(6):
        Image.new("RGB", (20, 10), (40 * number, 0, 0)).save(tmp_path / f"{number}.png")
    return tmp_path


def test_no_result_is_kept_that_is_on_disk(module, folder, monkeypatch):
    seen, alive = [], []

    def save(picture, path):
        seen.append(weakref.ref(picture.color))
        alive.append(sum(reference() is not None for reference in seen))
        return restoration_save(picture, path)

    restoration_save = restoration.save_picture
    monkeypatch.setattr(restoration, "save_picture", save)
    written = module.run_cmd(["--input_path", str(folder), "--output_dir", str(folder / "out")])
    assert len(seen) == 6 and max(alive) <= 2
    assert list(written) == [str(folder / f"{number}.png") for number in range(6)]
    for number, path in enumerate(written.values()):
        result = np.asarray(Image.open(path))
        assert result.shape == (20, 40, 3) and abs(int(result[10, 20, 0]) - 40 * number) < 5


def test_other_people_s_files_are_left_out_and_counted(module, folder, caplog, capsys):
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._0.png"):
        (folder / name).write_bytes(b"no picture")
    (folder / "a folder.png").mkdir()
    with caplog.at_level(logging.INFO, "paddle_cv"):
        written = module.run_cmd(["--input_path", str(folder), "--output_dir", str(folder / "out")])
    assert len(written) == 6 and "4 files are no pictures and left out" in caplog.text
    # What is named is tried, whatever its name.
    with pytest.raises(SystemExit) as end:
        module.run_cmd(["--input_path", str(folder / "Thumbs.db"), "--output_dir", str(folder / "out")])
    assert end.value.code == 1 and "Thumbs.db: this is no picture" in capsys.readouterr().err


def test_a_bad_picture_is_reported_and_the_others_are_written(module, folder, capsys):
    (folder / "3.png").write_text("no picture")
    with pytest.raises(SystemExit) as end:
        module.run_cmd(["--input_path", str(folder), "--output_dir", str(folder / "out")])
    output = capsys.readouterr()
    assert end.value.code == 1 and "1 of 6 pictures failed" in output.err and "3.png: this is no picture" in output.err
    assert {path.name for path in (folder / "out").iterdir()} == {f"{number}.png" for number in (0, 1, 2, 4, 5)}
    assert "0.png" in output.out and "3.png" not in output.out


def test_a_folder_without_pictures(module, tmp_path):
    (tmp_path / "notes.txt").write_text("none")
    with pytest.raises(SystemExit, match="there is no picture in"):
        module.run_cmd(["--input_path", str(tmp_path)])
