"""Frames of videos as arrays, without any network. What becomes of sound, colour and time stamps, tests/inference has."""

import numpy as np
import pytest

av = pytest.importorskip("av", reason='needs the extra: pip install "paddle-cv[video]"')

from paddle_cv.pictures.video import (  # noqa: E402
    Frame,
    VideoError,
    VideoReader,
    VideoWriter,
    convert_video,
    video_info,
)


@pytest.fixture
def clip(tmp_path):
    """Eight frames, each a little brighter."""
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt, stream.options = 32, 24, "yuv420p", {"crf": "5"}
        for number in range(8):
            frame = av.VideoFrame.from_ndarray(np.full((24, 32, 3), 40 + 20 * number, np.uint8), "rgb24")
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def levels(path):
    with VideoReader(path) as video:
        return [round(float(color.mean())) for color in video]


def test_frames_are_arrays(clip):
    with VideoReader(clip) as video:
        frames = list(video)
    assert {(frame.shape, frame.dtype) for frame in frames} == {((24, 32, 3), np.dtype(np.uint8))}
    assert levels(clip) == pytest.approx(range(40, 200, 20), abs=2)


def test_a_function_makes_the_frames(clip, tmp_path):
    counted = []
    made = convert_video(clip, tmp_path / "b.mkv", lambda color: 255 - color.repeat(2, axis=1), progress=counted.append)
    assert levels(made) == pytest.approx(range(215, 55, -20), abs=2) and counted == list(range(1, 9))
    info = video_info(made)
    assert (info.height, info.width, info.frames) == (24, 64, 8)


def test_a_writer_takes_what_it_is_given(clip, tmp_path):
    """Every other frame, for example."""
    with VideoReader(clip) as reader, VideoWriter(tmp_path / "b.mp4", reader) as writer:
        for number, frame in enumerate(item for item in reader.items() if isinstance(item, Frame)):
            if number % 2 == 0:
                writer.write(frame.color, frame)
    assert levels(tmp_path / "b.mp4") == pytest.approx(range(40, 200, 40), abs=2)


def test_nothing_is_left_of_what_fails(clip, tmp_path):
    def fail(color):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert_video(clip, tmp_path / "b.mp4", fail)
    clip.write_bytes(clip.read_bytes()[:-200])
    with pytest.raises(VideoError, match="clip.mp4"):
        convert_video(clip, tmp_path / "b.mp4", lambda color: color)
    assert list(tmp_path.iterdir()) == [clip]
