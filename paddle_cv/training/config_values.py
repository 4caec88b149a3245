"""The values that keys of a configuration can have."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from omegaconf import DictConfig, OmegaConf

__all__ = ["check_values"]

#: Intervals, in the usual notation; of lists and mappings, that of each value in them.
_RANGES = {
    "adversarial.weight": "[0, inf)",
    "data.batch_size": "[1, 65536]",
    "data.mixup": "[0, inf)",
    "data.noise_level": "[0, 255]",
    "data.num_workers": "[0, 256]",
    "data.patch_size": "[1, 8192]",
    "data.rescale": "(0, 4]",
    "data.validation_share": "[0, 1)",
    "ema": "[0, 1)",
    "epochs": "(0, 1e9]",
    "label_smoothing": "[0, 1)",
    "log_every": "[1, inf)",
    "loss_weight": "[0, inf)",
    "optimizer.beta1": "[0, 1)",
    "optimizer.beta2": "[0, 1)",
    "optimizer.clip_change": "(0, inf)",
    "optimizer.clip_norm": "(0, inf)",
    "optimizer.final_rate": "[0, inf)",
    "optimizer.gamma": "(0, inf)",
    "optimizer.learning_rate": "(0, inf)",
    "optimizer.milestones": "[0, inf)",
    "optimizer.momentum": "[0, 1)",
    "optimizer.rate_factors": "[0, inf)",
    "optimizer.step_size": "[0, inf)",
    "optimizer.warmup_steps": "[0, inf)",
    "optimizer.weight_decay": "[0, inf)",
    "perceptual.weight": "[0, inf)",
    "save_every": "[1, inf)",
    "seed": "[0, 2147483647]",
    "steps": "[1, 1e9]",
    "validation.every": "[1, inf)",
    "validation.noise_level": "[0, 255]",
    "validation.patience": "[0, inf)",
}


def check_values(config: DictConfig) -> None:
    """Refuses values of the right type that no run can have.

    Raises:
        ValueError: A number is not finite or out of its range, or a name is not one of those there are; the message names the key.
    """
    for key, value in _numbers(OmegaConf.to_container(config)):
        if not math.isfinite(value):
            raise ValueError(f"{key} is {value}: it must be a finite number")
    for key, interval in _RANGES.items():
        chosen = OmegaConf.select(config, key)
        chosen = chosen.values() if hasattr(chosen, "values") else chosen if hasattr(chosen, "__iter__") else [chosen]
        for value in chosen:
            if value is not None and not _within(value, interval):
                raise ValueError(f"{key} is {value}: it must be {_in_words(interval)}")
    if config.optimizer.schedule == "exponential" and config.optimizer.final_rate <= 0:
        raise ValueError(
            "optimizer.final_rate is 0: an exponential schedule does not get there, it must be more than 0"
        )
    if config.amp not in (None, "float16", "bfloat16"):
        raise ValueError(f"amp: there is no {config.amp!r}, only float16, bfloat16")


def _numbers(content: Any, key: str = "") -> Iterator[tuple[str, float]]:
    """All floating-point numbers, with the keys that lead to them."""
    if isinstance(content, float):
        yield key, content
    elif isinstance(content, dict):
        for name, value in content.items():
            yield from _numbers(value, f"{key}.{name}" if key else str(name))
    elif isinstance(content, list):
        for value in content:
            yield from _numbers(value, key)


def _bounds(interval: str) -> tuple[float, float]:
    low, high = interval[1:-1].split(", ")
    return float(low), float(high)


def _within(value: float, interval: str) -> bool:
    low, high = _bounds(interval)
    return (low <= value if interval[0] == "[" else low < value) and (
        value <= high if interval[-1] == "]" else value < high
    )


def _in_words(interval: str) -> str:
    low, high = _bounds(interval)
    words = f"{'at least' if interval[0] == '[' else 'more than'} {low:g}"
    if math.isfinite(high):
        words += f" and {'at most' if interval[-1] == ']' else 'less than'} {high:.10g}"
    return words
