"""The batches of a run, from the step at which it goes on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial

import numpy as np
import paddle
from paddle.io import BatchSampler, DataLoader, Dataset

from ..data.workers import end_with_parent
from .distributed import rank, world_size
from .interruption import leave_signals_to_parent

__all__ = ["read_batches"]


class _Remaining(BatchSampler):
    """Batches of consecutive item numbers, from the first that was not trained on; of each, this process' part."""

    def __init__(self, first: int, last: int, batch_size: int):
        self.first, self.last, self.batch_size = first, last, batch_size
        self.part = batch_size // world_size()

    def __iter__(self) -> Iterator[list[int]]:
        for step in range(self.first, self.last):
            start = step * self.batch_size + rank() * self.part
            yield list(range(start, start + self.part))

    def __len__(self) -> int:
        return max(self.last - self.first, 0)


def _belong_to(parent: int, _: int) -> None:
    """Makes a worker process leave signals to the run, and end with it."""
    leave_signals_to_parent()
    end_with_parent(parent)


def read_batches(
    dataset: Dataset, first: int, last: int, batch_size: int, workers: int
) -> Iterator[list[paddle.Tensor]]:
    """The batches of the steps `first` to `last`, without the latter.

    Args:
        dataset: Items by any number from 0 on.
        first: Steps that were trained already.
        last: Steps of the whole run.
        batch_size: Of all processes together.
        workers: Processes that prepare the batches of this one; 0: it does so itself.
    """
    sampler = _Remaining(first, last, batch_size)
    if not workers:
        # Without workers Paddle's loader reads in a thread, and waits for ever where an item raises an exception.
        for numbers in sampler:
            yield [paddle.to_tensor(np.stack(part)) for part in zip(*(dataset[number] for number in numbers))]
        return
    loader = DataLoader(
        dataset,
        batch_sampler=sampler,
        num_workers=workers,
        persistent_workers=True,
        worker_init_fn=partial(_belong_to, os.getpid()),
    )
    step = first
    try:
        for batch in loader:
            yield batch
            step += 1
    except SystemError:
        # Paddle's loader does not tell what was wrong with an item. Reading it here does; workers are so far ahead.
        for numbers in _Remaining(step, min(step + 2 * workers + 1, last), batch_size):
            for number in numbers:
                dataset[number]
        raise
