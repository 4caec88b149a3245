"""Segmentation: images with masks, losses of pixels and of regions, intersection over union."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Optional

import numpy as np
import paddle
import paddle.nn.functional as F
from omegaconf import DictConfig
from paddle import nn
from paddle.io import Dataset

from ...data.masks import FolderMasks, MaskedSet, VOCMasks
from ...data.scenes import Variation
from ...data.segmentation import MaskedImages, background_files, network_input, seen_image
from ...metrics.segmentation import class_areas, foreground_iou, mean_iou
from ...models import ModelSpec
from ...weights import identify
from ..config import DataConfig, ModelConfig, TrainConfig
from ..optimizers import choose
from ..region_losses import REGION_LOSSES
from ..starting import find_weights
from .base import Task
from .registry import training_task

__all__ = ["SegmentationConfig", "SegmentationTask"]

#: Weight of what auxiliary heads give, as in PaddleSeg.
_AUXILIARY = 0.4


@dataclass
class SegmentationModel(ModelConfig):
    """`backbone_weights` is a classifier's weight file, or the name of a network whose weights are published: the backbone starts
    from it."""

    backbone_weights: Optional[str] = None


@dataclass
class SegmentationData(DataConfig):
    """`source` "folder": each of `folders` has the folders `images` and `masks`, whose files are matched by name.

    Where the network tells one foreground from the background, masks are grey, binary, or transparent; else their grey values, or
    places in a palette, are the numbers of the classes, and 255 is unknown. "voc2012": `folders`[0] is PASCAL's archive; without
    one it is downloaded. `validation_share` of the images is measured on. Items are squares of `patch_size` pixels, varied as
    `variation` says; for composites `backgrounds` names folders, files or patterns of photographs without foreground.
    """

    patch_size: int = 192
    variation: Variation = field(default_factory=Variation)
    backgrounds: list[str] = field(default_factory=list)


@dataclass
class SegmentationConfig(TrainConfig):
    """`losses` gives each of the losses in `paddle_cv.training.region_losses` that counts its weight."""

    model: SegmentationModel = field(default_factory=SegmentationModel)
    data: SegmentationData = field(default_factory=SegmentationData)
    losses: dict[str, float] = field(default_factory=lambda: {"cross_entropy": 1.0})


def _folder_parts(folders: Sequence[str], share: float) -> tuple[MaskedSet, MaskedSet]:
    if not folders:
        raise ValueError("data.folders is empty: each of its folders has images/ and masks/ in it")
    return FolderMasks(folders).parts(share)


def _voc_parts(folders: Sequence[str], share: float) -> tuple[MaskedSet, MaskedSet]:
    archive = folders[0] if folders else None
    return VOCMasks(archive, "train"), VOCMasks(archive, "valid")


_SOURCES = {"folder": _folder_parts, "voc2012": _voc_parts}


@training_task("segmentation")
class SegmentationTask(Task):
    """Networks from images to maps of classes."""

    Config = SegmentationConfig

    def __init__(self, config: DictConfig, spec: ModelSpec):
        super().__init__(
            config, replace(spec, hyperparameters={**spec.hyperparameters, **config.model.hyperparameters})
        )
        self.losses = [
            (choose("losses", name, REGION_LOSSES), weight) for name, weight in config.losses.items() if weight
        ]
        read = choose("data.source", config.data.source, _SOURCES)
        self.train, self.test = read(list(config.data.folders), config.data.validation_share)

    @cached_property
    def num_classes(self) -> int:
        """Of the maps; one map tells the foreground from the background."""
        return max(self.spec.num_classes, 2)

    @property
    def tells_foreground(self) -> bool:
        """Whether there is one foreground, whose opacity the masks hold."""
        return self.num_classes == 2 and self.spec.foreground is not None

    @property
    def score(self) -> str:
        return "iou" if self.tells_foreground else "miou"

    def build_network(self) -> nn.Layer:
        network = super().build_network()
        if self.config.model.backbone_weights:
            path, named = find_weights(self.config.model.backbone_weights)
            found, state = identify(path, named)
            own = network.backbone.state_dict()
            fitting = {key: value for key, value in state.items() if key in own and own[key].shape == [*value.shape]}
            if len(fitting) < len(own):
                raise ValueError(
                    f"model.backbone_weights: {path}, of {found.name}, has {len(fitting)} of the {len(own)} entries of "
                    f"the backbone of {self.spec.name}"
                )
            network.backbone.set_state_dict(fitting)
        return network

    def make_dataset(self) -> Dataset:
        data = self.config.data
        return MaskedImages(
            self.train,
            self.spec,
            data.patch_size,
            classes=not self.tells_foreground,
            variation=Variation(**data.variation),
            backgrounds=background_files(data.backgrounds),
            seed=self.config.seed,
        )

    def loss(self, compute: Callable, batch: Sequence[paddle.Tensor], step: int) -> paddle.Tensor:
        images, masks = batch
        target = self._shares(masks)
        outputs = compute(images)
        main, *others = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        return self._compare(main, target) + _AUXILIARY * sum(self._compare(output, target) for output in others)

    def _shares(self, masks: paddle.Tensor) -> paddle.Tensor:
        """What the losses compare with, of masks (N, H, W) uint8."""
        if self.tells_foreground:
            opacity = masks.astype("float32").unsqueeze(1) / 255
            shares = [1 - opacity, opacity]
            return paddle.concat(shares if self.spec.foreground else shares[::-1], axis=1)
        classes = masks.astype("int64")
        shares = F.one_hot(classes.clip(max=self.num_classes - 1), self.num_classes).transpose([0, 3, 1, 2])
        return shares * (classes < self.num_classes).unsqueeze(1).astype("float32")

    def _compare(self, output: paddle.Tensor, target: paddle.Tensor) -> paddle.Tensor:
        logits = self._logits(output)
        return sum(weight * loss(logits, target) for loss, weight in self.losses)

    def _logits(self, output: paddle.Tensor) -> paddle.Tensor:
        """Of all classes: one map is that of the foreground."""
        output = output.astype("float32")
        if self.spec.output == "probability":
            output = paddle.logit(output, eps=1e-6)
        return paddle.concat([paddle.zeros_like(output), output], axis=1) if output.shape[1] == 1 else output

    @property
    def validates(self) -> bool:
        return len(self.test) > 0

    @property
    def validation_size(self) -> int:
        return len(self.test)

    def validate(self, compute: Callable, part: int, parts: int) -> dict[str, list[float]]:
        scores: dict[str, list[float]] = {}
        for number in range(part, len(self.test), parts):
            image, mask = self.test.read(number, classes=not self.tells_foreground)
            result = self._result(compute, image)
            target = (mask >= 128).astype(np.uint8) if self.tells_foreground else mask
            both, union = class_areas(result, target, self.num_classes)
            row = {f"both {label}": area for label, area in enumerate(both)}
            row |= {f"union {label}": area for label, area in enumerate(union)}
            row["pixel_accuracy"] = float((result == target)[target < self.num_classes].mean())
            if self.tells_foreground:
                row["iou"] = foreground_iou(result == 1, target == 1)
            for key, value in row.items():
                scores.setdefault(key, []).append(float(value))
        return scores

    def combine(self, scores: dict[str, list[float]]) -> dict[str, float]:
        """The mean intersection over union counts the pixels of all images together; `iou` is the foreground's, by image."""
        areas = [[sum(scores[f"{what} {label}"]) for label in range(self.num_classes)] for what in ("both", "union")]
        shown = {key: values for key, values in scores.items() if key in ("iou", "pixel_accuracy")}
        return {**super().combine(shown), "miou": mean_iou(np.array(areas))}

    def _result(self, compute: Callable, image: np.ndarray) -> np.ndarray:
        """The class numbers (H, W) uint8; 1 is the foreground where there is one."""
        seen = network_input(seen_image(image, self.spec), self.spec)
        logits = F.interpolate(self._logits(compute(paddle.to_tensor(seen[None]))), image.shape[:2], mode="bilinear")
        labels = logits.argmax(1)[0].numpy().astype(np.uint8)
        return (labels == self.spec.foreground).astype(np.uint8) if self.tells_foreground else labels

    def samples(self, compute: Callable) -> dict[str, np.ndarray]:
        """What is found not to be foreground is darkened; maps of classes have the colours of PASCAL VOC."""
        results = {}
        for number in range(min(2, len(self.test))):
            image, _ = self.test.read(number, classes=not self.tells_foreground)
            labels = self._result(compute, image)
            if self.tells_foreground:
                shown = np.where(labels[..., None] == 1, image, image // 4)
            else:
                shown = np.asarray(self.spec.palette, np.uint8)[labels]
            results[self.test.name(number)] = shown
        return results
