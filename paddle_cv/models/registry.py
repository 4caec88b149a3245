"""The list of networks: what each name builds and all that is known about it."""

from __future__ import annotations

import fnmatch
import inspect
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Optional

from .spec import ModelSpec, PackagedWeights
from .suggest import suggest

if TYPE_CHECKING:
    from paddle import nn

__all__ = [
    "build_model",
    "detect_model",
    "list_aliases",
    "list_models",
    "model_spec",
    "networks",
    "pretrained_spec",
    "register_model",
    "register_weights",
]


logger = logging.getLogger(__name__)

# Hyperparameters that the name of a network says; the others are the author's.
_SAID_BY_NAMES = ("scale", "noise_level")

_SPECS: dict[str, ModelSpec] = {}
_ALIASES: dict[str, str] = {}
# Networks of the list with others' weights, by the names that the weights are known by.
_TAGGED: dict[str, ModelSpec] = {}


def register_model(
    name: str,
    network: type,
    *,
    scales: Sequence[int] = (),
    hub_modules: Optional[Mapping[Optional[int], str]] = None,
    alias: Optional[str] = None,
    hyperparameters: Optional[Mapping[str, Any]] = None,
    reference: Optional[str] = "{name}",
    spec: type[ModelSpec] = ModelSpec,
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
        spec: `ModelSpec`, or the class that a task adds its own facts in.
        **facts: Further fields of `spec`.

    Raises:
        ValueError: A name is taken already.
    """
    for scale in scales or (None,):
        suffix = "" if scale is None else f"_x{scale}"
        arguments = dict(hyperparameters or {}) if scale is None else {"scale": scale, **(hyperparameters or {})}
        registered = spec(
            name + suffix,
            network,
            arguments,
            reference=reference and reference.format(name=name + suffix, scale=scale),
            hub_module=(hub_modules or {}).get(scale),
            **({} if scale is None else {"scale": scale}),
            **facts,
        )
        for key in (registered.name, *([alias + suffix] if alias else [])):
            if key in _SPECS or key in _ALIASES:
                raise ValueError(f"the model name {key!r} is registered twice")
        _SPECS[registered.name] = registered
        if alias:
            _ALIASES[alias + suffix] = registered.name


def register_weights(name: str, model: str, packaged: PackagedWeights, **hyperparameters: Any) -> None:
    """Registers weights by a name of their own, for a network that is registered.

    Args:
        name: Such as `realesrgan_x4`.
        model: The network's registered name.
        packaged: The weights.
        **hyperparameters: Where they are for other ones than the name's.

    Raises:
        ValueError: The name is taken already.
    """
    if name in _SPECS or name in _ALIASES or name in _TAGGED:
        raise ValueError(f"the model name {name!r} is registered twice")
    spec = _SPECS[model].of_checkpoint({**_SPECS[model].hyperparameters, **hyperparameters})
    _TAGGED[name] = replace(spec, name=name, packaged=packaged)


def list_models(pattern: str = "*", task: Optional[str] = None, pretrained: Optional[bool] = None) -> list[str]:
    """Names of the registered networks, sorted.

    Args:
        pattern: Shell pattern such as `rdn*_x4`.
        task: Only networks of this task.
        pretrained: True: only those with weights, shipped or to be fetched, and the names of weights that are others' (such as
            `realesrgan_x4`); False: only those without; None: all networks.

    Raises:
        ValueError: There is no such task.
    """
    if task is not None and task not in (known := _tasks()):
        raise ValueError(f"there is no task {task!r}, only {', '.join(sorted(known))}")
    return sorted(
        spec.name
        for spec in [*_SPECS.values(), *(_TAGGED.values() if pretrained else ())]
        if fnmatch.fnmatchcase(spec.name, pattern)
        and (task is None or spec.task == task)
        and (pretrained is None or pretrained == spec.has_weights)
    )


def list_aliases() -> dict[str, str]:
    """Second names, and the names they stand for."""
    return dict(_ALIASES)


def _kinds() -> list[type[ModelSpec]]:
    kinds = [ModelSpec]
    for kind in kinds:
        kinds += kind.__subclasses__()
    return kinds


def _tasks() -> set[str]:
    """Those of the registered networks, and of kinds of networks that none is registered of yet."""
    return {spec.task for spec in _SPECS.values()}.union(*(kind.tasks() for kind in _kinds()))


def _of_modules() -> dict[str, ModelSpec]:
    """The networks by the names of their hub modules: that of the registration, or `<network>_<data set>`."""
    found = {}
    for spec in _SPECS.values():
        if spec.has_weights:
            found[spec.module_name] = spec
        for module in spec.bare_modules:
            found[module] = spec.of_checkpoint(spec.hyperparameters, hub_module=module)
    return found


def model_spec(name: str) -> ModelSpec:
    """The `ModelSpec` of a registered name, an alias or a hub module.

    Raises:
        KeyError: No such name; the message has the nearest ones.
    """
    name = _ALIASES.get(name, name)
    if name in _TAGGED:
        return _TAGGED[name]
    modules = {} if name in _SPECS else _of_modules()
    if name not in _SPECS and name not in modules:
        tasks = {known: spec.task for known, spec in {**modules, **_SPECS}.items()}
        tasks.update({tag: spec.task for tag, spec in _TAGGED.items()})
        tasks.update({alias: _SPECS[known].task for alias, known in _ALIASES.items()})
        pretrained = [known for known in tasks if pretrained_spec(known).has_weights]
        words = {task: words for kind in _kinds() for task, words in kind.words.items()}
        hint = suggest(name, tasks, pretrained, words)
        raise KeyError(f"there is no model {name!r}; {hint}")
    return _SPECS.get(name) or modules[name]


def pretrained_spec(name: str) -> ModelSpec:
    """The `ModelSpec` of the network whose weights a name stands for.

    It is that of `model_spec`, but where this has no weights and a hub module of the same name has some, the module's: the module
    `dncnn_gray_s25` ships a lighter network than the paper's, whose name this is as well.

    Raises:
        KeyError: No such name.
    """
    spec = model_spec(name)
    return spec if spec.has_weights else _of_modules().get(name, spec)


def build_model(name: str, **hyperparameters: Any) -> nn.Layer:
    """Builds a registered network with freshly initialised weights, in train mode.

    Args:
        name: Registered name, alias or hub module.
        **hyperparameters: Override those of the name.

    Raises:
        KeyError: No such name.
        TypeError: The network does not know a hyperparameter.
    """
    spec = model_spec(name)
    return spec.network(**{**spec.hyperparameters, **hyperparameters})


def detect_model(
    network: type, shapes: Mapping[str, Sequence[int]], stored: Mapping[str, int], named: Optional[ModelSpec] = None
) -> Optional[ModelSpec]:
    """Finds out which configuration of a network a state dict belongs to.

    Args:
        network: A class that is registered.
        shapes: Shape of each entry, under our names and in Paddle's layout.
        stored: Hyperparameters that no shape shows and the state dict has as entries of their own (`layers.store`).
        named: What somebody says that they are. Its scale and its noise level hold where no shape shows them.

    Returns:
        The registered spec, or one with other hyperparameters and the name `<class>_custom` where no registered configuration
        fits; None where the network does not recognise the entries. A hyperparameter that neither a shape nor an entry shows is
        that of the first configuration which agrees in all others.
    """
    found = network.detect(shapes)
    if found is None:
        return None
    said = {} if named is None or named.network is not network else named.hyperparameters
    named_facts = {key: said[key] for key in _SAID_BY_NAMES if key in said}
    kept = {key: value for key, value in stored.items() if key not in _SAID_BY_NAMES}
    found = {**stored, **named_facts, **found, **kept}
    num_classes = found.pop("num_classes", None)  # a classifier for other classes is still that classifier
    siblings = [spec for spec in _SPECS.values() if spec.network is network]
    defaults = {key: p.default for key, p in inspect.signature(network).parameters.items()}
    matches = [
        spec
        for spec in siblings
        if all(
            found.get(key, value) == value
            for key, value in {**defaults, **spec.hyperparameters}.items()
            if key != "num_classes"
        )
    ]
    if named is not None:
        matches.sort(key=lambda spec: spec.name != named.name)
    if len(matches) > 1 and (named is None or matches[0].name != named.name):
        names = [spec.name for spec in matches]
        others = f" and {len(names) - 5} more" if len(names) > 5 else ""
        logger.warning("these weights could be of %s%s; the first is taken", ", ".join(names[:5]), others)
    if matches and num_classes in (None, matches[0].hyperparameters.get("num_classes", defaults.get("num_classes"))):
        return matches[0]
    classes = {} if num_classes is None else {"num_classes": num_classes}
    if matches:
        return matches[0].of_checkpoint({**matches[0].hyperparameters, **classes})
    if "scale" in defaults and "scale" not in found and siblings[0].scale:
        found["scale"] = siblings[0].scale
        logger.warning("these weights do not show their scale; it is taken to be %d", found["scale"])
    return siblings[0].of_checkpoint(
        {**found, **classes},
        name=f"{network.__name__.lower()}_custom",
        summary="A configuration read from a checkpoint.",
    )


def networks() -> list[type]:
    """The registered classes, in the order of their registration."""
    return list(dict.fromkeys(spec.network for spec in _SPECS.values()))
