"""Containers of videos, by PyAV (the extra `video`), which is imported here only, and only when a video is opened."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Union

from .picture import ImageError

__all__ = ["VIDEO_FORMATS", "VideoError", "check", "copies", "decoded", "packets", "reading", "video_stream", "writing"]

logger = logging.getLogger(__name__)

#: Suffixes of the videos that are written, and FFmpeg's names of their containers.
VIDEO_FORMATS = {".mkv": "matroska", ".mov": "mov", ".mp4": "mp4", ".m4v": "mp4"}
# FFmpeg's names of what is read. It knows more formats, some of which open other files and addresses (playlists).
_READ = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,live_flv,mpegts,mpeg,asf"
# What FFmpeg writes into files by itself.
_OWN_TAGS = ("compatible_brands", "encoder", "major_brand", "minor_version")


class VideoError(ImageError):
    """A video that cannot be used; the message names it and says why."""


def _av():
    try:
        import av
        import av.logging
    except ImportError as error:
        raise VideoError(f'videos need PyAV: pip install "paddle-cv[video]" ({error})') from error
    return av


@contextmanager
def reading(path: Union[str, Path]) -> Iterator[tuple[Any, list]]:
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
def writing(path: Path, container: str, target: Path) -> Iterator[Any]:
    """A container to write to; `target` is what the file will be called."""
    av = _av()
    options = {"movflags": "+faststart"} if container in ("mov", "mp4") else {}  # plays before it is loaded
    try:
        with av.open(f"file:{path}", "w", format=container, options=options) as writer:
            yield writer
    except av.error.FFmpegError as error:
        raise VideoError(f"{target}: cannot be written: {error.strerror}") from error


def video_stream(reader: Any, path: Union[str, Path]) -> Any:
    """The first stream of pictures."""
    streams = [stream for stream in reader.streams.video if not _is_cover(stream)]
    if not streams:
        raise VideoError(f"{path}: there is no video in this file")
    if streams[0].metadata.get("alpha_mode") == "1":  # WebM keeps it beside the pictures, where decoders do not look
        raise VideoError(f"{path}: the video has transparency, which H.264 cannot hold")
    return streams[0]


def _is_cover(stream: Any) -> bool:
    """Whether a stream is the picture of a record, and no video."""
    return bool(stream.disposition & type(stream.disposition).attached_pic)


def packets(reader: Any, path: Union[str, Path]) -> Iterator[Any]:
    """All packets in the order of the file. An empty one ends each stream; its `stream_index` is no longer right."""
    try:
        yield from reader.demux()
    except _av().error.FFmpegError as error:
        raise VideoError(f"{path}: the file is damaged: {error.strerror}") from error


def decoded(packet: Any, path: Union[str, Path]) -> list:
    """The frames that a packet brings."""
    try:
        return packet.decode()
    except _av().error.FFmpegError as error:
        place = "" if packet.pts is None else f" at {float(packet.pts * packet.time_base):.2f} s"
        raise VideoError(f"{path}: the file is damaged{place}: {error.strerror}") from error


def check(reader: Any, complaints: Sequence[tuple[int, str, str]], path: Union[str, Path]) -> None:
    """Raises what the reader of the container complained of: where a file is cut off it stops as if that were the end."""
    for _, name, message in complaints:
        if name == reader.format.name:
            raise VideoError(f"{path}: the file is damaged or cut off: {message.strip()}")


def copies(reader: Any, writer: Any, video: Any, source: Path, target: Path) -> dict[int, Any]:
    """For the number of each stream that is copied, where it goes."""
    writer.metadata.update({key: value for key, value in reader.metadata.items() if key.lower() not in _OWN_TAGS})
    writer.set_chapters(reader.chapters())
    copied = {}
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
        copied[stream.index] = copy
    return copied
