"""Video files, in and out: frames as RGB arrays, one after the other; sound and subtitles are copied.

PyAV (the extra `video`) is needed; it is imported when a video is opened.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np

from . import video_container as container
from .video_color import FrameColor
from .video_container import VIDEO_FORMATS, VideoError
from .writing import atomically

__all__ = [
    "CRF",
    "VIDEO_FORMATS",
    "Frame",
    "VideoError",
    "VideoInfo",
    "VideoReader",
    "VideoWriter",
    "check_conversion",
    "convert_video",
    "is_video",
    "video_info",
]

logger = logging.getLogger(__name__)

#: x264's constant rate factor, 0 (best) to 51: 18 can hardly be told from the frames themselves.
CRF = 18

_SUFFIXES = (*VIDEO_FORMATS, ".3gp", ".avi", ".flv", ".m2ts", ".mpeg", ".mpg", ".mts", ".ts", ".webm", ".wmv")
_FRAME_DURATION = 1 << 8  # a flag of FFmpeg's encoders: frames tell how long they are shown


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
    with container.reading(path) as (reader, complaints):
        stream, frame, frames = container.video_stream(reader, path), None, 0
        for packet in container.packets(reader, path):
            if packet.stream.index == stream.index:
                frames += packet.size > 0
                frame = frame or next(iter(container.decoded(packet, path)), None)
        if frame is None:
            raise VideoError(f"{path}: there is no frame in this video")
        container.check(reader, complaints, path)
        height, width = _upright(np.empty((frame.height, frame.width), bool), frame).shape
        return VideoInfo(height, width, frames)


@dataclass(frozen=True)
class Frame:
    """A frame of a video.

    Attributes:
        color: (H, W, 3) RGB, uint8 or uint16, upright.
        coding: How the video holds colour.
        source: As PyAV has it.
    """

    color: np.ndarray
    coding: FrameColor
    source: Any


class VideoReader:
    """Yields the frames of a video as RGB arrays, (H, W, 3), uint8 or uint16, upright, one after the other.

        with VideoReader("clip.mp4") as video:
            for color in video:
                ...

    Args:
        path: The file.

    Raises:
        FileNotFoundError: There is no such file.
        VideoError: It is no video, damaged, cut off or of an unsupported kind, or PyAV is missing.
    """

    def __init__(self, path: Union[str, Path]):
        self.path = path

    def __enter__(self) -> VideoReader:
        self._stack = ExitStack()
        self.file, self.complaints = self._stack.enter_context(container.reading(self.path))
        try:
            self.stream = container.video_stream(self.file, self.path)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.close()

    def __iter__(self) -> Iterator[np.ndarray]:
        for item in self.items():
            if isinstance(item, Frame):
                yield item.color

    def items(self) -> Iterator[Any]:
        """Frames, and the packets of all other streams, in the order of the file; at its end damage is an error."""
        size, coding, done = None, None, 0
        for packet in container.packets(self.file, self.path):
            if packet.stream.index != self.stream.index:
                if packet.size:
                    yield packet
                continue
            for frame in container.decoded(packet, self.path):
                if coding is None:
                    size, coding = (frame.width, frame.height), self._coding(frame)
                if (frame.width, frame.height) != size:
                    raise VideoError(f"{self.path}: the size of the frames changes after {done} of them")
                yield Frame(np.ascontiguousarray(_upright(coding.decode(frame), frame)), coding, frame)
                done += 1
        if not done:
            raise VideoError(f"{self.path}: there is no frame in this video")
        container.check(self.file, self.complaints, self.path)

    def _coding(self, frame: Any) -> FrameColor:
        try:
            return FrameColor.of(frame)
        except ValueError as error:
            raise VideoError(f"{self.path}: {error}") from error


class VideoWriter:
    """Writes frames as H.264 beside what is copied from the video that they were made from.

    Args:
        path: The file to write.
        reader: The video, which is open: time stamps, the shape of the pixels, colour, metadata, chapters, sound and subtitles are
            taken from it.
        crf: Quality, 0 (best) to 51.
        target: What the file will be called; its suffix decides on the container. None: `path`.

    Raises:
        VideoError: The file cannot hold one of the streams, or cannot be written.
    """

    def __init__(
        self, path: Union[str, Path], reader: VideoReader, crf: int = CRF, target: Optional[Union[str, Path]] = None
    ):
        self.path, self.reader, self.crf, self.target = Path(path), reader, crf, Path(target or path)
        self.done = 0
        self._waiting: list = []  # packets before the first frame: the file begins when the encoder knows the size
        self._stamp: Optional[int] = None

    def __enter__(self) -> VideoWriter:
        self._stack, stream = ExitStack(), self.reader.stream
        self._file = self._stack.enter_context(container.writing(self.path, _container(self.target), self.target))
        try:
            self._encoder = self._file.add_stream("libx264", rate=stream.average_rate or stream.guessed_rate or 25)
            self._copies = container.copies(self.reader.file, self._file, stream, Path(self.reader.path), self.target)
        except BaseException:
            self._stack.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, *error: Any) -> None:
        try:
            if error[0] is None:
                self._file.mux(self._encoder.encode(None))
        except BaseException:
            self._stack.__exit__(*sys.exc_info())
            raise
        self._stack.__exit__(*error)

    def write(self, color: np.ndarray, frame: Frame) -> None:
        """Adds a frame.

        Args:
            color: (H, W, 3) RGB of the frame's dtype, of any size, the same for all.
            frame: What it was made from.
        """
        result, stream = frame.coding.encode(color), self.reader.stream
        if not self.done:
            if frame.source.interlaced_frame:
                logger.warning("%s: the video is interlaced; both fields are worked on as one frame", self.reader.path)
            _configure(self._encoder, stream, frame.source, result, frame.coding, self.crf)
        step = frame.source.duration or 1
        self._stamp = _next_stamp(frame.source.pts, self._stamp, step)
        result.pts, result.time_base, result.duration = self._stamp, stream.time_base, step
        self._file.mux(self._encoder.encode(result))
        self.done += 1
        for waited in self._waiting:
            self._file.mux(waited)
        self._waiting.clear()

    def copy(self, packet: Any) -> None:
        """Adds a packet of another stream, if it is of sound or subtitles."""
        if packet.stream.index not in self._copies:
            return
        packet.stream = self._copies[packet.stream.index]
        if self.done:
            self._file.mux(packet)
        else:
            self._waiting.append(packet)


def convert_video(
    source: Union[str, Path],
    target: Union[str, Path],
    work: Callable[[np.ndarray], np.ndarray],
    crf: int = CRF,
    progress: Optional[Callable[[int], None]] = None,
) -> Path:
    """Writes a video whose frames a function makes of those of another one.

    Time stamps, the shape of the pixels, colour matrix and range, chroma subsampling, 8 or 10 bits, metadata and chapters are
    kept; frames are turned upright. Streams of sound and subtitles are copied as they are; other streams are left out, which the
    log says. Memory holds one frame and those that the encoder looks ahead at, however long the video is. The file appears only
    when it is whole.

    Args:
        source: The video.
        target: The file to write, .mkv, .mov, .mp4 or .m4v.
        work: From (H, W, 3) RGB, uint8 or uint16, to the same in any size, the same for all frames.
        crf: Quality, 0 (best) to 51.
        progress: Called after each frame with the number done.

    Raises:
        FileNotFoundError: There is no file `source`.
        ValueError: `crf` is wrong.
        VideoError: The video is damaged or of an unsupported kind, or has transparency; `target` cannot hold the result or one of
            the streams, or is the source itself; or PyAV is missing.
    """
    source, target = check_conversion(source, target, crf)

    def write(temporary: Path) -> None:
        with VideoReader(source) as reader, VideoWriter(temporary, reader, crf, target) as writer:
            for item in reader.items():
                if not isinstance(item, Frame):
                    writer.copy(item)
                    continue
                writer.write(work(item.color), item)
                if progress:
                    progress(writer.done)
        if reader.complaints:
            first = reader.complaints[0][2].strip()
            logger.warning("%s: %d errors in decoding: %s", source, len(reader.complaints), first)

    return atomically(target, write)


def check_conversion(source: Union[str, Path], target: Union[str, Path], crf: int) -> tuple[Path, Path]:
    """Refuses what `convert_video` cannot do, before the video is opened."""
    source, target = Path(source), Path(target)
    if not 0 <= crf <= 51:
        raise ValueError(f"crf is a number from 0 to 51, not {crf}")
    _container(target)
    if source.exists() and target.exists() and target.samefile(source):
        raise VideoError(f"{target}: the result would overwrite its own input")
    return source, target


def _container(target: Path) -> str:
    """FFmpeg's name of the container that a suffix stands for."""
    if target.suffix.lower() not in VIDEO_FORMATS:
        raise VideoError(f"{target}: videos are written as {', '.join(VIDEO_FORMATS)}")
    return VIDEO_FORMATS[target.suffix.lower()]


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


def _next_stamp(stamp: Optional[int], last: Optional[int], step: int) -> int:
    """A frame's time stamp; encoders want each to be later than the one before, and old formats have none."""
    if last is None:
        return stamp or 0
    return last + step if stamp is None else max(stamp, last + 1)


def _configure(encoder: Any, stream: Any, frame: Any, result: Any, color: FrameColor, crf: int) -> None:
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
