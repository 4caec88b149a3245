"""Videos: frame by frame through a predictor; sound and subtitles are copied.

PyAV (the extra `video`) is imported here only, and only when a video is opened.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np

from ..pictures.images import ImageError
from ..pictures.writing import atomically
from .base import PicturePredictor

__all__ = ["CRF", "VIDEO_FORMATS", "VideoError", "VideoInfo", "is_video", "restore_video", "video_info"]

logger = logging.getLogger(__name__)

#: Suffixes of the videos that are written, and FFmpeg's names of their containers.
VIDEO_FORMATS = {".mkv": "matroska", ".mov": "mov", ".mp4": "mp4", ".m4v": "mp4"}
#: x264's constant rate factor, 0 (best) to 51: 18 can hardly be told from the frames themselves.
CRF = 18

_SUFFIXES = (*VIDEO_FORMATS, ".3gp", ".avi", ".flv", ".m2ts", ".mpeg", ".mpg", ".mts", ".ts", ".webm", ".wmv")
# FFmpeg's names of what is read. It knows more formats, some of which open other files and addresses (playlists).
_READ = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,live_flv,mpegts,mpeg,asf"
# What FFmpeg writes into files by itself.
_OWN_TAGS = ("compatible_brands", "encoder", "major_brand", "minor_version")
# FFmpeg's numbers of the matrices that turn RGB to luminance and colour: none (RGB), unspecified, and those that it computes.
_RGB, _UNSPECIFIED, _BT709, _BT601 = 0, 2, 1, 5
_MATRICES = (_BT709, 4, _BT601, 6, 7, 9)
_LIMITED, _FULL = 1, 2
# Flags of its converter: bicubic interpolation of the colour at every pixel, and exact rounding.
_CONVERSION = 4 | 1 << 13 | 1 << 14 | 1 << 18
# Of these many lines and more, a video that does not tell its matrix is taken for BT.709, as players do; below for BT.601.
_HD_LINES = 720
_FRAME_DURATION = 1 << 8  # a flag of FFmpeg's encoders: frames tell how long they are shown


class VideoError(ImageError):
    """A video that cannot be used; the message names it and says why."""


@dataclass(frozen=True)
class VideoInfo:
    """What a video is like.

    Attributes:
        height: Of its frames in pixels, when they are upright.
        width: The same.
        frames: How many there are.
    """

    height: int
    width: int
    frames: int


def is_video(path: Union[str, Path]) -> bool:
    """Whether a file has the name of a video."""
    return Path(path).suffix.lower() in _SUFFIXES


def video_info(path: Union[str, Path]) -> VideoInfo:
    """Reads a video from beginning to end, and decodes its first frame only.

    Raises:
        FileNotFoundError: There is no such file.
        VideoError: It is no video, damaged, cut off or of an unsupported kind, or PyAV is missing.
    """
    with _reading(path) as (reader, complaints):
        stream, frame, frames = _video_stream(reader, path), None, 0
        for packet in _packets(reader, path):
            if packet.stream.index == stream.index:
                frames += packet.size > 0
                frame = frame or next(iter(_decoded(packet, path)), None)
        if frame is None:
            raise VideoError(f"{path}: there is no frame in this video")
        _check(reader, complaints, path)
        height, width = _upright(np.empty((frame.height, frame.width), bool), frame).shape
        return VideoInfo(height, width, frames)


def restore_video(
    predictor: PicturePredictor,
    source: Union[str, Path],
    target: Union[str, Path],
    crf: int = CRF,
    batch_size: int = 1,
    progress: Optional[Callable[[int, int], None]] = None,
    **conditions: Any,
) -> Path:
    """Enlarges or denoises a video frame by frame and writes it as H.264.

    Time stamps, the shape of the pixels, colour matrix and range, chroma subsampling, 8 or 10 bits, metadata and chapters are
    kept; frames are turned upright. Streams of sound and subtitles are copied as they are; other streams are left out, which the
    log says. Memory holds one frame and those that the encoder looks ahead at, however long the video is. The file appears only
    when it is whole.

    Args:
        predictor: What works on the frames.
        source: The video.
        target: The file to write, .mkv, .mov, .mp4 or .m4v.
        crf: Quality, 0 (best) to 51.
        batch_size: Windows of a frame that go through the network at once.
        progress: Called after each frame with the number done and that of all.
        **conditions: As for `PicturePredictor.predict`.

    Raises:
        FileNotFoundError: There is no file `source`.
        ValueError: `crf`, `batch_size` or a condition is wrong.
        VideoError: The video is damaged or of an unsupported kind, has transparency or too many pixels, `target` cannot hold the
            result or one of the streams, or is the source itself; or PyAV is missing.
    """
    if not 0 <= crf <= 51:
        raise ValueError(f"crf is a number from 0 to 51, not {crf}")
    source, target = Path(source), Path(target)
    container = VIDEO_FORMATS.get(target.suffix.lower())
    if container is None:
        raise VideoError(f"{target}: videos are written as {', '.join(VIDEO_FORMATS)}")
    if source.exists() and target.exists() and target.samefile(source):
        raise VideoError(f"{target}: the result would overwrite its own input")

    info = video_info(source)  # what is damaged or too large fails here, and not after hours
    if info.height * info.width > predictor.max_megapixels * 1e6:
        raise VideoError(
            f"{source}: {info.width} x {info.height} pixels are beyond the limit of {predictor.max_megapixels:g} megapixels"
        )

    def work(color: np.ndarray) -> np.ndarray:
        return predictor.predict(color, batch_size=batch_size, **conditions)

    def write(temporary: Path) -> None:
        with _reading(source) as (reader, complaints):
            with _writing(temporary, container, target) as writer:
                for done in _transfer(reader, writer, work, crf, source, target):
                    if progress:
                        progress(done, max(done, info.frames))
            _check(reader, complaints, source)
            if complaints:
                logger.warning("%s: %d errors in decoding: %s", source, len(complaints), complaints[0][2].strip())

    return atomically(target, write)


def _av():
    try:
        import av
        import av.logging
    except ImportError as error:
        raise VideoError(f'videos need PyAV: pip install "paddle-cv[video]" ({error})') from error
    return av


@contextmanager
def _reading(path: Union[str, Path]) -> Iterator[tuple[Any, list]]:
    """A container to read from, and the list that its complaints of damage go to."""
    if not Path(path).exists():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        av = _av()
    except VideoError as error:
        raise VideoError(f"{path}: {error}") from error
    level = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture() as complaints:
            try:
                options = {"format_whitelist": _READ, "protocol_whitelist": "file"}
                reader = av.open(f"file:{path}", options=options, metadata_errors="replace")
            except (av.error.FFmpegError, OSError) as error:
                detail = f" ({complaints[0][2].strip()})" if complaints else ""
                raise VideoError(f"{path}: this is no video that can be read: {error.strerror}{detail}") from error
            complaints.clear()  # of headers: what matters of them shows in the packets
            with reader:
                yield reader, complaints
    finally:
        av.logging.set_level(level)


@contextmanager
def _writing(path: Path, container: str, target: Path) -> Iterator[Any]:
    av = _av()
    options = {"movflags": "+faststart"} if container in ("mov", "mp4") else {}  # plays before it is loaded
    try:
        with av.open(f"file:{path}", "w", format=container, options=options) as writer:
            yield writer
    except av.error.FFmpegError as error:
        raise VideoError(f"{target}: cannot be written: {error.strerror}") from error


def _video_stream(reader: Any, path: Union[str, Path]) -> Any:
    streams = [stream for stream in reader.streams.video if not _is_cover(stream)]
    if not streams:
        raise VideoError(f"{path}: there is no video in this file")
    if streams[0].metadata.get("alpha_mode") == "1":  # WebM keeps it beside the pictures, where decoders do not look
        raise VideoError(f"{path}: the video has transparency, which H.264 cannot hold")
    return streams[0]


def _is_cover(stream: Any) -> bool:
    """Whether a stream is the picture of a record, and no video."""
    return bool(stream.disposition & type(stream.disposition).attached_pic)


def _packets(reader: Any, path: Union[str, Path]) -> Iterator[Any]:
    """All packets in the order of the file. An empty one ends each stream; its `stream_index` is no longer right."""
    try:
        yield from reader.demux()
    except _av().error.FFmpegError as error:
        raise VideoError(f"{path}: the file is damaged: {error.strerror}") from error


def _decoded(packet: Any, path: Union[str, Path]) -> list:
    try:
        return packet.decode()
    except _av().error.FFmpegError as error:
        place = "" if packet.pts is None else f" at {float(packet.pts * packet.time_base):.2f} s"
        raise VideoError(f"{path}: the file is damaged{place}: {error.strerror}") from error


def _check(reader: Any, complaints: Sequence[tuple[int, str, str]], path: Union[str, Path]) -> None:
    """Raises what the reader of the container complained of: where a file is cut off it stops as if that were the end."""
    for _, name, message in complaints:
        if name == reader.format.name:
            raise VideoError(f"{path}: the file is damaged or cut off: {message.strip()}")


def _upright(picture: np.ndarray, frame: Any) -> np.ndarray:
    """Turns and mirrors the pixels of a frame as its display matrix says, by right angles."""
    matrix = next((entry for entry in frame.side_data if entry.type.name == "DISPLAYMATRIX"), None)
    if matrix is None:
        return picture
    # x' = a x + c y, y' = b x + d y
    a, b, _, c, d = np.frombuffer(bytes(matrix), np.int32)[:5]
    if abs(int(b)) > abs(int(a)):
        picture = picture.swapaxes(0, 1)
        a, d = c, b
    return picture[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]


@dataclass(frozen=True)
class _Color:
    """How the frames of a video hold colour.

    Attributes:
        matrix: FFmpeg's number of the matrix between RGB and luminance with colour.
        full: Whether values have their full range.
        deep: Whether there are more than 8 bits.
        format: Of the frames that are written.
    """

    matrix: int
    full: bool
    deep: bool
    format: str

    @classmethod
    def of(cls, frame: Any, path: Path) -> _Color:
        components = frame.format.components
        if any(component.is_alpha for component in components):
            raise VideoError(f"{path}: the video has transparency, which H.264 cannot hold")
        matrix, full = frame.colorspace, frame.color_range == _FULL or frame.format.name.startswith("yuvj")
        if frame.format.is_rgb:
            full = False
        if matrix in (_RGB, _UNSPECIFIED):
            matrix = _BT709 if frame.height >= _HD_LINES else _BT601
        if matrix not in _MATRICES:
            raise VideoError(
                f"{path}: its colours are coded in a way that is not known here (matrix {matrix} of H.273)"
            )
        deep = max(component.bits for component in components) > 8
        return cls(matrix, full, deep, _subsampling(frame.format) + ("p10le" if deep else "p"))

    def decode(self, frame: Any) -> np.ndarray:
        """(H, W, 3) RGB, uint8 or uint16."""
        if frame.colorspace != _RGB:
            frame.colorspace = self.matrix
        frame.color_range = _FULL if frame.format.is_rgb else self.range
        return frame.to_ndarray(format=self._rgb, dst_color_range=_FULL, interpolation=_CONVERSION)

    def encode(self, color: np.ndarray) -> Any:
        """A frame of `format`; a side that its subsampling does not take is continued by the last pixels."""
        rows, columns = _STEPS[self.format[:6]]
        height, width = color.shape[:2]
        color = np.pad(color, ((0, -height % rows), (0, -width % columns), (0, 0)), "edge")
        frame = _av().VideoFrame.from_ndarray(np.ascontiguousarray(color), self._rgb)
        frame.colorspace, frame.color_range = self.matrix, _FULL
        return frame.reformat(format=self.format, dst_color_range=self.range, interpolation=_CONVERSION)

    @property
    def _rgb(self) -> str:
        return "rgb48le" if self.deep else "rgb24"

    @property
    def range(self) -> int:
        """FFmpeg's number of the range."""
        return _FULL if self.full else _LIMITED


# Rows and columns of pixels that share a value of colour.
_STEPS = {"yuv420": (2, 2), "yuv422": (1, 2), "yuv444": (1, 1)}


def _subsampling(form: Any) -> str:
    """The one of `_STEPS` that keeps the colour of a format; 4:2:0 for grey and what is coarser still."""
    if len(form.components) < 3:
        return "yuv420"
    rows, columns = (64 // side for side in (form.chroma_height(64), form.chroma_width(64)))
    return {(1, 1): "yuv444", (1, 2): "yuv422"}.get((rows, columns), "yuv420")


def _transfer(
    reader: Any, writer: Any, work: Callable[[np.ndarray], np.ndarray], crf: int, source: Path, target: Path
) -> Iterator[int]:
    """Works on the frames of a video and copies the rest; yields the number of frames done after each."""
    stream = _video_stream(reader, source)
    encoder = writer.add_stream("libx264", rate=stream.average_rate or stream.guessed_rate or 25)
    copies = _copies(reader, writer, stream, source, target)
    waiting: list = []  # packets before the first frame: the file begins when the encoder knows the size
    size, color, stamp, done = None, None, None, 0
    for packet in _packets(reader, source):
        if packet.stream.index in copies:
            if packet.size:
                packet.stream = copies[packet.stream.index]
                waiting.append(packet)
        elif packet.stream.index == stream.index:
            for frame in _decoded(packet, source):
                if color is None:
                    size, color = (frame.width, frame.height), _Color.of(frame, source)
                if (frame.width, frame.height) != size:
                    raise VideoError(f"{source}: the size of the frames changes after {done} of them")
                result = color.encode(work(np.ascontiguousarray(_upright(color.decode(frame), frame))))
                if done == 0:
                    if frame.interlaced_frame:
                        logger.warning("%s: the video is interlaced; both fields are worked on as one frame", source)
                    _configure(encoder, stream, frame, result, color, crf)
                step = frame.duration or 1
                stamp = _next_stamp(frame.pts, stamp, step)
                result.pts, result.time_base, result.duration = stamp, stream.time_base, step
                writer.mux(encoder.encode(result))
                done += 1
                yield done
        if done:
            for waited in waiting:
                writer.mux(waited)
            waiting.clear()
    if not done:
        raise VideoError(f"{source}: there is no frame in this video")
    writer.mux(encoder.encode(None))


def _next_stamp(stamp: Optional[int], last: Optional[int], step: int) -> int:
    """A frame's time stamp; encoders want each to be later than the one before, and old formats have none."""
    if last is None:
        return stamp or 0
    return last + step if stamp is None else max(stamp, last + 1)


def _configure(encoder: Any, stream: Any, frame: Any, result: Any, color: _Color, crf: int) -> None:
    """Makes the encoder that of a stream, with the size of the first result."""
    encoder.width, encoder.height, encoder.pix_fmt = result.width, result.height, color.format
    encoder.options = {"crf": str(crf)}
    encoder.metadata.update(stream.metadata)
    context = encoder.codec_context
    context.time_base = stream.time_base
    context.flags |= _FRAME_DURATION
    ratio = stream.sample_aspect_ratio
    if ratio:
        turned = _upright(np.empty((1, 2)), frame).shape == (2, 1)
        context.sample_aspect_ratio = 1 / Fraction(ratio) if turned else ratio
    context.colorspace, context.color_range = color.matrix, color.range
    context.color_primaries = stream.codec_context.color_primaries
    context.color_trc = stream.codec_context.color_trc


def _copies(reader: Any, writer: Any, video: Any, source: Path, target: Path) -> dict[int, Any]:
    """For the number of each stream that is copied, where it goes."""
    writer.metadata.update({key: value for key, value in reader.metadata.items() if key.lower() not in _OWN_TAGS})
    writer.set_chapters(reader.chapters())
    copies = {}
    for stream in reader.streams:
        if stream.index == video.index:
            continue
        context = getattr(stream, "codec_context", None)
        # What is read by "mp3float" is called "mp3".
        kind, codec = stream.type, context and context.codec.canonical_name
        if kind not in ("audio", "subtitle"):
            logger.warning("%s: stream %d (%s) is left out of the result", source, stream.index, codec or kind)
            continue
        if codec not in writer.supported_codecs:
            others = [suffix for suffix in VIDEO_FORMATS if suffix != target.suffix]
            raise VideoError(
                f"{target}: {target.suffix} files take no {kind} of the kind {codec}; try {', '.join(others)}"
            )
        copy = writer.add_stream_from_template(stream)
        copy.metadata.update(stream.metadata)
        copies[stream.index] = copy
    return copies
