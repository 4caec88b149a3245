"""Starts without Paddle: what building a network has found out is kept for the processes that come after.

To import Paddle takes most of the time from `python` to the first picture, and a graph that has been exported does not need it.
What predictors ask of a network and its spec is kept beside the graphs, as JSON, under a name that changes with all that it
depends on: the sources, the versions of packages, the processor, and what `load` was asked for. The weights are compared by
their hash, and the graph by its own.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Optional, Union

from .engines import available_engines
from .engines.cores import physical_cores
from .engines.folder import digest_of_sources, intact, own_folder, sha256
from .engines.openvino_graphs import machine
from .engines.runtime import Engine, Graph
from .files import whole_file
from .requirements import cpu_build
from .version import __version__

__all__ = ["Kept", "Later", "Start"]

logger = logging.getLogger(__name__)

# Goes up with any change of what is kept.
_LAYOUT = 1
_SOURCES = ("models", "engines", "weights", "api.py", "starts.py")
# Weights of other kinds are several files.
_ONE_FILE = (".pdparams", ".safetensors", ".pth", ".pt")
# The module in which users register networks of their own.
_REGISTRY = "paddle_cv.models.registry"


class Later:
    """Stands for an object of which some facts are known, and makes it when it is asked for something else.

    Args:
        facts: Attributes by their names.
        make: Gives the object.
    """

    def __init__(self, facts: Mapping[str, Any], make: Callable[[], Any]):
        vars(self).update(facts, _make=make)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what copying and pickling look for before there is anything
            raise AttributeError(name)
        return getattr(self._make(), name)

    @property
    def __class__(self) -> type:  # for isinstance
        return type(self._make())


class Kept(NamedTuple):
    """What an earlier process left: stand-ins for the network and its spec, and the engine."""

    network: Any
    spec: Any
    engine: Engine


class Start:
    """One call of `load`, for one network.

    Args:
        name: The network's name.
        weights: A weight file; None for the shipped or published one.
        engine: As `load` has it.
        device: As `load` has it.
        options: Further arguments of the predictor.
    """

    def __init__(
        self,
        name: str,
        weights: Optional[Union[str, Path]],
        engine: Any,
        device: str,
        options: Mapping[str, Any],
    ):
        self.name, self.weights, self.engine, self.device = name, weights, engine, device
        # With the registry, users may have changed networks or registered others: only this process knows those.
        self._untouched = _REGISTRY not in sys.modules
        self._began = time.time()
        threads, precision = options.get("threads"), options.get("precision")
        self._asked = [name, weights and str(Path(weights).absolute()), engine, device, threads, precision]

    @functools.cached_property
    def _file(self) -> Optional[Path]:
        """Where the facts are kept; None where this start cannot be repeated without Paddle."""
        paddle = cpu_build()  # with others `auto` may be a GPU, which Paddle alone knows
        if (
            not self._untouched
            or paddle is None
            or not isinstance(self.engine, str)
            or self.device not in ("auto", "cpu")
        ):
            return None
        installed = available_engines()
        facts = [_LAYOUT, __version__, paddle, installed, physical_cores(), digest_of_sources(*_SOURCES), *self._asked]
        if "openvino" in installed:
            facts.append(machine())
        return own_folder() / f"start-{hashlib.sha256(repr(facts).encode()).hexdigest()[:20]}.json"

    def find(self) -> Optional[Kept]:
        """What an earlier process left; None where none did, or something has changed since."""
        try:
            if self._file is None:
                return None
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            if kept["weights"] and sha256(Path(kept["weights"]["path"])) != kept["weights"]["sha256"]:
                return None
            graph = Graph(**{**kept["graph"], "folder": own_folder() / kept["graph"]["folder"]})
            if not intact(graph.folder):
                return None
            made = functools.cache(self._build)
            network = Later(_tuples(kept["network"]), lambda: made()[0])
            return Kept(network, Later(_tuples(kept["spec"]), lambda: made()[1]), graph.open())
        except (OSError, ValueError, KeyError, TypeError) as error:
            logger.debug("a start with Paddle: %r", error)
            return None

    def _build(self) -> tuple[Any, Any]:
        from .api import load_network

        return load_network(self.name, self.weights)

    def keep(self, network: Any, spec: Any, engine: Optional[Engine]) -> None:
        """Keeps what the next process needs, where its engine opens without the network."""
        try:
            if engine is None or engine.graph is None or self._file is None:
                return
            weights = self._weights(network, spec)
            content = {
                "weights": weights and {"path": str(weights), "sha256": sha256(weights)},
                "graph": {**vars(engine.graph), "folder": engine.graph.folder.name},
                "network": _facts(network),
                "spec": _facts(spec),
            }
            if engine.graph.folder.parent == self._file.parent:  # the cache took it
                with whole_file(self._file) as file:
                    file.write_text(json.dumps(content), encoding="utf-8")
        except (OSError, ValueError) as error:
            logger.debug("the next start will need Paddle as well: %r", error)

    def _weights(self, network: Any, spec: Any) -> Optional[Path]:
        """The file; None for networks without weights.

        Raises:
            ValueError: It is not a single file, or has been written since they were read.
        """
        from .weights import pretrained_weights

        if not network.state_dict():
            return None
        path = Path(self.weights).absolute() if self.weights else pretrained_weights(spec)
        if path.suffix not in _ONE_FILE or not path.is_file() or path.stat().st_mtime > self._began:
            raise ValueError(f"{path} is not a file that was there")
        return path


def _facts(thing: Any) -> dict[str, Any]:
    """The public attributes that JSON can hold."""
    values = {name: getattr(thing, name, None) for name in dir(thing) if not name.startswith("_")}
    return {name: value for name, value in values.items() if _plain(value)}


def _plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _plain(part) for key, part in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(_plain, value))
    return value is None or isinstance(value, (bool, int, float, str))


def _tuples(value: Any) -> Any:
    """What JSON has made lists of."""
    if isinstance(value, dict):
        return {key: _tuples(part) for key, part in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
