"""Interpolation, the baseline of every table: nearest neighbour, bilinear, bicubic and Lanczos.

Bicubic is that of MATLAB, with which the published results were measured (Robert G. Keys, "Cubic Convolution Interpolation for
Digital Image Processing", IEEE Transactions on Acoustics, Speech, and Signal Processing, 1981, a = -0.5): pixels are squares with
their values at the centres, and beyond its edge the picture is continued by its mirror image. The others follow the same rules.

An output pixel of a given place within its input pixel always sees the same neighbours with the same weights. So an
enlargement by a whole number is one convolution with `scale`^2 fixed kernels, and a pixel shuffle.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Optional

import paddle
from paddle import nn
from paddle.nn import functional as F

from ..detection import detector
from ..network import Network
from .base import register_model

__all__ = ["Interpolation"]


def _nearest(x: float) -> float:
    return float(-0.5 <= x < 0.5)


def _linear(x: float) -> float:
    return max(0.0, 1 - abs(x))


def _cubic(x: float) -> float:
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x <= 2 else 0.0


def _lanczos3(x: float) -> float:
    if x == 0:
        return 1.0
    return 3 * math.sin(math.pi * x) * math.sin(math.pi * x / 3) / (math.pi * x) ** 2 if abs(x) < 3 else 0.0


# Each kernel, and how many neighbours on each side it can reach.
_KERNELS: dict[str, tuple[Callable[[float], float], int]] = {
    "nearest": (_nearest, 0),
    "bilinear": (_linear, 1),
    "bicubic": (_cubic, 2),
    "lanczos": (_lanczos3, 3),
}


def _taps(kernel: Callable[[float], float], radius: int, scale: int) -> list[list[float]]:
    """For each of the `scale` output places within an input pixel, the weights of its 2 `radius` + 1 neighbours."""
    taps = []
    for place in range(scale):
        centre = (place + 0.5) / scale - 0.5
        weights = [kernel(centre - neighbour) for neighbour in range(-radius, radius + 1)]
        taps.append([weight / sum(weights) for weight in weights])
    return taps


class Interpolation(Network):
    """Enlarges by a fixed rule; nothing is learned and the state dict is empty.

    Input and output are NCHW float32 of any range and number of channels: (N, C, H, W) -> (N, C, scale H, scale W). Bicubic and
    Lanczos overshoot at edges, so that values may leave the range of the input.

    Args:
        scale: Enlargement factor, a whole number.
        method: `nearest`, `bilinear`, `bicubic` or `lanczos` (of three lobes).

    Raises:
        ValueError: No such method.
    """

    def __init__(self, scale: int = 4, method: str = "bicubic"):
        super().__init__()
        if method not in _KERNELS:
            raise ValueError(f"there is no interpolation {method!r}, only {', '.join(_KERNELS)}")
        self.scale, self.method = scale, method
        kernel, self.radius = _KERNELS[method]
        taps = paddle.to_tensor(_taps(kernel, self.radius, scale), "float32")
        kernels = paddle.einsum("iy,jx->ijyx", taps, taps).flatten(0, 1).unsqueeze(1)
        self.register_buffer("kernels", kernels, persistable=False)
        self.shuffle = nn.PixelShuffle(scale)

    def forward(self, x):
        channels = x.shape[1]
        kernels = self.kernels.tile([channels, 1, 1, 1])
        for axis in (2, 3):
            x = self._continued(x, axis)
        return self.shuffle(F.conv2d(x, kernels, groups=channels))

    def extra_repr(self) -> str:
        """There are no weights to tell one from another: exported graphs are found again by what `repr` shows."""
        return f"scale={self.scale}, method={self.method}"

    def _continued(self, x, axis: int):
        """Adds `radius` mirrored rows or columns at both ends, the edge itself included; works for a single one, too."""
        for done in range(self.radius):
            # With `done` of them on each side, the next one's original is twice as far from the end.
            before = paddle.slice(x, [axis], [2 * done], [2 * done + 1])
            after = paddle.slice(x, [axis], [-2 * done - 1], [-2 * done or 2**31 - 1])
            x = paddle.concat([before, x, after], axis=axis)
        return x

    @property
    def receptive_radius(self) -> int:
        """How many input pixels around its own place an output pixel depends on."""
        return self.radius

    @detector
    def detect(shapes: Mapping[str, Sequence[int]]) -> Optional[dict[str, Any]]:
        """None: there is nothing in a state dict that could tell."""
        return None


for _method, _summary in (
    ("nearest", "Nearest neighbour: every pixel becomes a square."),
    ("bilinear", "Linear along both axes."),
    ("bicubic", "Bicubic, as in MATLAB's imresize."),
    ("lanczos", "Lanczos' kernel of three lobes."),
):
    register_model(
        _method,
        Interpolation,
        scales=(2, 3, 4, 8),
        paper="Keys: Cubic Convolution Interpolation for Digital Image Processing, TASSP 1981"
        if _method == "bicubic"
        else "",
        summary=_summary,
        hyperparameters={"method": _method},
        reference=None,
    )
