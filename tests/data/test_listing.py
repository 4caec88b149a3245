import importlib.util

import pytest
from PIL import Image

from paddle_cv.data import SuperResolutionPatches, super_resolution_pairs
from paddle_cv.data.listing import is_there, list_pictures, split


def test_photographs_of_scikit_image_lie_in_its_package_and_no_one_is_in_both_parts():
    train, val = list_pictures("scikit-image:train"), list_pictures(["scikit-image:val"])
    assert all(path.is_file() and "skimage" in path.parts for path in (*train, *val))
    assert not set(train) & set(val) and set(list_pictures("scikit-image")) == {*train, *val}
    assert len(train) >= 6 and len(val) >= 3
    assert {name for name, _, _ in super_resolution_pairs("scikit-image:val", 2)} == {"astronaut", "chelsea", "coffee"}


def test_without_scikit_image(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="pip install scikit-image"):
        list_pictures("scikit-image")


def test_folders_and_files_in_their_order(tmp_path):
    for name in ("b/2.png", "b/1.png", "a.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (8, 8)).save(tmp_path / name)
    found = list_pictures([tmp_path / "b", str(tmp_path / "a.png")])
    assert [path.name for path in found] == ["1.png", "2.png", "a.png"]
    assert is_there(tmp_path) and is_there("scikit-image:val") and not is_there(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match="none"):
        list_pictures([tmp_path / "none"])


def test_split_is_always_the_same_and_leaves_something_on_both_sides():
    first, second = split(range(10), 0.2)
    assert sorted(first + second) == list(range(10)) and len(second) == 2
    assert split(range(10), 0.2) == (first, second) and first == sorted(first)
    assert set(second) < set(split(range(10), 0.5)[1])
    assert [len(part) for part in split("ab", 0.01)] == [1, 1] and [len(part) for part in split("ab", 0.99)] == [1, 1]
    assert split("a", 0.5) == (["a"], []) and split("ab", 0) == (["a", "b"], []) and split("", 0.2) == ([], [])


@pytest.mark.parametrize("enlarged", [False, True])
def test_an_epoch_is_as_many_patches_as_the_area_holds(tmp_path, photo, enlarged):
    Image.fromarray(photo[:200, :300]).save(tmp_path / "a.png")
    Image.fromarray(photo[:100, :100]).save(tmp_path / "b.png")
    patches = SuperResolutionPatches(tmp_path, scale=2, patch_size=20, enlarged=enlarged)
    side = 20 if enlarged else 40
    assert patches.epoch_size == len(patches) == 200 * 300 // side**2 + 100 * 100 // side**2
