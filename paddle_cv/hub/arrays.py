"""Between OpenCV's order of the channels, which PaddleHub's callers use, and the library's."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["rgb"]


def rgb(image: Any) -> Any:
    """BGR(A) to RGB(A); what is no array becomes None, and is refused with the others' messages."""
    if isinstance(image, np.ndarray) and image.ndim == 3 and image.shape[2] in (3, 4):
        return image[..., [2, 1, 0, 3][: image.shape[2]]]
    return image if isinstance(image, np.ndarray) else None
