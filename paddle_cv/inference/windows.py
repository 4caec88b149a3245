"""From a window of an image to what a network computes of it, whatever colours the network takes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..data import LUMINANCE, imresize, rgb_to_ycbcr, ycbcr_to_rgb
from ..engines.runtime import Run
from ..models import ModelSpec

__all__ = ["compute_windows"]


def compute_windows(x: np.ndarray, spec: ModelSpec, engine: Run, conditions: Sequence[np.ndarray]) -> np.ndarray:
    """Sends windows through a network.

    Networks for RGB see a grey picture as RGB, and the luminance of their result is taken. Networks for one channel get the
    luminance Y of a picture in colour, whose Cb and Cr are enlarged by bicubic interpolation; those that do not enlarge
    (denoisers) get its three channels one by one instead, as the noise is in all of them.

    Args:
        x: (N, H, W, C) float32 in [0, 1], C = 1 or 3.
        spec: What the network is.
        engine: What runs it.
        conditions: What `condition_inputs` returns.

    Returns:
        (N, scale H, scale W, C), not clipped.
    """

    def run(planes: np.ndarray) -> np.ndarray:
        if spec.enlarged_input:
            planes = _enlarged(planes, spec.scale)
        extra = [np.repeat(value[None], len(planes), axis=0) for value in conditions]
        return engine(planes.transpose(0, 3, 1, 2), *extra).transpose(0, 2, 3, 1)

    grey = x.shape[3] == 1
    if spec.in_channels == 3:
        return (run(np.repeat(x, 3, axis=3)) @ LUMINANCE)[..., None] if grey else run(x)
    if grey:
        return run(x)
    if spec.scale is None:
        channels = run(np.concatenate([x[..., c : c + 1] for c in range(3)]))
        return np.concatenate(np.split(channels, 3), axis=3)
    ycbcr = rgb_to_ycbcr(x * 255).astype(np.float32) / 255
    y = run(ycbcr[..., :1])
    return (
        ycbcr_to_rgb(np.concatenate([y, _enlarged(ycbcr[..., 1:], spec.scale)], axis=3) * 255).astype(np.float32) / 255
    )


def _enlarged(planes: np.ndarray, scale: int) -> np.ndarray:
    return np.stack([imresize(plane, scale) for plane in planes])
