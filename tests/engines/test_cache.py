"""Whose graphs the cache gives, and for what."""

import importlib
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile

import paddle
import pytest
from paddle import nn
from PIL import Image

from paddle_cv.engines import cache, folder, graph_key
from paddle_cv.engines.cache import cached_graph

SHAPES = [(3, None, None)]
posix = pytest.mark.skipif(not hasattr(os, "getuid"), reason="owners and modes of folders are POSIX's")


@pytest.fixture
def home(tmp_path, monkeypatch):
    folder = tmp_path / "home"
    monkeypatch.setenv("PADDLE_CV_HOME", str(folder))
    return folder


def network(seed=1):
    paddle.seed(seed)
    return nn.Sequential(nn.Conv2D(3, 3, 3, padding=1))


def graph(seed=1):
    return cached_graph(network(seed), SHAPES, "paddle")


@posix
def test_the_folder_is_closed_to_others(home):
    folder = graph()
    assert folder.parent.parent == home
    assert folder.parent.stat().st_mode & 0o777 == 0o700


@posix
@pytest.mark.parametrize("whose", ["open to others", "another user's", "a link"])
def test_a_planted_graph_is_not_used(home, whose, caplog, tmp_path):
    """Its checksums are right: whoever can write there can compute them."""
    planted, other = graph(1), graph(2)
    shutil.rmtree(planted)
    shutil.copytree(other, planted)
    folder = planted.parent
    if whose == "open to others":
        folder.chmod(0o777)
    elif whose == "a link":
        folder.rename(tmp_path / "elsewhere")
        folder.symlink_to(tmp_path / "elsewhere")
    elif os.getuid() == 0:
        os.chown(folder, 65534, 65534)
    else:
        pytest.skip("only root can give a folder to another user")
    with caplog.at_level(logging.WARNING, "paddle_cv"):
        used = graph(1)
    assert (used / "model.pdiparams").read_bytes() != (other / "model.pdiparams").read_bytes()
    assert used.parent != folder and "this process only" in caplog.text and str(folder) in caplog.text
    assert graph(1) == used  # and it is not made again


@pytest.mark.parametrize("when", ["before", "within"])
def test_a_cache_that_cannot_be_written(home, monkeypatch, when):
    """A read-only one, or a disk that is full."""
    make, write = tempfile.mkdtemp, cache._WRITERS["paddle"]

    def refused(*arguments, **options):
        if options.get("dir"):
            raise PermissionError(13, "Permission denied", str(options["dir"]))
        return make(*arguments, **options)

    def full(network, shapes, folder):
        write(network, shapes, folder)
        if home in folder.parents:
            raise OSError(28, "No space left on device")

    if when == "before":
        monkeypatch.setattr(tempfile, "mkdtemp", refused)
    else:
        monkeypatch.setitem(cache._WRITERS, "paddle", full)
    folder = graph(when == "before")
    assert (folder / "model.json").is_file() and home not in folder.parents
    assert not any(list(part.iterdir()) for part in home.iterdir())


def test_nothing_is_left_behind_without_a_cache(tmp_path, root):
    (tmp_path / "file").touch()
    (tmp_path / "temporary").mkdir()
    code = (
        "from paddle_cv.engines import make_engine; from paddle_cv.models import build_model\n"
        "make_engine(build_model('espcn_x3'), [(1, None, None)], 'paddle_inference', 'cpu', 1)"
    )
    environment = {**os.environ, "PYTHONPATH": str(root), "TMPDIR": str(tmp_path / "temporary")}
    run = subprocess.run([sys.executable, "-c", code], env={**environment, "PADDLE_CV_HOME": str(tmp_path / "file")})
    assert run.returncode == 0 and list((tmp_path / "temporary").iterdir()) == []


def test_what_killed_processes_left_goes(home):
    folder = graph().parent
    for name, age in ((".export-old", 2 * 86400), (".export-new", 60)):
        (folder / name).mkdir()
        os.utime(folder / name, (os.stat(folder).st_mtime - age,) * 2)
    graph(2)
    assert {path.name for path in folder.glob(".*")} == {".export-new"}


def test_a_list_of_checksums_without_graphs_is_damage(home):
    folder = graph()
    (folder / "checksums.json").write_text("{}")
    (folder / "model.json").unlink()
    assert graph() == folder and (folder / "model.json").is_file()
    assert "model.json" in json.loads((folder / "checksums.json").read_text())


_LAYER = """
from paddle import nn
from PIL import Image
FACTOR = {factor}
def helper(x): return x * FACTOR
class Net(nn.Layer):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2D(3, 3, 1, weight_attr=nn.initializer.Constant(1.0))
    def forward(self, x): return helper(self.conv(x)){more}
"""


def test_other_code_has_another_graph(home, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    file = tmp_path / "somebodys_network.py"
    names = []
    for factor, more in ((2, ""), (3, ""), (2, " + 1"), (2, "")):
        file.write_text(_LAYER.format(factor=factor, more=more))
        module = importlib.import_module("somebodys_network")
        names.append(cached_graph(module.Net(), SHAPES, "paddle").name)
        if factor == 3:  # edited, and not loaded again: it is neither the graph of the one nor of the other
            file.write_text(_LAYER.format(factor=2, more=""))
            names.append(cached_graph(module.Net(), SHAPES, "paddle").name)
        del sys.modules["somebodys_network"]
        importlib.invalidate_caches()
    assert names[0] == names[4] and len(set(names)) == 4


def test_a_forward_that_one_layer_was_given(home):
    def forward(x):
        return x * 2

    changed = network()
    changed.forward = forward
    assert cached_graph(changed, SHAPES, "paddle") != graph()


def test_the_key_holds_the_source_of_networks_and_exporter(tmp_path, monkeypatch):
    package = os.path.dirname(os.path.dirname(folder.__file__))
    for name in ("models", "engines"):
        shutil.copytree(os.path.join(package, name), tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(folder, "__file__", str(tmp_path / "engines" / "folder.py"))
    assert folder.digest_of_sources("models", "engines") == graph_key._OWN_SOURCES
    for name in ("models/layers.py", "engines/shuffles.py", "models/restoration/rdn.py"):
        before = folder.digest_of_sources("models", "engines")
        with open(tmp_path / name, "a") as file:
            file.write("# mended\n")
        assert folder.digest_of_sources("models", "engines") != before


def test_no_home(root, tmp_path):
    """A container's user without a home: Paddle's own tracing wants to write to it."""
    Image.new("RGB", (20, 20)).save(tmp_path / "a.png")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = {key: value for key, value in os.environ.items() if key != "PADDLE_CV_HOME"}
    environment.update(HOME="/dev/null/home", TMPDIR=str(temporary), OMP_NUM_THREADS="1")
    command = [sys.executable, str(root / "tools" / "predict.py"), "espcn_x3", "a.png", "-o", "out"]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "out" / "a.png").is_file() and not list(temporary.glob("paddle_cv*"))
