"""What the page can choose from."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional, Union

from ..api import load
from ..data import label_names
from ..models import LabelledSpec, ModelSpec, list_models, model_spec
from ..weights import cached_path, shipped_weights

__all__ = ["Network", "networks_at_hand", "own_network"]


@dataclass
class Network:
    """A network by the name that the page shows; its predictor is made when it is first wanted.

    Attributes:
        name: In the menus.
        spec: What it is.
        make: Makes the predictor.
    """

    name: str
    spec: ModelSpec
    make: Callable[[], Any]
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
        spec, digits = self.spec, label_names("mnist")
        return isinstance(spec, LabelledSpec) and spec.labels == "mnist" and tuple(spec.class_names or digits) == digits

    @property
    def told_noise(self) -> bool:
        """Whether it has to be told the noise level."""
        return "sigma" in self.spec.extra_inputs

    @property
    def about(self) -> str:
        """What it is, in a line."""
        return self.spec.paper or self.spec.summary


def networks_at_hand() -> list[Network]:
    """The networks whose weights are here: those that this project ships, and published ones that have been fetched.

    Those that enlarge come first: the page begins with the first of its menu, and few photographs want a denoiser.
    """
    found = []
    specs = map(model_spec, list_models(pretrained=True))
    for spec in sorted(specs, key=lambda spec: spec.task != "super_resolution"):
        if _weights(spec) is not None:
            found.append(Network(spec.name, spec, lambda name=spec.name: load(name)))
    return found


def _weights(spec: ModelSpec) -> Optional[Path]:
    """The file, without a download; whether it is the published one is checked when it is loaded."""
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
