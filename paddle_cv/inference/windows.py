"""From a window of a picture to what a network computes of it, whatever kind of input the network takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

import numpy as np

from ..data import LUMINANCE, imresize, rgb_to_ycbcr, ycbcr_to_rgb
from ..data.srmd import COMPONENTS, SIZE, bicubic_degradation, kernel_basis
from ..engines.runtime import Run
from ..models import ModelSpec

__all__ = ["compute_oriented", "compute_windows", "condition_inputs", "conditions_taken"]


def conditions_taken(spec: ModelSpec) -> set[str]:
    """Names of the arguments that a network takes beside the picture."""
    takes = {"sigma": ["noise_level"], "degradation": ["degradation", "kernel"]}
    taken = {argument for name in spec.extra_inputs for argument in takes[name]}
    if spec.extra_inputs.get("degradation", (0,))[0] > COMPONENTS:
        taken.add("noise_level")
    return taken


def condition_inputs(
    spec: ModelSpec,
    noise_level: Optional[float] = None,
    degradation: Optional[Sequence[float]] = None,
    kernel: Optional[np.ndarray] = None,
) -> list[np.ndarray]:
    """The inputs beside the picture, for one picture.

    Args:
        spec: What the network is.
        noise_level: Standard deviation of the noise, of 255: for networks that are told it. SRMD takes 0 without it.
        degradation: For SRMD: the coefficients of the blur kernel, and the noise level of 1 last. For weights that were not trained
            with this project's `kernel_basis`.
        kernel: For SRMD instead: the blur kernel itself, (15, 15), of sum 1; without it there is no blur.

    Raises:
        ValueError: Something the network needs is missing or of a wrong size, or something is given that it does not take.
    """
    given = {"noise_level": noise_level, "degradation": degradation, "kernel": kernel}
    taken = conditions_taken(spec)
    if degradation is not None and "degradation" in taken:  # it holds the noise level
        taken -= {"noise_level"}
    surplus = [argument for argument, value in given.items() if value is not None and argument not in taken]
    if surplus:
        raise ValueError(f"{spec.name} takes no {' and no '.join(surplus)}")
    inputs = []
    for name, shape in spec.extra_inputs.items():
        if name == "sigma":
            if noise_level is None:
                raise ValueError(f"{spec.name} needs noise_level=, the standard deviation of the noise, of 255")
            values = [noise_level / 255]
        else:
            values = _srmd_degradation(shape[0], noise_level or 0, kernel) if degradation is None else degradation
        if np.size(values) != np.prod(shape):
            raise ValueError(f"{spec.name}: {name} has {np.size(values)} values, {np.prod(shape)} are needed")
        inputs.append(np.asarray(values, np.float32).reshape(shape))
    return inputs


def _srmd_degradation(length: int, noise_level: float, kernel: Optional[np.ndarray]) -> np.ndarray:
    if kernel is None:
        coefficients = bicubic_degradation(COMPONENTS)
    elif np.shape(kernel) == (SIZE, SIZE):
        coefficients = kernel_basis() @ np.ravel(kernel)
    else:
        raise ValueError(f"a blur kernel of {SIZE} x {SIZE} pixels is needed, not {np.shape(kernel)}")
    return np.append(coefficients, noise_level / 255)[:length]


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


def compute_oriented(
    x: np.ndarray, spec: ModelSpec, engine: Run, conditions: Sequence[np.ndarray], grid: int = 1
) -> np.ndarray:
    """The geometric self-ensemble: the mean of what the network computes of windows in all eight orientations.

    It is the "+" of EDSR+, RDN+, RCAN+ (Lim et al., "Enhanced Deep Residual Networks for Single Image Super-Resolution", CVPR
    Workshops 2017): eight times the work for about 0.1 dB. The arguments and the result are those of `compute_windows`.

    Args:
        grid: The network works on squares of so many pixels: windows are continued to a multiple of it by their last pixels, so
            that turned windows are cut into the same squares.
    """
    height, width = x.shape[1:3]
    x = np.pad(x, [(0, 0), (0, -height % grid), (0, -width % grid), (0, 0)], mode="edge")
    total = None
    for turns in range(4):
        for mirrored in (False, True):
            oriented = np.rot90(x, turns, axes=(1, 2))
            oriented = oriented[:, :, ::-1] if mirrored else oriented
            result = compute_windows(np.ascontiguousarray(oriented), spec, engine, conditions)
            result = np.rot90(result[:, :, ::-1] if mirrored else result, -turns, axes=(1, 2))
            total = result.copy() if total is None else total + result
    scale = spec.scale or 1
    return total[:, : height * scale, : width * scale] / np.float32(8)


def _enlarged(planes: np.ndarray, scale: int) -> np.ndarray:
    return np.stack([imresize(plane, scale) for plane in planes])
