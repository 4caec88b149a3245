"""What networks that enlarge or denoise get of sample pictures, and what fewer digits cost them there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..data import imresize
from ..data.srmd import kernel_basis
from ..engines.openvino_graphs import Loss
from ..engines.runtime import Run
from ..metrics import psnr
from ..pictures.images import Picture
from .conditions import condition_inputs
from .samples import Agreement, Samples, cut_windows
from .windows import compute_windows

if TYPE_CHECKING:
    from ..models.restoration.base import RestorationSpec

__all__ = ["RestorationSamples"]

_NOISE_LEVEL = 25  # of 255, for denoisers and for networks that are told one
# What a network sees of each picture: windows, and their side in pixels, to find out what rounding costs and to calibrate.
_TRIED, _TRIED_SIDE = 4, 48
_WINDOWS, _SIDE = 6, 64
# What rounding may cost in dB: less than anybody could see, or than training the network again would change.
_MOST = 0.01


class RestorationSamples(Samples):
    """Windows of a picture, reduced or made noisy, and the PSNR of what a network makes of them."""

    def inputs(
        self, spec: RestorationSpec, picture: Picture, size: tuple[int, int] | None = None
    ) -> list[list[np.ndarray]]:
        seen: list[list[np.ndarray]] = []

        def record(*inputs: np.ndarray) -> np.ndarray:
            seen.append([np.ascontiguousarray(value, np.float32) for value in inputs])
            factor = spec.network_scale
            batch, channels, height, width = inputs[0].shape
            return np.zeros((batch, channels, height * factor, width * factor), np.float32)

        self._compute(spec, record, self._clean(spec, picture, size))
        return seen

    def loss(self, spec: RestorationSpec, exact: Run, rounded: Run, pictures: Sequence[Picture]) -> Loss:
        """The PSNR in dB that is lost against the picture that was reduced or made noisy."""
        scale = spec.scale or 1
        side = min(_TRIED_SIDE, *(min(picture.size) // scale // 8 * 8 for picture in pictures))
        clean = np.concatenate([cut_windows(picture, (side, side), scale, _TRIED) for picture in pictures])
        before, after = (psnr(self._compute(spec, run, clean).clip(0, 1), clean, 1.0) for run in (exact, rounded))
        return Loss(before - after, _MOST, "dB")

    def agreement(
        self,
        spec: RestorationSpec,
        exact: Run,
        rounded: Run,
        picture: Picture,
        size: tuple[int, int] | None = None,
    ) -> Agreement:
        """PSNR of both results with one another and, of enlarged pictures, with the one that was reduced."""
        clean = self._clean(spec, picture, size)
        first, second = (_eight_bits(self._compute(spec, run, clean)) for run in (exact, rounded))
        target = _eight_bits(clean)
        scores = None if spec.scale is None else (psnr(first, target), psnr(second, target))
        return Agreement(psnr(first, second), "dB", scores)

    def _clean(self, spec: RestorationSpec, picture: Picture, size: tuple[int, int] | None) -> np.ndarray:
        return cut_windows(picture, size or (_SIDE, _SIDE), spec.scale or 1, _WINDOWS)

    def _compute(self, spec: RestorationSpec, run: Run, clean: np.ndarray) -> np.ndarray:
        """What a network makes of clean windows that were reduced or made noisy."""
        if spec.scale is None:
            noise = np.random.default_rng(0).normal(0, _NOISE_LEVEL / 255, clean.shape)
            inputs = (clean + noise).clip(0, 1).astype(np.float32)
        else:
            inputs = np.stack([imresize(window, 1 / spec.scale) for window in clean]).astype(np.float32)
        noise_level = _NOISE_LEVEL if "sigma" in spec.extra_inputs else None
        conditions = condition_inputs(spec, noise_level, basis=kernel_basis())  # any tells what rounding costs
        return compute_windows(inputs, spec, run, conditions)


def _eight_bits(x: np.ndarray) -> np.ndarray:
    return np.rint(x.clip(0, 1) * 255).astype(np.uint8)
