"""Videos: frames, time stamps, colour, sound, and what is refused. The clips are made here."""

import json
import os
import signal
import struct
import subprocess
import sys
import time
from fractions import Fraction

import numpy as np
import pytest

from paddle_cv.inference import (
    Chain,
    RestorationPredictor,
    VideoError,
    find_pictures,
    plan_results,
    restore_files,
    restore_video,
    video_info,
)
from paddle_cv.metrics import psnr
from paddle_cv.models import build_model, model_spec

av = pytest.importorskip("av", reason='needs the extra: pip install "paddle-cv[video]"')

TICK = Fraction(1, 600)
CONVERSION = 4 | 1 << 13 | 1 << 14 | 1 << 18  # bicubic, colour at every pixel, exact
MATRICES = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114)}  # FFmpeg's numbers: weights of red and blue


def pattern(number, size=(64, 48)):
    """A moving pattern of smooth colours, (H, W, 3) uint8."""
    y, x = np.mgrid[: size[1], : size[0]]
    waves = (np.sin((x + 3 * number) / 9), np.sin((y + 2 * number) / 7), np.sin((x + y + number) / 11))
    return np.stack([128 + 100 * wave for wave in waves], axis=-1).astype(np.uint8)


def make_clip(
    path,
    frames=8,
    size=(64, 48),
    stamps=None,
    sound="aac",
    codec="libx264",
    pix_fmt="yuv420p",
    matrix=5,
    color_range=1,
    tagged=True,
    picture=pattern,
    metadata=None,
):
    """Writes a clip with a tone; `stamps` count 600ths of a second."""
    stamps = stamps or [24 * number for number in range(frames)]
    with av.open(str(path), "w") as writer:
        writer.metadata.update(metadata or {})
        video = writer.add_stream(codec, rate=25)
        video.width, video.height, video.pix_fmt = *size, pix_fmt
        video.codec_context.time_base = TICK
        if tagged:
            context = video.codec_context
            context.colorspace, context.color_range = matrix, color_range
            context.color_primaries, context.color_trc = 9, 16  # BT.2020 and PQ: nothing here changes them
        audio = writer.add_stream(sound, rate=48000, layout="mono") if sound else None
        for number, stamp in enumerate(stamps):
            frame = av.VideoFrame.from_ndarray(picture(number, size), "rgb24")
            frame.colorspace = matrix
            frame = frame.reformat(format=pix_fmt, dst_color_range=color_range)
            frame.pts, frame.time_base = stamp, TICK
            writer.mux(video.encode(frame))
        writer.mux(video.encode(None))
        if audio:
            wave = np.sin(2 * np.pi * 440 * np.arange(80 * stamps[-1] + 2048) / 48000) * 0.3
            size = audio.codec_context.frame_size or 1024
            for start in range(0, len(wave) - size + 1, size):
                block = np.ascontiguousarray(wave[None, start : start + size], np.float32)
                if sound == "pcm_s16le":
                    block = (block * 32767).astype(np.int16)
                frame = av.AudioFrame.from_ndarray(block, "s16" if sound == "pcm_s16le" else "fltp", "mono")
                frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
                writer.mux(audio.encode(frame))
            writer.mux(audio.encode(None))
    return path


def decode(path, pix_fmt="rgb24"):
    """All frames as arrays, and their time stamps in seconds."""
    with av.open(str(path)) as reader:
        frames = list(reader.decode(video=0))
        times = [frame.pts * frame.time_base for frame in frames]
        return [frame.to_ndarray(format=pix_fmt, interpolation=CONVERSION) for frame in frames], times


def packets(path, kind="audio"):
    with av.open(str(path)) as reader:
        stream = next(stream for stream in reader.streams if stream.type == kind)
        return [(p.pts * stream.time_base, bytes(p)) for p in reader.demux(stream) if p.dts is not None]


def first(path):
    with av.open(str(path)) as reader:
        return next(reader.decode(video=0)), reader.streams.video[0]


@pytest.fixture(scope="module")
def nearest():
    return RestorationPredictor(build_model("nearest_x2"), model_spec("nearest_x2"), engine="dygraph")


@pytest.fixture
def clip(tmp_path):
    return make_clip(tmp_path / "clip.mp4")


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_frames_stamps_and_sound(tmp_path, suffix, nearest):
    stamps = [0, 10, 100, 130, 160, 400, 424]  # a variable frame rate, as phones have it
    source = make_clip(tmp_path / f"clip{suffix}", stamps=stamps, metadata={"title": "猫 on a sofa"})
    seen = []
    target = restore_video(nearest, source, tmp_path / f"out{suffix}", progress=lambda *call: seen.append(call))
    frames, times = decode(source)
    results, result_times = decode(target)
    assert result_times == times and len(times) == 7
    assert seen == [(number, 7) for number in range(1, 8)]
    for number, result in enumerate(results):  # the steps of the repeated pixels lose some colour in 4:2:0
        assert result.shape == (96, 128, 3) and psnr(result, nearest.predict(frames[number])) > 36
        assert psnr(result, nearest.predict(frames[number - 1])) < 32
    assert packets(target) == packets(source) and len(packets(source)) > 30
    assert video_info(target) == video_info(source).__class__(96, 128, 7)
    with av.open(str(source)) as before, av.open(str(target)) as after:
        assert [stream.type for stream in after.streams] == ["video", "audio"]
        assert after.streams.video[0].codec_context.name == "h264"
        assert after.metadata["title"] == before.metadata["title"] == "猫 on a sofa"
        assert abs(after.duration - before.duration) < 50_000  # microseconds: two frames
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([source.name, target.name])


def test_quality_and_a_chain(tmp_path, clip, nearest):
    chain = Chain([nearest, nearest], outscale=3)
    good, bad = (restore_video(chain, clip, tmp_path / f"{crf}.mp4", crf=crf) for crf in (5, 45))
    assert video_info(good).width == 192 and good.stat().st_size > 2 * bad.stat().st_size
    [frame, *_], [result, *_], [worse, *_] = (decode(path)[0] for path in (clip, good, bad))
    expected = chain.predict(frame)
    assert psnr(result, expected) > 38 > psnr(worse, expected) + 5
    with pytest.raises(ValueError, match="0 to 51"):
        restore_video(chain, clip, tmp_path / "x.mp4", crf=52)


def test_without_sound(tmp_path, nearest):
    source = make_clip(tmp_path / "clip.mp4", sound=None, frames=3)
    target = restore_video(nearest, source, tmp_path / "out.mp4")
    with av.open(str(target)) as reader:
        assert [stream.type for stream in reader.streams] == ["video"]
    assert len(decode(target)[0]) == 3


@pytest.mark.parametrize("sound, suffix", [("libmp3lame", ".mp4"), ("pcm_s16le", ".mkv"), ("libopus", ".mkv")])
def test_other_kinds_of_sound(tmp_path, nearest, sound, suffix):
    source = make_clip(tmp_path / f"a{suffix}", frames=3, sound=sound)
    assert packets(restore_video(nearest, source, tmp_path / f"b{suffix}")) == packets(source) != []


def rgb_by_hand(frame):
    """RGB in the middles of four bars, computed from the planes by the matrix and the range that the frame names."""
    luminance, blue, red = (
        np.frombuffer(bytes(plane), np.uint8).reshape(plane.height, -1)[:, : plane.width].astype(float)
        for plane in frame.planes
    )
    height, width = luminance.shape
    middle, columns = height // 2, [width * number // 8 for number in (1, 3, 5, 7)]
    y = luminance[middle, columns]
    u, v = (
        plane[middle * plane.shape[0] // height, [c * plane.shape[1] // width for c in columns]]
        for plane in (blue, red)
    )
    if frame.color_range == 2:
        y, u, v = y / 255, (u - 128) / 255, (v - 128) / 255
    else:
        y, u, v = (y - 16) / 219, (u - 128) / 224, (v - 128) / 224
    kr, kb = MATRICES[frame.colorspace]
    r, b = y + 2 * (1 - kr) * v, y + 2 * (1 - kb) * u
    return 255 * np.stack([r, (y - kr * r - kb * b) / (1 - kr - kb), b], axis=-1)


BARS = np.array([(220, 30, 30), (30, 200, 40), (40, 50, 210), (128, 128, 128)], np.uint8)


def bars(_, size):
    return np.tile(BARS.repeat(size[0] // 4, axis=0), (size[1], 1, 1))


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv444p"])
@pytest.mark.parametrize("color_range", [1, 2], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", [1, 5, 6], ids=["BT.709", "BT.601", "SMPTE 170M"])
def test_colour_is_kept(tmp_path, nearest, matrix, color_range, pix_fmt):
    source = make_clip(
        tmp_path / "a.mp4",
        frames=1,
        sound=None,
        matrix=matrix,
        color_range=color_range,
        pix_fmt=pix_fmt,
        picture=bars,
    )
    target = restore_video(nearest, source, tmp_path / "b.mp4", crf=1)
    frame, stream = first(target)
    assert (frame.colorspace, frame.color_range) == (matrix, color_range)
    assert (stream.codec_context.color_primaries, stream.codec_context.color_trc) == (9, 16)
    assert frame.format.name.replace("yuvj", "yuv") == pix_fmt
    assert np.abs(rgb_by_hand(frame) - BARS).max() < 6


@pytest.mark.parametrize("height, matrix", [(48, 5), (720, 1)])
def test_colour_that_is_not_told(tmp_path, nearest, height, matrix):
    """It is guessed by the size, and told in the result, which may be on the other side of the limit."""
    source = make_clip(
        tmp_path / "a.mp4",
        frames=1,
        size=(64, height),
        sound=None,
        matrix=matrix,
        tagged=False,
        picture=bars,
    )
    assert first(source)[0].colorspace == 2
    target = restore_video(nearest, source, tmp_path / "b.mp4", crf=1)
    assert first(target)[0].colorspace == matrix and np.abs(rgb_by_hand(first(target)[0]) - BARS).max() < 6


def test_ten_bits(tmp_path, nearest):
    def ramp(_, size):
        return np.tile(np.linspace(40, 80, size[0]).astype(np.uint8)[None, :, None], (size[1], 1, 3))

    source = make_clip(tmp_path / "a.mkv", frames=2, pix_fmt="yuv420p10le", picture=ramp)
    target = restore_video(nearest, source, tmp_path / "b.mkv", crf=1)
    frame, stream = first(target)
    assert frame.format.name == "yuv420p10le" and stream.codec_context.pix_fmt == "yuv420p10le"
    [before, *_], [after, *_] = decode(source, "rgb48le")[0], decode(target, "rgb48le")[0]
    assert before.dtype == np.uint16 and np.abs(after[::2, ::2].astype(int) - before).max() < 400


def with_matrix(path, *matrix):
    """Writes a display matrix into the header of an MP4 file's first track."""
    data = path.read_bytes()
    start = data.index(b"tkhd") + 4 + 40
    path.write_bytes(data[:start] + struct.pack(">9i", *matrix) + data[start + 36 :])
    return path


ONE, CORNER = 1 << 16, 1 << 30


@pytest.mark.parametrize(
    "matrix, upright",
    [
        ((0, ONE, 0, -ONE, 0, 0, 0, 0, CORNER), lambda x: np.rot90(x, -1)),  # how phones hold their portraits
        ((0, -ONE, 0, ONE, 0, 0, 0, 0, CORNER), lambda x: np.rot90(x, 1)),
        ((-ONE, 0, 0, 0, -ONE, 0, 0, 0, CORNER), lambda x: np.rot90(x, 2)),
        ((-ONE, 0, 0, 0, ONE, 0, 0, 0, CORNER), lambda x: x[:, ::-1]),
    ],
    ids=["90", "270", "180", "mirrored"],
)
def test_videos_are_turned_upright(tmp_path, nearest, matrix, upright):
    source = with_matrix(make_clip(tmp_path / "a.mp4", frames=2), *matrix)
    target = restore_video(nearest, source, tmp_path / "b.mp4", crf=5)
    [frame, *_], [result, *_] = decode(source)[0], decode(target)[0]
    expected = nearest.predict(np.ascontiguousarray(upright(frame)))
    assert result.shape == expected.shape and psnr(result, expected) > 37
    assert (video_info(source).height, video_info(source).width) == upright(frame).shape[:2]
    assert not first(target)[0].rotation


def test_pixels_that_are_not_square(tmp_path, nearest):
    for number, expected in ((0, Fraction(4, 3)), (1, Fraction(3, 4))):
        with av.open(str(tmp_path / "a.mp4"), "w") as writer:
            stream = writer.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
            frame = av.VideoFrame.from_ndarray(pattern(0), "rgb24")
            writer.mux(stream.encode(frame))
            writer.mux(stream.encode(None))
        if number:
            with_matrix(tmp_path / "a.mp4", 0, ONE, 0, -ONE, 0, 0, 0, 0, CORNER)
        target = restore_video(nearest, tmp_path / "a.mp4", tmp_path / f"{number}.mp4")
        assert first(target)[1].sample_aspect_ratio == expected


def test_odd_sides_are_continued(tmp_path, clip, nearest):
    odd = RestorationPredictor(build_model("nearest_x2"), model_spec("nearest_x2"), engine="dygraph", outscale=1.4)
    assert odd.result_size(48, 64) == (67, 90)
    target = restore_video(odd, clip, tmp_path / "b.mp4", crf=5)
    [frame, *_], [result, *_] = decode(clip)[0], decode(target)[0]
    assert result.shape == (68, 90, 3) and psnr(result[:67], odd.predict(frame)) > 37
    assert psnr(result[67], result[66]) > 35
    planes = make_clip(tmp_path / "c.mp4", frames=2, pix_fmt="yuv444p")
    assert video_info(restore_video(odd, planes, tmp_path / "d.mp4")).height == 67  # which takes any side


def test_subtitles_languages_and_dispositions(tmp_path, clip, nearest):
    source = tmp_path / "with.mkv"
    with av.open(str(clip)) as reader, av.open(str(source), "w") as writer:
        copies = {stream.index: writer.add_stream_from_template(stream) for stream in reader.streams}
        words = writer.add_mux_stream("subrip")
        copies[1].metadata["language"] = "deu"
        words.metadata["language"] = "zho"
        for packet in reader.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream_index]
                writer.mux(packet)
        packet = av.Packet("你好".encode())
        packet.stream, packet.time_base = words, Fraction(1, 1000)
        packet.pts, packet.dts, packet.duration = 40, 40, 200
        writer.mux(packet)
    target = restore_video(nearest, source, tmp_path / "out.mkv")
    assert packets(target, "subtitle") == packets(source, "subtitle")
    assert [text for _, text in packets(target, "subtitle")] == ["你好".encode()]
    with av.open(str(target)) as reader:
        assert [stream.language for stream in reader.streams][1:] == ["deu", "zho"]
    with pytest.raises(VideoError, match=r"\.mp4 files take no subtitle .*\.mkv"):
        restore_video(nearest, source, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_streams_that_are_left_out_are_named(tmp_path, clip, nearest, caplog):
    source = tmp_path / "with.mkv"
    with av.open(str(clip)) as reader, av.open(str(source), "w") as writer:
        copy = writer.add_stream_from_template(reader.streams.video[0])
        writer.add_attachment("notes.txt", "text/plain", b"words")
        for packet in reader.demux(reader.streams.video[0]):
            if packet.dts is not None:
                packet.stream = copy
                writer.mux(packet)
    restore_video(nearest, source, tmp_path / "out.mkv")
    assert "stream 1 (attachment) is left out" in caplog.text


def reversed_index(path):
    """The same file with its index in front, so that what is cut off is frames."""
    target = path.with_name("front.mp4")
    with av.open(str(path)) as reader, av.open(str(target), "w", options={"movflags": "faststart"}) as writer:
        copies = {stream.index: writer.add_stream_from_template(stream) for stream in reader.streams}
        for packet in reader.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream_index]
                writer.mux(packet)
    return target


def test_broken_files_are_named_and_leave_nothing(tmp_path, clip, nearest):
    whole = clip.read_bytes()
    matroska = make_clip(tmp_path / "clip.mkv").read_bytes()
    front = reversed_index(clip).read_bytes()
    noise = bytearray(make_clip(tmp_path / "noise.mp4", frames=30, sound=None).read_bytes())
    start = noise.index(b"mdat") + 900
    noise[start : start + 2000] = np.random.RandomState(0).bytes(2000)
    files = {
        "text.mp4": b"no video" * 100,
        "empty.mp4": b"",
        "cut.mp4": whole[: len(whole) // 2],
        "cut.mkv": matroska[: len(matroska) * 2 // 3],
        "front.mp4": front[: len(front) * 2 // 3],
        "playlist.mp4": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nclip.mp4\n#EXT-X-ENDLIST\n",
        "noise.mp4": bytes(noise),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(VideoError, match=name):
            restore_video(nearest, tmp_path / name, tmp_path / "out" / "x.mp4")
    with pytest.raises(FileNotFoundError, match="none.mp4"):
        restore_video(nearest, tmp_path / "none.mp4", tmp_path / "out" / "x.mp4")
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_what_is_refused(tmp_path, clip, nearest):
    with av.open(str(tmp_path / "sound.mp4"), "w") as writer:
        stream = writer.add_stream("aac", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 48000
        writer.mux(stream.encode(frame))
        writer.mux(stream.encode(None))
    with pytest.raises(VideoError, match="no video in this file"):
        video_info(tmp_path / "sound.mp4")
    with pytest.raises(VideoError, match=r"x\.avi: videos are written as \.mkv"):
        restore_video(nearest, clip, tmp_path / "x.avi")
    with pytest.raises(VideoError, match="own input"):
        restore_video(nearest, clip, clip)
    small = RestorationPredictor(
        build_model("nearest_x2"), model_spec("nearest_x2"), engine="dygraph", max_megapixels=0.001
    )
    with pytest.raises(VideoError, match="limit of 0.001 megapixels"):
        restore_video(small, clip, tmp_path / "x.mp4")
    clear = make_clip(tmp_path / "clear.mkv", codec="ffv1", pix_fmt="yuva420p", sound=None)
    with pytest.raises(VideoError, match="transparency"):
        restore_video(nearest, clear, tmp_path / "x.mkv")


def test_where_pyav_is_missing(tmp_path, clip, nearest, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(VideoError, match=r'clip.mp4: .*pip install "paddle-cv\[video\]"'):
        restore_video(nearest, clip, tmp_path / "x.mp4")


def test_pyav_is_imported_for_videos_only(root):
    code = "import paddle_cv, paddle_cv.inference, sys; sys.exit('av' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=root).returncode == 0


def test_files_and_folders(tmp_path, photo, nearest, caplog, monkeypatch):
    from PIL import Image

    folder = tmp_path / "in"
    folder.mkdir()
    Image.fromarray(photo[:20, :30]).save(folder / "a.png")
    make_clip(folder / "b.mp4", frames=2)
    make_clip(folder / "c.avi", frames=2, codec="mpeg4", sound="pcm_s16le")
    monkeypatch.chdir(tmp_path)
    assert [place.name for _, place in find_pictures(["in"])] == ["a.png"]
    assert "in: 2 videos are left out" in caplog.text
    assert [place.name for _, place in find_pictures(["in/*"])] == ["a.png"]
    assert [place.name for _, place in find_pictures(["in/*.mp4", "in/c.avi"])] == ["b.mp4", "c.avi"]
    found = find_pictures(["in", "in/*.mp4", "in/c.avi"])
    plan = plan_results(found, "out", ".webp")
    assert [target.as_posix() for _, target in plan] == ["out/a.webp", "out/b.mp4", "out/c.mkv"]
    assert "c.avi: .avi is not written; the result is Matroska" in caplog.text
    assert [target.suffix for _, target in plan_results(found, "out", ".mov")] == [".png", ".mov", ".mov"]
    assert [error for _, _, error in restore_files(nearest, plan)] == [None] * 3
    assert len(decode(tmp_path / "out" / "c.mkv")[0]) == 2
    assert all("exists" in str(error) for _, _, error in restore_files(nearest, plan))
    in_place = plan_results(found, "in")
    assert "is an input" in str([error for _, _, error in restore_files(nearest, in_place, True)][1])


@pytest.fixture
def predict(root, tmp_path):
    def start(*arguments):
        command = [sys.executable, str(root / "tools" / "predict.py"), "nearest_x2", *map(str, arguments)]
        return [*command, "-o", "out", "--engine", "dygraph"]

    return start


def test_the_tool(tmp_path, clip, predict):
    (tmp_path / "text.mp4").write_text("no video")
    command = predict(clip, "text.mp4", "--json", "--crf", "30", "--format", "mkv")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    good, bad = json.loads(done.stdout)
    assert done.returncode == 1 and bad["name"] == "text.mp4" and "no video that can be read" in bad["error"]
    assert (good["result"], good["width"], good["height"], good["frames"]) == ("out/clip.mkv", 128, 96, 8)
    done = subprocess.run(predict(clip, "--crf", "60"), cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2 and "0 to 51" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_an_interrupt_leaves_no_part_of_a_file(tmp_path, predict):
    make_clip(tmp_path / "long.mp4", frames=8000)
    process = subprocess.Popen(predict("long.mp4"), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 120
    while not (tmp_path / "out").is_dir() or not list((tmp_path / "out").iterdir()):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and b"interrupted" in errors
    assert list((tmp_path / "out").iterdir()) == []


PEAKS = """
import re, sys
from paddle_cv.inference import restore_video
class Twice:
    max_megapixels = 200
    def result_suffix(self):
        return None
    def restore(self, picture, batch_size):
        return picture.with_pixels(picture.color.repeat(2, 0).repeat(2, 1), None)
def show(done, of):
    if done in (of // 2, of):
        print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
restore_video(Twice(), sys.argv[1], sys.argv[2], progress=show)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux")
def test_memory_does_not_grow_with_the_length(tmp_path, root):
    """The frames of the second half would take 18 MB as they are, and 74 MB when they are enlarged."""
    source = make_clip(
        tmp_path / "clip.mp4", frames=1000, size=(128, 96)
    )  # the encoder's buffers fill up in the first half
    command = [sys.executable, "-c", PEAKS, str(source), str(tmp_path / "out.mp4")]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    half, whole = (int(line) / 1024 for line in done.stdout.split())
    assert whole - half < 16, (half, whole)
