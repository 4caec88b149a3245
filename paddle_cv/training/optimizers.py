"""Optimizers and learning rates by their names in a configuration, and the step that they take."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Optional

import paddle
from omegaconf import DictConfig
from paddle import nn

from ..weights import load_weights
from .checkpoint import optimizer_state, set_optimizer_state
from .distributed import average_gradients, average_statistics
from .soap import SOAP

__all__ = ["Learner", "choose", "freeze", "make_optimizer", "make_schedule", "precision"]


def choose(key: str, name: str, table: dict[str, Any]) -> Any:
    """`table[name]`.

    Raises:
        ValueError: It is not there; the message names the key of the configuration and what there is.
    """
    if name not in table:
        raise ValueError(f"{key}: there is no {name!r}, only {', '.join(table)}")
    return table[name]


def make_schedule(options: DictConfig, steps: int) -> paddle.optimizer.lr.LRScheduler:
    """The learning rate of a run of `steps`, as `OptimizerConfig` describes it: a function of the step alone.

    Raises:
        ValueError: There is no such schedule, or it lacks an option.
    """
    warmup = min(options.warmup_steps, max(steps // 2, 1))
    rate, last, left = options.learning_rate, options.final_rate, max(steps - warmup, 1)
    schedules = {
        "cosine": lambda step: (last + (rate - last) * (1 + math.cos(math.pi * min(step / left, 1))) / 2) / rate,
        "exponential": lambda step: (last / rate) ** min(step / left, 1),
        "step": lambda step: options.gamma ** (step // options.step_size),
        "multistep": lambda step: options.gamma ** bisect.bisect_right(sorted(options.milestones), step),
    }
    if options.schedule == "step" and not options.step_size:
        raise ValueError("optimizer.schedule: step needs optimizer.step_size")
    factor = choose("optimizer.schedule", options.schedule, schedules)

    def of_the_rate(step: int) -> float:
        # Never 0: a step without a rate would be lost, and clip_change divides by it.
        return (step + 1) / (warmup + 1) if step < warmup else factor(step - warmup)

    return paddle.optimizer.lr.LambdaDecay(rate, of_the_rate)


def make_optimizer(options: DictConfig, schedule: Any, network: nn.Layer) -> paddle.optimizer.Optimizer:
    """The optimizer of a network's parameters.

    Raises:
        ValueError: A name that does not exist, or options that exclude each other.
    """
    for prefix, factor in options.rate_factors.items():
        layers = _head(network) if prefix == "head" else prefix
        chosen = [p for name, p in network.named_parameters() if name.startswith(layers)]
        if not chosen:
            raise ValueError(f"optimizer.rate_factors: {type(network).__name__} has no parameter {prefix}*")
        for parameter in chosen:
            parameter.optimize_attr["learning_rate"] = factor
    if options.clip_norm and options.clip_change:
        raise ValueError("optimizer: clip_norm and clip_change exclude each other")
    clip = nn.ClipGradByGlobalNorm(options.clip_norm) if options.clip_norm else None
    if options.clip_change:
        clip = nn.ClipGradByValue(options.clip_change)  # divided by the learning rate before each step
    usual = (0.95, 0.95) if options.name == "soap" else (0.9, 0.99)
    betas = [own if given is None else given for given, own in zip((options.beta1, options.beta2), usual)]
    shared = {"parameters": network.parameters(), "grad_clip": clip}
    decay = options.weight_decay or None
    matrices = {p.name for p in network.parameters() if p.ndim > 1}
    optimizers = {
        "adam": lambda: paddle.optimizer.Adam(schedule, *betas, weight_decay=decay, **shared),
        "adamw": lambda: paddle.optimizer.AdamW(
            schedule,
            *betas,
            weight_decay=options.weight_decay,
            apply_decay_param_fun=matrices.__contains__,
            **shared,
        ),
        "soap": lambda: SOAP(schedule, *betas, weight_decay=decay, **shared),
        "sgd": lambda: paddle.optimizer.Momentum(
            schedule, options.momentum, use_nesterov=options.nesterov, weight_decay=decay, **shared
        ),
    }
    return choose("optimizer.name", options.name, optimizers)()


def _head(network: nn.Layer) -> tuple[str, ...]:
    """What the names of the parameters begin with that tell a classifier's classes apart."""
    return tuple(f"{name}." for name in getattr(network, "classifiers", ("head",)))


def freeze(network: nn.Layer, layers: Sequence[str]) -> None:
    """Keeps the parameters whose names begin with one of `layers` as they are.

    Raises:
        ValueError: The network has no such parameters.
    """
    for prefix in layers:
        chosen = [parameter for name, parameter in network.named_parameters() if name.startswith(prefix)]
        if not chosen:
            raise ValueError(f"model.frozen: {type(network).__name__} has no parameter {prefix}*")
        for parameter in chosen:
            parameter.stop_gradient = True


def precision(amp: Optional[str]) -> AbstractContextManager:
    """Within it, networks compute in `float16` or `bfloat16` where that is safe; None, and on CPUs: as they are."""
    return paddle.amp.auto_cast(enable=_is_mixed(amp), dtype=amp or "float16")


def _is_mixed(amp: Optional[str]) -> bool:
    return amp is not None and paddle.get_device() != "cpu"


class Learner:
    """A network and all that changes its weights: optimizer, learning rate, scaling of the loss.

    Args:
        network: The network.
        options: As `OptimizerConfig` describes them.
        steps: Of the whole run.
        amp: `float16`, `bfloat16` or None.

    Raises:
        ValueError: As `make_optimizer` and `make_schedule`.
    """

    def __init__(self, network: nn.Layer, options: DictConfig, steps: int, amp: Optional[str] = None):
        self.network, self.clip_change = network, options.clip_change
        self.schedule = make_schedule(options, steps)
        self.optimizer = make_optimizer(options, self.schedule, network)
        self.scaler = paddle.amp.GradScaler(enable=_is_mixed(amp) and amp == "float16")

    def step(self, loss: paddle.Tensor) -> None:
        """Changes the weights by the gradient of the loss, its mean over all processes."""
        self.scaler.scale(loss).backward()
        average_gradients(self.network.parameters())
        average_statistics(self.network)
        if self.clip_change:
            limit = self.clip_change / self.optimizer.get_lr()
            self.optimizer._grad_clip.min, self.optimizer._grad_clip.max = -limit, limit
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.clear_grad()
        self.schedule.step()

    def state(self) -> dict[str, Any]:
        """All that the next step depends on, but the data."""
        return {
            "weights": self.network.state_dict(),
            "optimizer": optimizer_state(self.optimizer, self.network),
            "scaler": self.scaler.state_dict(),
            "step": self.schedule.last_epoch,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Inverse of `state`; other keys are left alone."""
        load_weights(self.network, state["weights"])
        # The rate is that of the present configuration at this step, whatever it was before.
        optimizer = {key: value for key, value in state["optimizer"].items() if key != "LR_Scheduler"}
        set_optimizer_state(self.optimizer, self.network, optimizer)
        self.schedule.step(state["step"])
        if state["scaler"] and self.scaler.is_enable():
            self.scaler.load_state_dict(state["scaler"])
