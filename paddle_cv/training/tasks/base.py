"""What the training loop wants to know from a task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import paddle
from omegaconf import DictConfig
from paddle import nn
from paddle.io import Dataset

from ...inference.registry import predictor_class
from ...metrics import mean_score
from ...models import ModelSpec, build_model
from ..config import TrainConfig

__all__ = ["Task"]


class Task(ABC):
    """Data, loss and measurement of one run.

    A task may have further networks of its own, which `after_step` trains; `state` and `set_state` carry them through a checkpoint.

    Attributes:
        Config: The options of a run; a subclass of `TrainConfig` where the task has some of its own.
    """

    Config: type[TrainConfig] = TrainConfig

    def __init__(self, config: DictConfig, spec: ModelSpec):
        self.config, self.spec = config, spec

    @property
    def score(self) -> str:
        """The name of the measured value by which the best weights are chosen: the first one that the predictor declares."""
        return next(iter(predictor_class(self.spec.task).scores))

    def build_network(self) -> nn.Layer:
        return build_model(self.config.model.name, **self.config.model.hyperparameters)

    def new_layers(self, network: nn.Layer, weights: Path, named: ModelSpec | None) -> list[str]:
        """Layers, by the beginnings of their names, that do not start from given weights.

        Args:
            network: What is trained.
            weights: The file to start from.
            named: The network that the configuration names in its place.
        """
        return list(self.config.model.new_layers)

    @abstractmethod
    def make_dataset(self) -> Dataset:
        """Training items by any number from 0 on; has `epoch_size`, the items in one epoch."""

    @abstractmethod
    def loss(self, compute: Callable, batch: Sequence[paddle.Tensor], step: int) -> paddle.Tensor:
        """The loss of a batch; `compute` is the network, or what stands for it."""

    @staticmethod
    def random_batch(spec: ModelSpec, batch_size: int, side: int | None) -> tuple[np.ndarray, np.ndarray, str, str]:
        """Noise to measure the speed of training with: input, target, the loss by its name in Paddle, and the batch in words.

        Args:
            spec: What the network is.
            batch_size: Items.
            side: In pixels, of the input; None: as is usual.
        """
        raise ValueError(f"{spec.name}: for {spec.task.replace('_', ' ')} there is no training whose speed is measured")

    def begin(self, steps: int) -> None:  # noqa: B027 (most tasks have nothing to do here)
        """Called once before the first step, or before `set_state`, of a run of so many steps."""

    def after_step(self) -> None:  # noqa: B027
        """Called when the network has learned from the batch that `loss` was called with last."""

    def networks(self) -> Sequence[nn.Layer]:
        """Those that are trained beside the network of the configuration."""
        return ()

    def scalars(self) -> dict[str, float]:
        """Values of the last step that are logged beside its loss, by name."""
        return {}

    def state(self) -> dict[str, Any]:
        """What the next step depends on beside the network, for the checkpoint."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:  # noqa: B027
        """Inverse of `state`.

        Raises:
            ValueError: It is the state of another kind of training.
        """

    @property
    @abstractmethod
    def validates(self) -> bool:
        """Whether there is something to measure on."""

    @property
    def validation_size(self) -> int:
        """The number of items that are measured, or else in how many parts they may be."""
        return 20

    def baseline(self) -> tuple[str, dict[str, list[float]]]:
        """What does without a network, by name, and its values as `validate` has them; no values where there is nothing such."""
        return "", {}

    @abstractmethod
    def validate(self, compute: Callable, part: int, parts: int) -> dict[str, list[float]]:
        """Measures the items `part`, `part + parts`, ...: the values of each, by name."""

    def combine(self, scores: dict[str, list[float]]) -> dict[str, float]:
        """What is told of the values of all items: the mean of each score. Items that a score says nothing of have none."""
        return {key: mean_score(values) for key, values in scores.items()}

    def samples(self, compute: Callable) -> dict[str, np.ndarray]:
        """A few pictures to look at, (H, W, 3) uint8, by name."""
        return {}

    def finish(self, state: dict[str, Any]) -> dict[str, Any]:
        """What is saved of a network's state dict for its users."""
        return state
