"""Fetching files: what breaks is resumed, what is wrong never stays."""

import hashlib
import os
import signal
import subprocess
import sys
import time

import pytest

from paddle_cv import downloads
from paddle_cv.downloads import DownloadError, download

from .file_server import CONTENT, FileServer

SHA256 = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(downloads, "_PAUSE", 0.01)
    # Less than the server sends before it breaks off, so that something has been written.
    monkeypatch.setattr(downloads, "_BLOCK", 10_000)
    with FileServer() as server:
        yield server


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("way, requests", [("good", 1), ("resume", 3), ("once", 2), ("busy", 3)])
def test_what_breaks_goes_on(server, tmp_path, way, requests):
    download(f"{server.url}/{way}/file.zip", tmp_path / "new" / "file.zip", SHA256)
    assert (tmp_path / "new" / "file.zip").read_bytes() == CONTENT
    assert names(tmp_path / "new") == ["file.zip"] and server.count == requests
    starts = [int(asked[6:-1]) for asked in server.ranges if asked]
    assert starts == sorted(set(starts)) and len(starts) == (requests - 1 if way in ("resume", "once") else 0)


def test_a_later_call_goes_on_where_an_earlier_one_stopped(server, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "_ATTEMPTS", 1)
    for attempt in (1, 2):
        with pytest.raises(DownloadError):
            download(f"{server.url}/resume/file.zip", tmp_path / "file.zip")
        have = (tmp_path / ".file.zip.part").stat().st_size
        assert 0 < have <= 100_000 * attempt
    download(f"{server.url}/resume/file.zip", tmp_path / "file.zip")
    assert (tmp_path / "file.zip").read_bytes() == CONTENT and names(tmp_path) == ["file.zip"]
    assert server.ranges[-1] == f"bytes={have}-"


def test_another_version_on_the_server_starts_anew(server, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "_ATTEMPTS", 1)
    with pytest.raises(DownloadError):
        download(f"{server.url}/once/file.zip", tmp_path / "file.zip")
    server.version, server.content["file.zip"] = '"2"', CONTENT[::-1]
    download(f"{server.url}/once/file.zip", tmp_path / "file.zip")
    assert (tmp_path / "file.zip").read_bytes() == CONTENT[::-1]


def test_servers_that_do_not_say_which_version_they_have_start_anew(server, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "_ATTEMPTS", 1)
    with pytest.raises(DownloadError):
        download(f"{server.url}/gone/file.zip", tmp_path / "file.zip")
    download(f"{server.url}/good/file.zip", tmp_path / "file.zip", SHA256)
    assert server.ranges == [None, None]


def test_a_part_that_is_too_long_starts_anew(server, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "_ATTEMPTS", 1)
    with pytest.raises(DownloadError):
        download(f"{server.url}/once/file.zip", tmp_path / "file.zip")
    with open(tmp_path / ".file.zip.part", "ab") as part:
        part.write(CONTENT)
    monkeypatch.undo()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    download(f"{server.url}/once/file.zip", tmp_path / "file.zip", SHA256)
    assert (tmp_path / "file.zip").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "way, message",
    [("truncated", "299000 of 300000"), ("missing", "404"), ("good", "their SHA256 is"), ("silent", "timed")],
)
def test_what_is_wrong_does_not_get_the_name(server, tmp_path, way, message):
    (tmp_path / "file.zip").write_text("of before")
    digest = "sha256:" + "0" * 64 if way == "good" else SHA256
    with pytest.raises(DownloadError, match=message):
        download(f"{server.url}/{way}/file.zip", tmp_path / "file.zip", digest, timeout=0.3 if way == "silent" else 30)
    assert (tmp_path / "file.zip").read_text() == "of before"
    if way in ("missing", "good"):  # nothing that could be gone on from
        assert names(tmp_path) == ["file.zip"]


@pytest.mark.skipif(os.name == "nt", reason="sends SIGKILL")
def test_a_killed_process_leaves_what_it_had(server, tmp_path, root):
    code = (
        "import sys; from paddle_cv import downloads; downloads._BLOCK = 100\n"
        "downloads.download(sys.argv[1], sys.argv[2])"
    )
    url, path = f"{server.url}/silent/file.zip", tmp_path / "file.zip"
    process = subprocess.Popen(
        [sys.executable, "-c", code, url, str(path)], env={**os.environ, "PYTHONPATH": str(root)}
    )
    part = tmp_path / ".file.zip.part"
    for _ in range(600):
        if part.exists() and part.stat().st_size:
            break
        time.sleep(0.1)
    # While it is busy with the part, another one does not touch that.
    download(f"{server.url}/good/file.zip", path, SHA256)
    assert path.read_bytes() == CONTENT and part.exists()
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    download(f"{server.url}/good/file.zip", path, SHA256)
    assert path.read_bytes() == CONTENT and names(tmp_path) == ["file.zip"]


def test_folders_that_cannot_be_made(server, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DownloadError, match="file"):
        download(f"{server.url}/good/file.zip", tmp_path / "file" / "file.zip")
    assert server.count == 0
