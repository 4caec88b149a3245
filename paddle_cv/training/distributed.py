"""Several processes, one for each device, that train one network.

Each takes its part of every batch; their gradients are averaged. With as many items in the batch, the run is the same as that of
one process, except for layers that look at the whole batch: batch normalisation sees its process' part, and its running statistics
are the mean of all processes'.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import paddle
import paddle.distributed as dist
from paddle import nn

__all__ = ["average_gradients", "average_statistics", "gather", "join", "rank", "share_weights", "world_size"]


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
    for owner, mean in zip(owners, _means([owner.grad for owner in owners])):
        owner.grad = mean


@paddle.no_grad()
def average_statistics(network: nn.Layer) -> None:
    """Replaces what a network learns otherwise than by gradients, the running statistics of batch normalisation, by their mean."""
    if world_size() == 1:
        return
    tensors = [value for value in network.state_dict().values() if value.stop_gradient and value.is_floating_point()]
    for tensor, mean in zip(tensors, _means(tensors)):
        paddle.assign(mean, tensor)


def _means(tensors: list[paddle.Tensor]) -> list[paddle.Tensor]:
    """The mean of each over all processes; they are sent as one vector."""
    if not tensors:
        return []
    vector = paddle.concat([tensor.flatten() for tensor in tensors])
    dist.all_reduce(vector)
    parts = (vector / world_size()).split([tensor.size for tensor in tensors])
    return [part.reshape(tensor.shape) for part, tensor in zip(parts, tensors)]


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
