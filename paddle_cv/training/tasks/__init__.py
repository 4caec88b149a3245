"""What is different between training one kind of network and another: data, loss and measurement."""

from __future__ import annotations

from omegaconf import DictConfig

from ...models import model_spec
from ..optimizers import choose
from .adversarial import AdversarialTask
from .base import Task
from .classification import ClassificationTask
from .restoration import RestorationTask

__all__ = ["Task", "make_task"]

_TASKS = {
    "super_resolution": RestorationTask,
    "denoising": RestorationTask,
    "classification": ClassificationTask,
}


def make_task(config: DictConfig) -> Task:
    """The task of a configuration's network.

    Raises:
        KeyError: There is no such network.
        ValueError: Networks of its task are not trained by this library, or not against a discriminator.
    """
    spec = model_spec(config.model.name)
    task = choose(f"the task of {spec.name}", spec.task, _TASKS)
    if config.adversarial.discriminator:
        if task is not RestorationTask:
            raise ValueError(f"adversarial.discriminator: {spec.name} makes no pictures that it could judge")
        task = AdversarialTask
    return task(config, spec)
