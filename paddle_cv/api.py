"""The functions of `import paddle_cv as pcv` that give networks."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional, Union

from paddle import nn

from .models import LabelledSpec, ModelSpec, build_model, model_spec, pretrained_spec
from .models.layers import STORED
from .weights import (
    class_names,
    converted_weights,
    fits,
    identify,
    load_weights,
    pretrained_weights,
    read_weights,
    trained_labels,
)

__all__ = ["create_model", "from_checkpoint", "load_network"]

logger = logging.getLogger(__name__)


def create_model(name: str, pretrained: Union[bool, str, Path] = False, **hyperparameters: Any) -> nn.Layer:
    """Builds a registered network, in train mode.

    Args:
        name: One of `list_models()`, for example `rdn_lite_x4`, or a hub module's, for example `resnet50_imagenet`.
        pretrained: True for the weights that this project ships or, where it ships none, that are published for it and fetched
            into the cache; or the path of a weight file: ours or the authors'.
        **hyperparameters: Override those of the name.

    Raises:
        KeyError: No such name.
        TypeError: An unknown hyperparameter.
        FileNotFoundError: `pretrained=True` and no weights are shipped or published, or they cannot be fetched (`FetchError`);
            no file at the path.
        ValueError: The weights do not fit.
    """
    spec = pretrained_spec(name) if pretrained is True else model_spec(name)
    network = build_model(spec.name, **hyperparameters)
    if pretrained:
        path = pretrained_weights(spec) if pretrained is True else Path(pretrained)
        load_weights(network, read_weights(path, network))
    return network


def from_checkpoint(path: Union[str, Path]) -> tuple[nn.Layer, ModelSpec]:
    """Builds the network that a weight file is for; family, scale and hyperparameters are read from its entries.

    Args:
        path: A weight file with our names or those of the authors.

    Returns:
        The network in eval mode with the weights loaded, and what it is.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It cannot be read, or belongs to no network known here.
    """
    return _network_of(path)[:2]


def _network_of(
    path: Union[str, Path], named: Optional[ModelSpec] = None
) -> tuple[nn.Layer, ModelSpec, Mapping[str, Any]]:
    spec, state = identify(path, named)
    network = spec.network(**spec.hyperparameters)
    load_weights(network, state)
    network.eval()
    return network, _with_class_names(spec, state), state


def load_network(name: str, weights: Optional[Union[str, Path]] = None) -> tuple[nn.Layer, ModelSpec]:
    """The network of a name with weights, in eval mode.

    Args:
        name: A registered name, or a hub module's.
        weights: A weight file, ours or the authors'; None for the shipped or published one. Where it is not for the name's own
            configuration, the configuration is read from it: it may be any of the same family and scale. What the file does not
            show, such as the scale of networks that are the same at all scales, or a noise level, is what the name says.

    Returns:
        The network, and what it is.

    Raises:
        KeyError: No such name.
        FileNotFoundError: No weights are shipped or published for it, they cannot be fetched (`FetchError`), or no file at
            `weights`.
        ValueError: The file cannot be read, or is for another family or scale.
    """
    spec = model_spec(name) if weights else pretrained_spec(name)
    network = spec.network(**spec.hyperparameters)
    network.eval()
    if not network.state_dict():  # interpolation has nothing to load
        return network, spec
    path = Path(weights) if weights else pretrained_weights(spec)
    state = converted_weights(path, network)
    if fits(state, network):
        _warn_of_other_facts(path, network, state)
        load_weights(network, state)
        return network, _with_class_names(spec, state)
    network, found, state = _network_of(path, spec)
    if not spec.does_the_same(found):
        factor = "" if found.scale is None else f" (x{found.scale})"
        raise ValueError(f"{path} holds {found.name}{factor}, and {spec.name} was asked for")
    _warn_of_other_facts(path, network, state)
    return network, found


def _warn_of_other_facts(path: Path, network: nn.Layer, state: Mapping[str, Any]) -> None:
    """Where a file says that its weights are for another scale or noise level than they are used for."""
    for key, value in network.state_dict().items():
        if key.startswith(STORED) and key in state and state[key].size == 1 and state[key].item() != value.item():
            fact, own = key[len(STORED) :].replace("_", " "), value.item()
            logger.warning("%s is for the %s %g; it is used for %g, as was asked", path, fact, state[key].item(), own)


def _with_class_names(spec: ModelSpec, state: Mapping[str, Any]) -> ModelSpec:
    if not isinstance(spec, LabelledSpec):
        return spec
    names = class_names(state)
    if names is None:
        return replace(spec, class_names=())
    # A file that names its classes tells by itself whether it was trained on what the registered weights were.
    return replace(spec, class_names=tuple(names), labels=trained_labels(state))
