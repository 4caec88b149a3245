"""What the page can choose from."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Optional, Union

from ..data import label_names
from ..inference.registry import predictor_class, predictors
from ..loading import load
from ..models import ModelSpec, list_models, model_spec
from ..weights import cached_path, pretrained_weights, shipped_weights
from .texts import Texts

__all__ = ["Network", "networks_at_hand", "networks_to_fetch", "own_network"]

# The page begins with this one, the best of those that are shipped.
_FIRST = "rdn_lite_x4"
#: The denoiser of the chain "clean and enlarge".
_CLEANER = "dncnn_lite_gray_s25"
# Of those that can be fetched the first: small and good.
_FIRST_TO_FETCH = "mobilenet_v2"


@dataclass
class Network:
    """A network by the name that the page shows; its predictor is made when it is first wanted.

    Attributes:
        name: In the menus.
        spec: What it is; of a chain, what its last network is.
        make: Makes the predictor.
        published: Whether the weights are those that somebody publishes; they may have to be fetched.
        cleans: Whether it is a chain that removes noise first.
    """

    name: str
    spec: ModelSpec
    make: Callable[[], Any]
    published: bool = False
    cleans: bool = False
    _predictor: Any = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def predictor(self) -> Any:
        with self._lock:
            if self._predictor is None:
                self._predictor = self.make()
        return self._predictor

    @property
    def task(self) -> str:
        return self.spec.task

    @property
    def reads_digits(self) -> bool:
        """Whether it names the ten digits of MNIST, white on black."""
        if getattr(self.spec, "labels", None) != "mnist":
            return False
        return tuple(self.spec.class_names or label_names("mnist")) == label_names("mnist")

    @property
    def shows(self) -> str:
        """The kind of its results, for which the page has a tab."""
        return "digits" if self.reads_digits else predictor_class(self.task).shows

    @property
    def about(self) -> str:
        """What it is, in a line."""
        return self.spec.paper or self.spec.summary

    @property
    def missing(self) -> bool:
        """Whether its weights would have to be fetched."""
        return self.published and self._predictor is None and _weights(self.spec) is None

    def fetch(self) -> None:
        """Fetches its weights.

        Raises:
            FileNotFoundError: They cannot be fetched.
        """
        pretrained_weights(self.spec)

    def title(self, texts: Texts) -> str:
        """What it does, and its name; an arrow before it where its weights would have to be fetched."""
        if self.cleans:
            does = texts.cleans_and_enlarges.format(scale=self.spec.scale)
        else:
            does = texts.reads_digits if self.reads_digits else self.spec.does(texts.code)
        return f"{'⤓ ' if self.missing else ''}{does} — {self.name}"


def networks_at_hand() -> list[Network]:
    """The networks whose weights are here: those that this project ships, and published ones that have been fetched.

    Those that enlarge come first: the page begins with the first of its menu, and few photographs want a denoiser. After the best
    of them stands the chain of a denoiser and this network.
    """
    specs = [spec for spec in _pretrained() if _weights(spec) is not None]
    specs.sort(key=lambda spec: (spec.name != _FIRST, not spec.scale, -(spec.scale or 0)))
    found = [
        Network(spec.name, spec, lambda name=spec.name: load(name), published=not spec.hub_module) for spec in specs
    ]
    if {_FIRST, _CLEANER} <= {spec.name for spec in specs}:
        chain = [_CLEANER, _FIRST]
        papers = "; ".join(model_spec(name).paper for name in chain)
        spec = replace(model_spec(_FIRST), name="+".join(chain), paper=papers)
        found.insert(1, Network(spec.name, spec, lambda: load(chain), cleans=True))
    return found


def networks_to_fetch() -> list[Network]:
    """Networks whose weights somebody publishes, and that are not here yet."""
    missing = [spec for spec in _pretrained() if _weights(spec) is None and spec.published]
    missing.sort(key=lambda spec: spec.name != _FIRST_TO_FETCH)
    return [Network(spec.name, spec, lambda name=spec.name: load(name), published=True) for spec in missing]


def _pretrained() -> list[ModelSpec]:
    """The networks with weights that there is a predictor for."""
    return [spec for spec in map(model_spec, list_models(pretrained=True)) if spec.task in predictors()]


def _weights(spec: ModelSpec) -> Optional[Path]:
    """The file, without a download; whether it is the published one is checked when it is loaded."""
    if spec.hub_module is None and spec.published is None:
        return None
    if spec.hub_module is None:
        path = cached_path(spec.published)
        return path if path.is_file() else None
    try:
        return shipped_weights(spec)
    except FileNotFoundError:
        return None


def own_network(name: str, weights: Optional[Union[str, Path]] = None) -> Network:
    """A network with the weights of a file.

    Args:
        name: A registered name.
        weights: The file, ours or the authors'; None: the shipped or published one, which is fetched.

    Raises:
        KeyError, FileNotFoundError, ValueError: As for `paddle_cv.load`.
    """
    predictor = load(name, weights)
    return Network(f"{name} ({Path(weights).name})" if weights else name, predictor.spec, lambda: predictor)
