"""Super-resolution and denoising: random patches, a distance between pictures, PSNR and SSIM."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
import paddle
from omegaconf import DictConfig
from paddle.io import Dataset

from ...data import DegradedPatches, DenoisingPatches, SuperResolutionPatches, denoising_pairs, super_resolution_pairs
from ...data.imresize import imresize
from ...data.listing import list_pictures, split
from ...data.srmd import bicubic_degradation, kernel_basis
from ...inference.conditions import condition_inputs
from ...inference.windows import compute_windows
from ...metrics import denoising_scores, super_resolution_scores
from ...models import ModelSpec
from ..losses import LOSSES, mean_over_outputs
from ..optimizers import choose
from ..perceptual import PerceptualLoss
from .base import Task
from .registry import training_task

__all__ = ["RestorationTask"]

logger = logging.getLogger(__name__)

#: The PSNR in dB of a result that equals its target: infinite, but no mean or plot could have that.
_EQUAL = 100.0


@training_task("super_resolution", "denoising")
class RestorationTask(Task):
    """Networks from picture to picture."""

    def __init__(self, config: DictConfig, spec: ModelSpec):
        super().__init__(config, spec)
        self.distance = choose("loss", config.loss, LOSSES)
        perceptual = config.perceptual
        self.perceptual = None
        if perceptual.weight:
            distance = choose("perceptual.distance", perceptual.distance, LOSSES)
            self.perceptual = PerceptualLoss(perceptual.weights, list(perceptual.layers), distance)

    @cached_property
    def _files(self) -> tuple[list[Path], list[Path]]:
        """What is trained on, and what is measured on."""
        data, high = self.config.data, self.config.validation.high
        if not data.folders:
            raise ValueError("data.folders is empty: it names the folders of pictures")
        files = list_pictures(data.folders)
        return (files, list_pictures(high)) if high else split(files, data.validation_share)

    def make_dataset(self) -> Dataset:
        data, spec = self.config.data, self.spec
        shared = {
            "folders": self._files[0],
            "patch_size": data.patch_size,
            "seed": self.config.seed,
            "rescale": data.rescale,
        }
        if data.degradation and spec.extra_inputs:
            raise ValueError(
                f"data.degradation: {spec.name} is told how its input is degraded; it has data.noise_level"
            )
        if spec.task == "denoising":
            if data.degradation and data.noise_level:
                raise ValueError("data.degradation takes the place of data.noise_level, but both are given")
            return DenoisingPatches(
                noise_level=list(data.noise_level),
                grey=spec.in_channels == 1,
                degradation=data.degradation,
                **shared,
            )
        if "degradation" in spec.extra_inputs:
            levels = list(data.noise_level) if spec.extra_inputs["degradation"][0] == 16 else None
            return DegradedPatches(scale=spec.scale, noise_level=levels, **shared)
        return SuperResolutionPatches(
            scale=spec.scale,
            luminance=spec.in_channels == 1,
            enlarged=spec.enlarged_input,
            degradation=data.degradation or "bicubic",
            **shared,
        )

    @staticmethod
    def random_batch(spec: ModelSpec, batch_size: int, side: int | None) -> tuple[np.ndarray, np.ndarray, str, str]:
        random, side, scale = np.random.default_rng(0), side or 32, spec.scale or 1
        low = side * scale if spec.enlarged_input else side
        x = random.random((batch_size, spec.in_channels, low, low), np.float32)
        y = random.random((batch_size, spec.in_channels, side * scale, side * scale), np.float32)
        return x, y, "l1_loss", f"batch {batch_size} of {side} x {side} x {scale}"

    def loss(self, compute: Callable, batch: Sequence[paddle.Tensor], step: int) -> paddle.Tensor:
        *inputs, target = batch
        # A data set tells the noise level whether the network wants to know it or not.
        return self.compare(compute(*inputs[: 1 + len(self.spec.extra_inputs)]), target)

    def compare(self, outputs: Union[paddle.Tensor, Sequence[paddle.Tensor]], target: paddle.Tensor) -> paddle.Tensor:
        """The loss of what the network gives for a batch.

        Raises:
            ValueError: A perceptual loss of a network that is trained by several outputs.
        """
        if isinstance(outputs, (list, tuple)):
            if self.perceptual:
                raise ValueError(f"perceptual: {self.spec.name} is trained by several outputs, the loss is of one")
            return self.config.loss_weight * mean_over_outputs(self.distance, outputs, target)
        loss = self.config.loss_weight * self.distance(outputs, target)
        if self.perceptual:
            loss = loss + self.config.perceptual.weight * self.perceptual(outputs, target)
        return loss

    @property
    def validates(self) -> bool:
        return bool(self._files[1])

    @property
    def validation_size(self) -> int:
        return len(self._pictures)

    def validate(self, compute: Callable, part: int, parts: int) -> dict[str, list[float]]:
        pictures = self._pictures[part::parts]
        return _columns(self._scores(self._result(compute, picture, target), target) for _, picture, target in pictures)

    def baseline(self) -> tuple[str, dict[str, list[float]]]:
        """Bicubic interpolation, or what a denoiser gets."""
        name = "noisy" if self.spec.task == "denoising" else "bicubic"
        rows = []
        for _, picture, target in self._pictures:
            unprocessed = np.rint(picture.clip(0, 1) * 255).astype(np.uint8)
            if self.spec.task != "denoising":
                unprocessed = imresize(unprocessed, self.spec.scale)
            rows.append(self._scores(unprocessed.reshape(target.shape), target))
        return name, _columns(rows)

    def _scores(self, result: np.ndarray, target: np.ndarray) -> dict[str, float]:
        if self.spec.task == "denoising":
            scores = denoising_scores(result, target)
        else:
            scores = super_resolution_scores(result, target, self.spec.scale)
        return {**scores, "psnr": min(scores["psnr"], _EQUAL)}

    def samples(self, compute: Callable) -> dict[str, np.ndarray]:
        results = {}
        for name, picture, target in self._pictures[:2]:
            result = self._result(compute, picture, target)
            results[name] = np.dstack([result] * 3) if result.ndim == 2 else result
        return results

    def _result(self, compute: Callable, picture: np.ndarray, target: np.ndarray) -> np.ndarray:
        def engine(*arrays: np.ndarray) -> np.ndarray:
            return compute(*(paddle.to_tensor(array) for array in arrays)).numpy()

        values = compute_windows(picture[None], self.spec, engine, self._conditions)[0]
        return np.rint(values.clip(0, 1) * 255).astype(np.uint8).reshape(target.shape)

    def finish(self, state: dict[str, Any]) -> dict[str, Any]:
        if "degradation" not in self.spec.extra_inputs:
            return state
        return {**state, "kernels.basis": kernel_basis().astype(np.float32)}

    @property
    def _noise_level(self) -> Optional[float]:
        """Of the validation, of 255."""
        given = self.config.validation.noise_level
        return float(np.mean(list(self.config.data.noise_level))) if given is None else given

    @cached_property
    def _conditions(self) -> list[np.ndarray]:
        wanted = self.spec.extra_inputs
        noise_level = self._noise_level if "sigma" in wanted else None
        degradation = bicubic_degradation(wanted["degradation"][0]) if "degradation" in wanted else None
        return condition_inputs(self.spec, noise_level, degradation)

    @cached_property
    def _pictures(self) -> list[tuple[str, np.ndarray, np.ndarray]]:
        """Name, input (H, W, C) float32 in [0, 1], target uint8, of all that can be measured on."""
        border = 0 if self.spec.task == "denoising" else self.spec.scale
        pictures, flat = [], []
        for name, picture, target in self._all_pictures():
            inner = target[border : target.shape[0] - border, border : target.shape[1] - border]
            (flat if (inner == inner[:1, :1]).all() else pictures).append((name, picture, target))
        if flat:
            names = ", ".join(name for name, _, _ in flat)
            logger.warning("left out of the validation, as there is nothing to measure on one colour: %s", names)
        if not pictures:
            raise ValueError("validation.high: every picture is of one colour, there is nothing to measure")
        return pictures

    def _all_pictures(self) -> list[tuple[str, np.ndarray, np.ndarray]]:
        options, spec, seed = self.config.validation, self.spec, self.config.seed
        # Pictures in `low` are degraded already; an own degradation beside them is an error.
        degradation = options.degradation or (None if options.low else self.config.data.degradation)
        if spec.task == "denoising":
            level = None if degradation else self._noise_level
            return list(denoising_pairs(self._files[1], level, spec.in_channels == 1, seed, degradation))
        return [
            (name, np.atleast_3d(low).astype(np.float32) / 255, high)
            for name, low, high in super_resolution_pairs(self._files[1], spec.scale, options.low, degradation, seed)
        ]


def _columns(rows: Iterable[dict[str, float]]) -> dict[str, list[float]]:
    rows = list(rows)
    return {key: [row[key] for row in rows] for key in ("psnr", "ssim")}
