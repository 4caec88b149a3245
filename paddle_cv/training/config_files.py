"""Configurations in YAML files, with inheritance and overrides."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ..data.listing import is_there
from ..files import whole_file
from ..models import model_spec
from .config import TrainConfig
from .config_values import check_values
from .configs import find_config, shown_name
from .tasks.registry import task_class

__all__ = ["config_text", "load_config", "save_config"]

logger = logging.getLogger(__name__)

#: Steps of a run that says neither how many nor how many epochs.
STEPS = 1000


def _read(path: Path, heirs: tuple[Path, ...] = ()) -> list[tuple[Path, dict[str, Any]]]:
    """A file after those it inherits from: `_base_` names another one by a path relative to it."""
    if path.resolve() in heirs:
        raise ValueError(f"{path} inherits from itself")
    config = OmegaConf.load(path)
    if not isinstance(config, DictConfig):
        raise ValueError(f"{path} is no mapping of keys to values")
    base = config.pop("_base_", None)
    before = [] if base is None else _read(path.parent / base, (*heirs, path.resolve()))
    return [*before, (path, OmegaConf.to_container(config))]


def _parse(overrides: Sequence[str]) -> dict[str, Any]:
    for override in overrides:
        if "=" not in override:
            raise ValueError(f"{override!r} is no KEY=VALUE")
    changes = OmegaConf.to_container(OmegaConf.from_dotlist(list(overrides)))
    if changes.get("steps") is not None and changes.get("epochs") is not None:
        raise ValueError("steps and epochs exclude each other")
    return changes


def _options(contents: Iterable[dict[str, Any]]) -> type:
    """What can be configured for the network that the last of these names."""
    models = (content.get("model") for content in contents)
    names = [model.get("name") for model in models if isinstance(model, dict) and isinstance(model.get("name"), str)]
    try:
        return task_class(model_spec(names[-1]).task).Config
    except (IndexError, KeyError, ValueError):  # whoever builds the network tells what is wrong with its name
        return TrainConfig


def _check_keys(content: dict[str, Any], options: type) -> None:
    """Names a key that does not exist, and the ones that it might have been meant for."""
    for key in _unknown(content, options):
        near = _nearest(key, options)
        raise ValueError(f"there is no key {key}" + (f"; did you mean {' or '.join(near)}?" if near else ""))


def _unknown(content: dict[str, Any], options: type, prefix: str = "") -> Iterator[str]:
    """The dotted keys that a dataclass and those in it do not have."""
    known = {option.name: option.default_factory for option in fields(options)}
    for key, value in content.items():
        if key in known and is_dataclass(known[key]) and isinstance(value, dict):
            yield from _unknown(value, known[key], f"{prefix}{key}.")
        elif key not in known:
            name = f"{prefix}{key}"
            while isinstance(value, dict) and len(value) == 1:  # what -o train.epochs=2 has become
                [(key, value)] = value.items()
                name += f".{key}"
            yield name


def _nearest(key: str, options: type) -> list[str]:
    """Keys that end in the same word; or else that look like the key, or their last words like its last."""

    def last(name: str) -> str:
        return name.rpartition(".")[2]

    known = list(_keys(options))
    words = difflib.get_close_matches(last(key), {last(name) for name in known}, n=2, cutoff=0.6)
    return (
        [name for name in known if last(name) == last(key)]
        or difflib.get_close_matches(key, known, n=2, cutoff=0.7)
        or [name for name in known if last(name) in words]
    )


def _keys(options: type, prefix: str = "") -> Iterator[str]:
    for option in fields(options):
        yield f"{prefix}{option.name}"
        if is_dataclass(option.default_factory):
            yield from _keys(option.default_factory, f"{prefix}{option.name}.")


def _with_lists(content: dict[str, Any], options: type) -> dict[str, Any]:
    """One value where a list is wanted is a list of one: `data.folders=my_photos`."""
    wanted = {
        option.name: option.default_factory for option in fields(options) if option.default_factory is not MISSING
    }
    result = dict(content)
    for key, value in content.items():
        if is_dataclass(wanted.get(key)) and isinstance(value, dict):
            result[key] = _with_lists(value, wanted[key])
        elif key in wanted and isinstance(wanted[key](), list) and isinstance(value, (str, int, float)):
            result[key] = [value]
    return result


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> DictConfig:
    """Reads a configuration.

    Args:
        path: YAML file, or the name of a configuration of this project; its key `_base_` names a file to inherit from.
        overrides: `key.subkey=value`, the values as in YAML.

    Returns:
        All keys of `TrainConfig`, or of its subclass for the network's task, interpolations such as `${oc.env:PADDLE_CV_DATA}`
        resolved; one of `steps` and `epochs` is None. `file` is the path, or what the file itself says: the `config.yaml` of a run
        folder names the configuration that the run was started with.

    Raises:
        FileNotFoundError: The file or its base is missing.
        ValueError: An unknown key, a missing value, or one of the wrong type or out of range; the message names file and key.
    """
    path = source = find_config(path)
    try:
        changes = _parse(overrides)
        contents = [*_read(path), (path, changes)]
        options = _options(content for _, content in contents)
        merged = OmegaConf.structured(options)
        for file, content in contents:
            source = file
            _check_keys(content, options)
            # The last one given counts; steps that come with epochs are an old run's default.
            if content.get("epochs") is not None:
                content = {**content, "steps": None}
            elif "steps" in content:
                merged.epochs = None
            merged = OmegaConf.merge(merged, _with_lists(content, options))
        source = path
        OmegaConf.resolve(merged)
        missing = OmegaConf.missing_keys(merged)
        if missing:
            raise ValueError(f"missing {', '.join(sorted(missing))}")
        if merged.epochs is None and merged.steps is None:
            merged.steps = STEPS
        check_values(merged)
    except FileNotFoundError:
        raise
    except Exception as error:  # OmegaConf's own errors, PyYAML's and plain ValueErrors
        raise ValueError(f"{source}: {error}") from error
    merged.file = merged.file or shown_name(path)
    _without_absent_test_set(merged, changes)
    return merged


def _without_absent_test_set(config: DictConfig, changes: dict[str, Any]) -> None:
    """Who names folders of their own need not have the test set that the file names."""
    high = config.validation.high
    own_data = "folders" in (changes.get("data") or {}) and "high" not in (changes.get("validation") or {})
    if own_data and high and not is_there(high):
        logger.warning("there is no %s: the validation takes %g of data.folders", high, config.data.validation_share)
        config.validation.high = config.validation.low = None


def config_text(config: DictConfig) -> str:
    """A configuration as YAML that `load_config` reads; of `steps` and `epochs` the one that counts."""
    content = OmegaConf.to_container(config)
    content = {key: value for key, value in content.items() if key not in ("steps", "epochs") or value is not None}
    return OmegaConf.to_yaml(OmegaConf.create(content))


def save_config(config: DictConfig, path: str | Path) -> None:
    """Writes `config_text` to a file."""
    with whole_file(path, durable=True) as temporary:
        temporary.write_text(config_text(config), encoding="utf-8")
