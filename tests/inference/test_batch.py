import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from paddle_cv.inference import RestorationPredictor, find_pictures, plan_results, restore_files
from paddle_cv.models import build_model, model_spec
from paddle_cv.pictures import open_picture, picture_size


@pytest.fixture(scope="module")
def nearest():
    return RestorationPredictor(
        build_model("nearest_x2"), model_spec("nearest_x2"), engine="dygraph", tile=16, overlap=1
    )


@pytest.fixture
def tree(tmp_path, photo):
    """Pictures in folders, among them names that are not ASCII, and files that are none."""
    image = Image.fromarray(photo[100:120, 200:230])
    for name in ("a.png", "two words/ö.jpg", "two words/deep/猫.tif", "two words/b.gif", ".hidden/c.png", "._d.png"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path)
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    return tmp_path


def _places(found):
    return [place.as_posix() for _, place in found]


def test_folders_and_patterns(tree, monkeypatch):
    monkeypatch.chdir(tree)
    everything = ["a.png", "two words/b.gif", "two words/deep/猫.tif", "two words/ö.jpg"]
    assert _places(find_pictures(["in"])) == everything
    assert _places(find_pictures([tree / "in"])) == everything
    assert _places(find_pictures(["in/**/*"])) == everything
    assert _places(find_pictures(["in/*/*.jpg"])) == ["two words/ö.jpg"]
    assert _places(find_pictures([str(tree / "in" / "two words" / "*.[jg]*")])) == ["b.gif", "ö.jpg"]
    assert _places(find_pictures(["in/a.png", "in", tree / "in" / "a.png"])) == everything  # each once
    assert find_pictures(["none.png", "none/*.png"]) == [
        (Path("none.png"), Path("none.png")),
        (Path("none/*.png"), Path("*.png")),
    ]
    assert find_pictures(["in"], outside="in/two words") == [(Path("in/a.png"), Path("a.png"))]
    assert _places(find_pictures(["in/two words/deep"], outside="in")) == ["猫.tif"]  # the results lie above, or beside
    assert _places(find_pictures(["in"], outside="in")) == everything
    os.mkdir("empty")
    assert find_pictures(["empty"]) == []
    (tree / "[1].png").write_bytes((tree / "in" / "a.png").read_bytes())
    assert find_pictures(["[1].png"]) == [(Path("[1].png"), Path("[1].png"))]  # a file, no pattern


def test_results_have_the_format_of_their_pictures(tree, caplog):
    plan = plan_results(find_pictures([tree / "in"]), "out")
    names = ["a.png", "two words/b.png", "two words/deep/猫.tif", "two words/ö.jpg"]
    assert [target.as_posix() for _, target in plan] == [f"out/{name}" for name in names]
    assert "b.gif: .gif is not written; the result is PNG" in caplog.text
    assert {target.suffix for _, target in plan_results(find_pictures([tree / "in"]), "out", ".webp")} == {".webp"}


def test_bad_files_do_not_stop_the_others(tree, nearest):
    (tree / "in" / "two words" / "cut.jpg").write_bytes((tree / "in" / "two words" / "ö.jpg").read_bytes()[:300])
    (tree / "in" / "text.png").write_text("no picture")
    plan = plan_results(find_pictures([tree / "in", tree / "none.png"]), tree / "out")
    seen = []
    outcomes = list(restore_files(nearest, plan, progress=lambda *call: seen.append(call)))
    assert [(source, target) for source, target, _ in outcomes] == plan
    failed = {source.name: str(error) for source, _, error in outcomes if error}
    assert set(failed) == {"cut.jpg", "text.png", "none.png"} and all(name in text for name, text in failed.items())
    written = {target for _, target, error in outcomes if error is None}
    assert {path for path in (tree / "out").rglob("*") if path.is_file()} == written and len(written) == 4
    assert all(open_picture(target).size == (40, 60) for target in written)
    assert {source.name for source, _, _ in seen} == {"a.png", "b.gif", "猫.tif", "ö.jpg"}
    assert [call[1:] for call in seen if call[0].name == "a.png"] == [(n, 4) for n in range(1, 5)]


def test_nothing_is_overwritten_unasked(tree, nearest):
    source = tree / "in" / "a.png"
    before = source.read_bytes()
    for overwrite in (False, True):
        plan = plan_results(find_pictures([tree / "in"]), tree / "in")
        errors = {source.name: error for source, _, error in restore_files(nearest, plan, overwrite)}
        assert "is an input" in str(errors["a.png"]) and source.read_bytes() == before
    plan = [(source, tree / "out.png")]
    assert list(restore_files(nearest, plan)) == [(*plan[0], None)]
    [(_, _, error)] = restore_files(nearest, plan)
    assert "--overwrite" in str(error)
    assert list(restore_files(nearest, plan, overwrite=True)) == [(*plan[0], None)]
    [_, (_, _, error)] = restore_files(nearest, [*plan, (tree / "in" / "two words" / "b.gif", tree / "out.png")], True)
    assert "result of another input" in str(error)


def test_folders_that_cannot_be_written_to(tree, nearest, monkeypatch):
    """They are named before the work is done."""
    source = tree / "in" / "a.png"
    monkeypatch.setattr(nearest, "compute", None)
    [(_, _, error)] = restore_files(nearest, [(source, source / "new" / "b.png")])
    assert f"{source} is no folder" in str(error)
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # the superuser may write everywhere
    [(_, _, error)] = restore_files(nearest, [(source, tree / "new" / "b.png")])
    assert f"no permission to write to {tree}" in str(error) and not (tree / "new").exists()


def test_an_interrupted_write_leaves_nothing(tree, nearest, monkeypatch):
    def half(image, path, **options):
        Path(path).write_bytes(b"half a file")
        raise KeyboardInterrupt

    monkeypatch.setattr(Image.Image, "save", half)
    with pytest.raises(KeyboardInterrupt):
        nearest.predict_file(tree / "in" / "a.png", tree / "out" / "a.png")
    assert list((tree / "out").iterdir()) == []


def test_sizes_without_decoding(tree):
    import tifffile

    assert picture_size(tree / "in" / "two words" / "ö.jpg") == (20, 30)
    tifffile.imwrite(tree / "f.tif", np.zeros((5, 6, 3), np.float32), photometric="rgb")
    assert picture_size(tree / "f.tif") == (5, 6)
    for name in ("none.png", "in/notes.txt"):
        with pytest.raises(ValueError, match=Path(name).name):
            picture_size(tree / name)
