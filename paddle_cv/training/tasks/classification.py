"""Classification: pictures with labels, cross-entropy, accuracy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import paddle.nn.functional as F
from omegaconf import DictConfig, OmegaConf
from paddle import nn
from paddle.io import Dataset

from ...data.classification import LabelledPictures, read_class_parts, read_mnist
from ...data.labels import label_names
from ...data.preprocessing import standardise
from ...models import ModelSpec, build_model
from ...weights import class_names, read_state, with_class_names
from ..optimizers import choose
from .base import Task
from .registry import training_task

__all__ = ["ClassificationTask"]

#: Training and test part of what a folder has; the first one by the share that the second gets where it is no folder of its own.
_SOURCES = {
    "folder": read_class_parts,
    "mnist": lambda folder, share: (read_mnist(folder, train=True), read_mnist(folder, train=False)),
}
_VALIDATION_BATCH = 64


@training_task("classification")
class ClassificationTask(Task):
    """Networks from picture to class. The number of classes is that of the data."""

    def __init__(self, config: DictConfig, spec: ModelSpec):
        read = choose("data.source", config.data.source, _SOURCES)
        if len(config.data.folders) > 1:
            raise ValueError(f"data.folders has {len(config.data.folders)} folders: for {spec.task} it is one")
        folder = config.data.folders[0] if config.data.folders else None
        self.train, self.test = read(folder, config.data.validation_share)
        for name in self.train.classes:
            _check_name(name)
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

    def new_layers(self, network: nn.Layer, weights: Path, named: ModelSpec | None) -> list[str]:
        """Where the classes are others than those of the weights, the layers that tell them apart start anew."""
        given = super().new_layers(network, weights, named)
        known = class_names(read_state(weights))
        if known is None and named is not None and named.labels:
            known = list(label_names(named.labels))
        return given or ([] if known == self.train.classes else [f"{name}." for name in network.classifiers])

    def make_dataset(self) -> Dataset:
        return LabelledPictures(
            self.train,
            self.spec,
            augment=OmegaConf.to_container(self.config.data.augment),
            seed=self.config.seed,
        )

    @staticmethod
    def random_batch(spec: ModelSpec, batch_size: int, side: int | None) -> tuple[np.ndarray, np.ndarray, str, str]:
        random, side = np.random.default_rng(0), side or spec.input_size
        labels = random.integers(0, spec.hyperparameters.get("num_classes", 1000), batch_size)
        x = random.random((batch_size, spec.in_channels, side, side), np.float32)
        return x, labels, "cross_entropy", f"batch {batch_size} of {side} x {side}"

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
        return len(self.test) > 0

    @property
    def validation_size(self) -> int:
        return len(self.test)

    def baseline(self) -> tuple[str, dict[str, list[float]]]:
        usual = np.bincount(self.train.labels).argmax()
        return "the most frequent class", {"accuracy": [float(label == usual) for label in self.test.labels]}

    def state(self) -> dict[str, Any]:
        return {"classes": self.train.classes}

    def set_state(self, state: dict[str, Any]) -> None:
        if state.get("classes", self.train.classes) != self.train.classes:
            raise ValueError(f"the checkpoint is of the classes {state['classes']}, the data have {self.train.classes}")

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


def _check_name(name: str) -> None:
    """Names of classes are saved with the weights, as UTF-8.

    Raises:
        ValueError: The name of a folder is no such text: made by another system, in another encoding.
    """
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        shown = name.encode("utf-8", "surrogateescape")
        raise ValueError(
            f"the folder of a class has a name that is no UTF-8, {shown!r}: rename it "
            "(`unzip -O gbk` unpacks a zip file from a Chinese Windows)"
        ) from None
