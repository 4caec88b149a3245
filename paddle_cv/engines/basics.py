"""What exporting and running graphs share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

__all__ = ["OPSET", "ExportError", "Shapes"]

#: Of each input, without the batch; None for sides that vary.
Shapes = Sequence[Sequence[Optional[int]]]

#: Version of ONNX's operators that graphs are exported to.
OPSET = 17


class ExportError(RuntimeError):
    """A network that cannot be exported; the message says why."""
