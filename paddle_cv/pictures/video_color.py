"""From the frames of a video to RGB, and back to frames that hold colour in the same way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["FrameColor"]

# FFmpeg's numbers of the matrices that turn RGB to luminance and colour: none (RGB), unspecified, and those that it computes.
_RGB, _UNSPECIFIED, _BT709, _BT601 = 0, 2, 1, 5
_MATRICES = (_BT709, 4, _BT601, 6, 7, 9)
_LIMITED, _FULL = 1, 2
# Flags of its converter: bicubic interpolation of the colour at every pixel, and exact rounding.
_CONVERSION = 4 | 1 << 13 | 1 << 14 | 1 << 18
# Of these many lines and more, a video that does not tell its matrix is taken for BT.709, as players do; below for BT.601.
_HD_LINES = 720


@dataclass(frozen=True)
class FrameColor:
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
    def of(cls, frame: Any) -> FrameColor:
        """That of a frame of PyAV.

        Raises:
            ValueError: H.264 cannot hold it, or it is not known here.
        """
        components = frame.format.components
        if any(component.is_alpha for component in components):
            raise ValueError("the video has transparency, which H.264 cannot hold")
        matrix, full = frame.colorspace, frame.color_range == _FULL or frame.format.name.startswith("yuvj")
        if frame.format.is_rgb:
            full = False
        if matrix in (_RGB, _UNSPECIFIED):
            matrix = _BT709 if frame.height >= _HD_LINES else _BT601
        if matrix not in _MATRICES:
            raise ValueError(f"its colours are coded in a way that is not known here (matrix {matrix} of H.273)")
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
        from av import VideoFrame

        frame = VideoFrame.from_ndarray(np.ascontiguousarray(color), self._rgb)
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
