import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from paddle_cv.data import cut_folder, list_images, read_image
from paddle_cv.data.subimages import starts


@pytest.mark.parametrize(
    "side, size, step, min_rest, wanted",
    [
        (1000, 480, 240, 1, [0, 240, 480, 520]),
        (1000, 480, 240, 41, [0, 240, 480]),
        (1000, 480, 240, 40, [0, 240, 480, 520]),
        (960, 480, 240, 1, [0, 240, 480]),
        (480, 480, 240, 1, [0]),
        (300, 480, 240, 1, [0]),
        (481, 480, 500, 1, [0, 1]),
    ],
)
def test_starts(side, size, step, min_rest, wanted):
    assert starts(side, size, step, min_rest) == wanted


@pytest.fixture
def folder(tmp_path, photo):
    folder = tmp_path / "in"
    (folder / "below").mkdir(parents=True)
    Image.fromarray(photo[:90, :140]).save(folder / "cat.png")
    Image.fromarray(photo[:30, :50, 0]).save(folder / "below" / "grey.bmp")
    # As tt9.png in most copies of T91: the file ends too early.
    Image.fromarray(photo[:90, :140]).save(folder / "tt9.png")
    whole = (folder / "tt9.png").read_bytes()
    (folder / "tt9.png").write_bytes(whole[: len(whole) // 2])
    return folder


@pytest.mark.parametrize("processes", [1, 2])
def test_cutting(folder, tmp_path, photo, processes):
    output = tmp_path / "out"
    pictures, results = cut_folder(folder, output, 64, 32, processes=processes)
    results = dict(zip((picture.name for picture in pictures), results))
    assert results["grey.bmp"] == 1 and results["cat.png"] == 2 * 4
    assert isinstance(results["tt9.png"], ValueError) and "tt9.png" in str(results["tt9.png"])
    written = [path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file()]
    assert sorted(written) == ["below/grey_s001.png", *(f"cat_s00{number}.png" for number in range(1, 9))]
    assert np.array_equal(read_image(output / "below/grey_s001.png"), photo[:30, :50, 0])
    places = [(top, left) for top in (0, 26) for left in (0, 32, 64, 76)]
    for path, (top, left) in zip(list_images(output)[1:], places):
        assert np.array_equal(read_image(path), photo[top : top + 64, left : left + 64])


def test_nothing_is_overwritten_unasked(folder, tmp_path):
    output = tmp_path / "out"
    (folder / "tt9.png").unlink()
    assert list(cut_folder(folder, output, 64, 32, processes=1)[1]) == [1, 8]
    (output / "cat_s008.png").write_bytes(b"mine")
    (output / "cat_s001.png").unlink()
    grey, cat = cut_folder(folder, output, 64, 32, processes=1)[1]
    assert isinstance(grey, FileExistsError) and isinstance(cat, FileExistsError)
    assert (output / "cat_s008.png").read_bytes() == b"mine" and not (output / "cat_s001.png").exists()
    assert list(cut_folder(folder, output, 64, 32, overwrite=True, processes=1)[1]) == [1, 8]
    assert read_image(output / "cat_s008.png").shape == (64, 64, 3)


def test_mistakes(folder, tmp_path, photo):
    with pytest.raises(ValueError, match="lies in"):
        cut_folder(folder, folder / "sub")
    with pytest.raises(ValueError, match="1 or more"):
        cut_folder(folder, tmp_path / "out", step=0)
    with pytest.raises(FileNotFoundError):
        cut_folder(tmp_path / "none", tmp_path / "out")
    Image.fromarray(photo[:20, :20]).save(folder / "cat.jpg")
    with pytest.raises(ValueError, match=r"cat\.jpg.*cat\.png"):
        cut_folder(folder, tmp_path / "out")


def test_deep_grey_pictures_are_reduced_to_eight_bits(tmp_path):
    Image.fromarray(np.full((8, 8), 30000, np.uint16)).save(tmp_path / "deep.png")
    assert (read_image(tmp_path / "deep.png") == round(30000 / 257)).all()


def test_overwriting_leaves_no_stale_pieces(folder, tmp_path):
    output = tmp_path / "out"
    (folder / "tt9.png").unlink(missing_ok=True)
    assert list(cut_folder(folder, output, 32, 32, processes=1)[1]) == [2, 15]
    (output / "notes.txt").touch()
    assert list(cut_folder(folder, output, 64, 64, overwrite=True, processes=1)[1]) == [1, 6]
    assert len(list_images(output)) == 7 and (output / "notes.txt").is_file()


def test_workers_end_with_a_process_that_is_killed(tmp_path, root):
    program = """
import os, sys, time
from concurrent.futures import ProcessPoolExecutor
from paddle_cv.data.workers import end_with_parent
with ProcessPoolExecutor(1, initializer=end_with_parent, initargs=(int(sys.argv[1]) or os.getpid(),)) as pool:
    print(pool.submit(os.getpid).result(), flush=True)
    time.sleep(60)
"""
    environment = {**os.environ, "PYTHONPATH": str(root)}
    process = subprocess.Popen([sys.executable, "-c", program, "0"], stdout=subprocess.PIPE, text=True, env=environment)
    worker = int(process.stdout.readline())
    process.kill()
    process.wait()
    deadline = time.monotonic() + 20
    while Path(f"/proc/{worker}").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not Path(f"/proc/{worker}").exists()
    # A parent that is dead before its child has asked for it.
    result = subprocess.run([sys.executable, "-c", program, "999999"], capture_output=True, text=True, env=environment)
    assert "BrokenProcessPool" in result.stderr
