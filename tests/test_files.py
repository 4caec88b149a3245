import os

import pytest

from paddle_cv.files import whole_file


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_appears_when_it_is_whole(tmp_path, durable):
    path = tmp_path / "new" / "a.png"
    with whole_file(path, durable) as temporary:
        temporary.write_text("one")
        assert not path.exists() and temporary.parent == path.parent and temporary.suffix == ".png"
        assert temporary.name.startswith(f".{os.getpid()}-")
    assert path.read_text() == "one" and [path] == list(path.parent.iterdir())


def test_an_exception_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")
    with pytest.raises(KeyboardInterrupt), whole_file(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "before" and [path] == list(tmp_path.iterdir())


def test_names_as_long_as_the_file_system_allows(tmp_path):
    for name in ("a" * 251 + ".png", "a." + "b" * 253):
        with whole_file(tmp_path / name) as temporary:
            temporary.touch()
        assert (tmp_path / name).exists()
