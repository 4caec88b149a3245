"""What is different between training one kind of network and another: data, loss and measurement."""

from __future__ import annotations

from omegaconf import DictConfig

from ...models import model_spec
from .base import Task
from .registry import task_class, training_task

__all__ = ["Task", "make_task", "training_task"]


def make_task(config: DictConfig) -> Task:
    """The task of a configuration's network.

    Raises:
        KeyError: There is no such network.
        ValueError: Networks of its task are not trained by this library, or not against a discriminator.
    """
    spec = model_spec(config.model.name)
    try:
        kind = task_class(spec.task, adversarial=bool(config.adversarial.discriminator))
    except ValueError as error:
        raise ValueError(f"{spec.name}: {error}") from None
    return kind(config, spec)
