"""Classification: pictures with labels, cross-entropy, accuracy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import paddle
import paddle.nn.functional as F
from omegaconf import DictConfig, OmegaConf
from paddle import nn
from paddle.io import Dataset

from ...data.classification import LabelledPictures, read_class_folders, read_mnist
from ...data.preprocessing import standardise
from ...models import ModelSpec, build_model
from ...weights import with_class_names
from ..optimizers import choose
from .base import Task
from .registry import training_task

__all__ = ["ClassificationTask"]

_SOURCES = {"folder": read_class_folders, "mnist": read_mnist}
_VALIDATION_BATCH = 64


@training_task("classification")
class ClassificationTask(Task):
    """Networks from picture to class. The number of classes is that of the data."""

    score = "accuracy"

    def __init__(self, config: DictConfig, spec: ModelSpec):
        read = choose("data.source", config.data.source, _SOURCES)
        folder = config.data.folders[0] if config.data.folders else None
        self.train, self.test = read(folder, True), read(folder, False)
        # What holds for the registered weights need not hold for those that are trained here.
        super().__init__(config, replace(spec, labels=self.train.source, class_names=tuple(self.train.classes)))
        if self.train.classes != self.test.classes:
            raise ValueError(f"{folder}: train has the classes {self.train.classes}, val has {self.test.classes}")

    def build_network(self) -> nn.Layer:
        network = build_model(
            self.config.model.name, **{"num_classes": len(self.train.classes), **self.config.model.hyperparameters}
        )
        if network.num_classes != len(self.train.classes):
            raise ValueError(f"num_classes is {network.num_classes}, the data have {len(self.train.classes)} classes")
        return network

    def new_layers(self, network: nn.Layer) -> list[str]:
        """Other classes than those of the weights: the layers that tell them apart start anew."""
        return super().new_layers(network) or [f"{name}." for name in network.classifiers]

    def make_dataset(self) -> Dataset:
        return LabelledPictures(
            self.train,
            self.spec,
            augment=OmegaConf.to_container(self.config.data.augment),
            seed=self.config.seed,
        )

    def loss(self, compute: Callable, batch: Sequence[paddle.Tensor], step: int) -> paddle.Tensor:
        pictures, labels = batch
        targets = F.one_hot(labels, len(self.train.classes))
        if self.config.data.mixup:
            rng = np.random.default_rng([self.config.seed, step])
            share = float(rng.beta(self.config.data.mixup, self.config.data.mixup))
            other = paddle.to_tensor(rng.permutation(len(labels)))
            pictures = share * pictures + (1 - share) * pictures[other]
            targets = share * targets + (1 - share) * targets[other]
        if self.config.label_smoothing:
            targets = F.label_smooth(targets, epsilon=self.config.label_smoothing)
        outputs = compute(pictures)
        if not isinstance(outputs, (list, tuple)):
            return F.cross_entropy(outputs, targets, soft_label=True)
        # Auxiliary heads count for less (Szegedy et al., "Going deeper with convolutions", CVPR 2015, section 5).
        main, *auxiliary = (F.cross_entropy(output, targets, soft_label=True) for output in outputs)
        return main + 0.3 * sum(auxiliary)

    @property
    def validates(self) -> bool:
        return True

    def validate(self, compute: Callable, part: int, parts: int) -> dict[str, list[float]]:
        scores: dict[str, list[float]] = {"accuracy": [], "loss": []}
        numbers = range(part, len(self.test), parts)
        for start in range(0, len(numbers), _VALIDATION_BATCH):
            chosen = numbers[start : start + _VALIDATION_BATCH]
            outputs = compute(paddle.to_tensor(np.stack([self._test_input(number) for number in chosen])))
            labels = paddle.to_tensor(np.asarray([self.test.labels[number] for number in chosen]))
            scores["accuracy"] += (outputs.argmax(1) == labels).astype("float32").tolist()
            scores["loss"] += F.cross_entropy(outputs, labels, reduction="none").flatten().tolist()
        return scores

    def _test_input(self, number: int) -> np.ndarray:
        if self._prepared[number] is None:
            self._prepared[number] = self.test.square(number, self.spec)
        return standardise(self._prepared[number], self.spec)

    @cached_property
    def _prepared(self) -> list:
        """The test pictures as they enter the network, but for their values: uint8, kept after the first look at them."""
        return [None] * len(self.test)

    def finish(self, state: dict[str, Any]) -> dict[str, Any]:
        return with_class_names(state, self.train.classes, self.train.source)
