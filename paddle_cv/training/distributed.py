"""Several processes, one for each device, that train one network.

Each takes its part of every batch; their gradients are averaged. With as many items in the batch, the run is the same as that of
one process, except for layers that look at the whole batch (batch normalisation sees its process' part).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import paddle
import paddle.distributed as dist

__all__ = ["average_gradients", "gather", "join", "rank", "share_weights", "world_size"]


def join() -> None:
    """Meets the other processes, if `python -m paddle.distributed.launch` has started this one."""
    if int(os.environ.get("PADDLE_TRAINERS_NUM", "1")) > 1 and not dist.is_initialized():
        dist.init_parallel_env()


def rank() -> int:
    """This process' number, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def world_size() -> int:
    """Number of processes."""
    return dist.get_world_size() if dist.is_initialized() else 1


@paddle.no_grad()
def average_gradients(parameters: Iterable[paddle.Tensor]) -> None:
    """Replaces the gradients by their mean over all processes; sent as one vector."""
    if world_size() == 1:
        return
    owners = [parameter for parameter in parameters if parameter.grad is not None]
    vector = paddle.concat([owner.grad.flatten() for owner in owners])
    dist.all_reduce(vector)
    parts = (vector / world_size()).split([owner.size for owner in owners])
    for owner, part in zip(owners, parts):
        owner.grad = part.reshape(owner.shape)


@paddle.no_grad()
def share_weights(tensors: Iterable[paddle.Tensor]) -> None:
    """Gives all processes the values of the first one."""
    if world_size() > 1:
        for tensor in tensors:
            dist.broadcast(tensor, src=0)


def gather(values: Any) -> list[Any]:
    """What each process has, in the order of the processes."""
    if world_size() == 1:
        return [values]
    everything: list[Any] = []
    dist.all_gather_object(everything, values)
    return everything
