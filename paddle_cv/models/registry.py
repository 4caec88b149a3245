"""The list of networks: what each name builds and all that is known about it."""

from __future__ import annotations

import difflib
import fnmatch
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from paddle import nn

__all__ = ["ModelSpec", "build_model", "detect_model", "list_aliases", "list_models", "model_spec", "register_model"]


@dataclass(frozen=True)
class ModelSpec:
    """What users, predictors, the converter and the documentation need to know about one registered network.

    Attributes:
        name: Registered name, for example `rdn_lite_x4`.
        network: The `paddle.nn.Layer` class that the name builds.
        hyperparameters: Keyword arguments of `network` for this name.
        task: `super_resolution`, `denoising`, `classification`, ...
        paper: Authors, title, venue and year.
        summary: One sentence on this configuration.
        scale: Enlargement factor; None where a network does not enlarge.
        in_channels: Channels of the network's input: 3 for RGB, 1 for the luminance Y of BT.601.
        enlarged_input: Whether the network takes the picture already enlarged (bicubic) to the size of its output.
        extra_inputs: Names of further arguments of `forward`, and their shapes without the batch, such as the noise level.
        value_range: Smallest and largest value of the input.
        reference: The golden fixture in tests/reference that the network agrees with; None where no reference
            implementation exists.
        hub_module: The folder below `hub_modules` that ships this network's weights; None where none are shipped.
    """

    name: str
    network: type
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    task: str = "super_resolution"
    paper: str = ""
    summary: str = ""
    scale: Optional[int] = None
    in_channels: int = 3
    enlarged_input: bool = False
    extra_inputs: Mapping[str, Sequence[int]] = field(default_factory=dict)
    value_range: tuple = (0.0, 1.0)
    reference: Optional[str] = None
    hub_module: Optional[str] = None


_SPECS: dict[str, ModelSpec] = {}
_ALIASES: dict[str, str] = {}


def register_model(
    name: str,
    network: type,
    *,
    scales: Sequence[int] = (),
    hub_modules: Optional[Mapping[Optional[int], str]] = None,
    alias: Optional[str] = None,
    hyperparameters: Optional[Mapping[str, Any]] = None,
    reference: Optional[str] = "{name}",
    **facts: Any,
) -> None:
    """Registers one configuration of a network, at each of `scales` under `<name>_x<scale>`.

    Args:
        name: Name without the scale.
        network: The Layer class; it is called with `hyperparameters`, and with `scale` where there are `scales`.
        scales: Enlargement factors; empty for networks that do not enlarge.
        hub_modules: For each scale whose weights are shipped, the hub module that carries them.
        alias: A second name (without the scale) under which the same configuration is found.
        hyperparameters: Keyword arguments of this configuration.
        reference: The golden fixture, in which {name} and {scale} are filled in; None: there is none.
        **facts: Further fields of `ModelSpec`.

    Raises:
        ValueError: A name is taken already.
    """
    for scale in scales or (None,):
        suffix = "" if scale is None else f"_x{scale}"
        arguments = dict(hyperparameters or {}) if scale is None else {"scale": scale, **(hyperparameters or {})}
        spec = ModelSpec(
            name + suffix,
            network,
            arguments,
            scale=scale,
            reference=reference and reference.format(name=name + suffix, scale=scale),
            hub_module=(hub_modules or {}).get(scale),
            **facts,
        )
        for key in (spec.name, *([alias + suffix] if alias else [])):
            if key in _SPECS or key in _ALIASES:
                raise ValueError(f"the model name {key!r} is registered twice")
        _SPECS[spec.name] = spec
        if alias:
            _ALIASES[alias + suffix] = spec.name


def list_models(pattern: str = "*", task: Optional[str] = None, pretrained: Optional[bool] = None) -> list[str]:
    """Names of the registered networks, sorted.

    Args:
        pattern: Shell pattern such as `rdn*_x4`.
        task: Only networks of this task.
        pretrained: True: only those with shipped weights, False: only those without, None: all.
    """
    return sorted(
        spec.name
        for spec in _SPECS.values()
        if fnmatch.fnmatchcase(spec.name, pattern)
        and (task is None or spec.task == task)
        and (pretrained is None or pretrained == (spec.hub_module is not None))
    )


def list_aliases() -> dict[str, str]:
    """Second names, and the names they stand for."""
    return dict(_ALIASES)


def model_spec(name: str) -> ModelSpec:
    """The `ModelSpec` of a registered name or alias.

    Raises:
        KeyError: No such name; the message has the nearest ones.
    """
    if name in _ALIASES:
        name = _ALIASES[name]
    if name not in _SPECS:
        near = difflib.get_close_matches(name, [*_SPECS, *_ALIASES], n=4, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else "paddle_cv.list_models() has all names"
        raise KeyError(f"there is no model {name!r}; {hint}")
    return _SPECS[name]


def build_model(name: str, **hyperparameters: Any) -> nn.Layer:
    """Builds a registered network with freshly initialised weights, in train mode.

    Args:
        name: Registered name or alias.
        **hyperparameters: Override those of the name.

    Raises:
        KeyError: No such name.
        TypeError: The network does not know a hyperparameter.
    """
    spec = model_spec(name)
    return spec.network(**{**spec.hyperparameters, **hyperparameters})


def detect_model(shapes: Mapping[str, Sequence[int]]) -> Optional[ModelSpec]:
    """Finds out from the names and shapes in a state dict which network it belongs to.

    Args:
        shapes: Shape of each entry, in Paddle's layout.

    Returns:
        The registered spec, or one with other hyperparameters and the name `<class>_custom` where the network is known
        but no registered configuration fits; None where no network recognises the entries.
    """
    for network in dict.fromkeys(spec.network for spec in _SPECS.values()):
        found = network.detect(shapes)
        if found is None:
            continue
        siblings = [spec for spec in _SPECS.values() if spec.network is network]
        defaults = {key: p.default for key, p in inspect.signature(network).parameters.items()}
        for spec in siblings:
            if {**defaults, **spec.hyperparameters} == {**defaults, **found}:
                return spec
        facts = {"scale": found.get("scale"), "in_channels": found.get("in_channels", siblings[0].in_channels)}
        return replace(
            siblings[0],
            name=f"{network.__name__.lower()}_custom",
            hyperparameters=found,
            summary="A configuration read from a checkpoint.",
            hub_module=None,
            **facts,
        )
    return None
