"""What predictors of all tasks declare."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from ..engines.runtime import Engine
from ..models import ModelSpec
from .registry import Option, Score
from .samples import Samples

__all__ = ["Predictor"]


class Predictor(ABC):
    """What does a task: images in, results out.

    Attributes:
        options: What programs, servers and pages let their users set.
        scores: What it is measured by, by name; the first one chooses the best weights of a training.
        samples: What its networks are tried on with fewer digits; None: they are not.
        shows: The kind of its results, for which pages have a tab: "image", "classes"; "": any `Result`.
        writes: The suffix of the files that its results are saved in by programs; "": these print `as_dict`.
        spec: What the network is.
        engine: What runs it; None where that is not one engine.
    """

    options: ClassVar[Sequence[Option]] = ()
    scores: ClassVar[Mapping[str, Score]] = {}
    samples: ClassVar[Samples | None] = None
    shows: ClassVar[str] = ""
    writes: ClassVar[str] = ""
    spec: ModelSpec
    engine: Engine | None = None

    @abstractmethod
    def predict(self, images: Any, **options: Any) -> Any:
        """The result of one image, or a list of those of several."""

    @abstractmethod
    def predict_each(self, images: Sequence[Any], **options: Any) -> Iterator[Any]:
        """For each image its `Result` or, where it failed, the exception."""
