"""Optimizers and learning rates by their names in a configuration."""

from __future__ import annotations

from typing import Any

import paddle
from omegaconf import DictConfig
from paddle import nn

__all__ = ["choose", "make_optimizer", "make_schedule"]


def choose(key: str, name: str, table: dict[str, Any]) -> Any:
    """`table[name]`.

    Raises:
        ValueError: It is not there; the message names the key of the configuration and what there is.
    """
    if name not in table:
        raise ValueError(f"{key}: there is no {name!r}, only {', '.join(table)}")
    return table[name]


def make_schedule(options: DictConfig, steps: int) -> paddle.optimizer.lr.LRScheduler:
    """The learning rate of a run of `steps`, as `OptimizerConfig` describes it."""
    warmup = min(options.warmup_steps, max(steps // 2, 1))
    rate, left = options.learning_rate, max(steps - warmup, 1)
    lr = paddle.optimizer.lr
    schedules = {
        "cosine": lambda: lr.CosineAnnealingDecay(rate, T_max=left, eta_min=options.final_rate),
        "exponential": lambda: lr.ExponentialDecay(rate, (options.final_rate / rate) ** (1 / left)),
        "multistep": lambda: lr.MultiStepDecay(rate, list(options.milestones), options.gamma),
    }
    schedule = choose("optimizer.schedule", options.schedule, schedules)()
    return lr.LinearWarmup(schedule, warmup, 0.0, rate) if warmup else schedule


def make_optimizer(options: DictConfig, schedule: Any, network: nn.Layer) -> paddle.optimizer.Optimizer:
    """The optimizer of a network's parameters.

    Raises:
        ValueError: A name that does not exist, or options that exclude each other.
    """
    for prefix, factor in options.rate_factors.items():
        chosen = [p for name, p in network.named_parameters() if name.startswith(prefix)]
        if not chosen:
            raise ValueError(f"optimizer.rate_factors: {type(network).__name__} has no parameter {prefix}*")
        for parameter in chosen:
            parameter.optimize_attr["learning_rate"] = factor
    if options.clip_norm and options.clip_change:
        raise ValueError("optimizer: clip_norm and clip_change exclude each other")
    clip = nn.ClipGradByGlobalNorm(options.clip_norm) if options.clip_norm else None
    if options.clip_change:
        clip = nn.ClipGradByValue(options.clip_change)  # divided by the learning rate before each step
    shared = {"parameters": network.parameters(), "grad_clip": clip}
    decay = options.weight_decay or None
    matrices = {p.name for p in network.parameters() if p.ndim > 1}
    optimizers = {
        "adam": lambda: paddle.optimizer.Adam(schedule, options.beta1, options.beta2, weight_decay=decay, **shared),
        "adamw": lambda: paddle.optimizer.AdamW(
            schedule,
            options.beta1,
            options.beta2,
            weight_decay=options.weight_decay,
            apply_decay_param_fun=matrices.__contains__,
            **shared,
        ),
        "sgd": lambda: paddle.optimizer.Momentum(
            schedule, options.momentum, use_nesterov=options.nesterov, weight_decay=decay, **shared
        ),
    }
    return choose("optimizer.name", options.name, optimizers)()
