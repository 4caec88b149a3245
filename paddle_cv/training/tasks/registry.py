"""Which kind of training each task has; a file of this folder registers its own by the decorator `training_task`."""

from __future__ import annotations

from ...models.discovery import Table

__all__ = ["adversarial_task", "task_class", "training_task"]

#: The decorators that make a class the one that trains networks of tasks, alone or against a discriminator.
training_task: Table[str] = Table(__package__)
adversarial_task: Table[str] = Table(__package__)


def task_class(task: str, adversarial: bool = False) -> type:
    """The class that trains networks of a task.

    Raises:
        ValueError: There is none.
    """
    table = adversarial_task if adversarial else training_task
    kind = table.get(task)
    if kind is None:
        how = " against a discriminator" if adversarial else ""
        known = ", ".join(sorted(table.all()))
        raise ValueError(f"networks for {task.replace('_', ' ')} are not trained{how}; those for {known} are")
    return kind
