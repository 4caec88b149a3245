"""What is in a picture: the most probable classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, Union

import numpy as np
from PIL import Image

from ..data import label_names
from ..data.preprocessing import middle_square, standardise, visible_image
from ..engines.openvino_graphs import Loss
from ..engines.runtime import Run, make_engine
from ..files import json_text, whole_file
from ..models import ModelSpec
from ..pictures import MAX_MEGAPIXELS, ImageError, Picture, open_picture
from ..pictures.display import table_html
from .outcomes import NotFinite, gather
from .predictor import Predictor
from .registry import Option, Score, predictor
from .samples import Agreement, Samples, rounding_loss, softmax

if TYPE_CHECKING:
    from paddle import nn

__all__ = ["Classification", "ClassificationPredictor", "ClassificationSamples", "prepare"]

# What rounding may change of a probability: less than training the network again would.
_MOST_LOST = 0.02


@dataclass(frozen=True)
class Classification:
    """The most probable classes of a picture, the most probable one first.

    Attributes:
        labels: Their names.
        probabilities: In [0, 1]; those of all classes together are 1.
        indices: Their places among the outputs of the network.
        source: What was classified; a notebook shows it beside the classes.
    """

    labels: tuple[str, ...]
    probabilities: tuple[float, ...]
    indices: tuple[int, ...]
    source: Any = field(default=None, compare=False, repr=False)

    @property
    def label(self) -> str:
        """The most probable class."""
        return self.labels[0]

    @property
    def probability(self) -> float:
        """Its probability."""
        return self.probabilities[0]

    def as_dict(self) -> dict[str, float]:
        """{label: probability}, in the same order."""
        return dict(zip(self.labels, self.probabilities))

    def save(self, target: Union[str, Path]) -> Path:
        """Writes them to a JSON file."""
        with whole_file(target) as file:
            file.write_text(json_text(self.as_dict()) + "\n", encoding="utf-8")
        return Path(target)

    def preview(self) -> Optional[Image.Image]:
        """What was classified, as it is now; None where a file has gone."""
        try:
            picture = self.source if isinstance(self.source, Picture) else open_picture(self.source)
        except (ImageError, OSError):
            return None
        return picture.preview()

    def _repr_html_(self) -> str:
        return table_html(self.as_dict().items(), self.preview())


class ClassificationSamples(Samples):
    """The middle of a picture, and the probabilities of the classes."""

    def inputs(self, spec: ModelSpec, picture: Picture, size: Any = None) -> list[list[np.ndarray]]:
        return [[prepare(picture, spec)[None]]]

    def loss(self, spec: ModelSpec, exact: Run, rounded: Run, pictures: Sequence[Picture]) -> Loss:
        """The largest change of a probability, 1 where another class becomes the most probable one."""
        changes = []
        for picture in pictures:
            before, after = self._probabilities(spec, picture, exact, rounded)
            changes.append(1.0 if before.argmax() != after.argmax() else float(np.abs(before - after).max()))
        return Loss(max(changes), _MOST_LOST, "of a probability")

    def agreement(self, spec: ModelSpec, exact: Run, rounded: Run, picture: Picture, size: Any = None) -> Agreement:
        first, second = self._probabilities(spec, picture, exact, rounded)
        return Agreement(float(np.abs(first - second).max()), "of a probability")

    def _probabilities(self, spec: ModelSpec, picture: Picture, *runs: Run) -> list[np.ndarray]:
        return [softmax(run(prepare(picture, spec)[None])) for run in runs]


@predictor("classification")
class ClassificationPredictor(Predictor):
    """Names what pictures show.

    The names of the classes are those that the weight file carries, or else those of the data set that the registered weights
    were trained on, or else numbers. Weights for the digits of MNIST, which are white on black, see dark ink on paper inverted
    (`paddle_cv.data.preprocessing.visible_image`).

    Args:
        network: A classifier.
        spec: What it is.
        engine: See `make_engine`.
        device: See `make_engine`.
        threads: CPU threads; None: one for each core.
        precision: See `make_engine`.
        max_megapixels: Files of more pixels are refused before they are decoded.

    Attributes:
        names: The names of all classes.

    Raises:
        ValueError: A network for another task, more or fewer names than classes, or no such engine or device.
    """

    scores = {
        "accuracy": Score(2, " %", 100, 0.0002, {"en": "accuracy on {}", "zh": "{} 上的准确率"}),
    }
    samples = ClassificationSamples()
    shows = "classes"
    options = (
        Option(
            "top_k",
            int,
            "how many classes to name (5)",
            least=1,
            preset=1,
            label={"en": "Classes to name", "zh": "类别数"},
        ),
    )

    def __init__(
        self,
        network: nn.Layer,
        spec: ModelSpec,
        engine: str = "auto",
        device: str = "auto",
        threads: Optional[int] = None,
        precision: str = "auto",
        max_megapixels: float = MAX_MEGAPIXELS,
    ):
        if spec.task != "classification":
            raise ValueError(f"{spec.name} is a network for {spec.task}; this predictor classifies")
        known = spec.class_names or (label_names(spec.labels) if spec.labels else ())
        if known and len(known) != network.num_classes:
            raise ValueError(f"{spec.name}: {len(known)} class names for {network.num_classes} classes")
        self.spec, self.max_megapixels = spec, max_megapixels
        self.names = tuple(known) or tuple(map(str, range(network.num_classes)))
        shape = (spec.in_channels, spec.input_size, spec.input_size)
        self.engine = make_engine(network, [shape], engine, device, threads, precision, partial(rounding_loss, spec))

    def predict(self, images: Any, top_k: int = 5, batch_size: int = 1) -> Any:
        """Classifies one picture or several.

        Args:
            images: A path, the bytes of a picture file, a PIL image or an RGB array (see `open_picture`), or a list of them.
            top_k: How many classes to name, at most.
            batch_size: How many pictures go through the network at once.

        Returns:
            A `Classification`; a list for a list, in its order.

        Raises:
            ValueError: `top_k` or `batch_size` is not positive.
            FileNotFoundError: There is no such file (one picture).
            ImageError: The picture cannot be used (one picture).
            PredictionErrors: Some of several pictures failed; it carries the results of the others.
        """
        if isinstance(images, (list, tuple)):
            return gather(self.predict_each(images, top_k, batch_size))
        [outcome] = self.predict_each([images], top_k, batch_size)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def predict_each(
        self, images: Sequence[Any], top_k: int = 5, batch_size: int = 1
    ) -> Iterator[Union[Classification, Exception]]:
        """Classifies pictures batch by batch: for each input its result or, where it failed, the exception."""
        if top_k < 1 or batch_size < 1:
            raise ValueError(f"top_k and batch_size must be at least 1, not {top_k} and {batch_size}")
        for first in range(0, len(images), batch_size):
            inputs = [self._read(image, first + n) for n, image in enumerate(images[first : first + batch_size])]
            good = [x for x in inputs if not isinstance(x, Exception)]
            results = iter(self._classify(np.stack(good), top_k) if good else ())
            for number, x in enumerate(inputs, first):
                outcome = x if isinstance(x, Exception) else next(results)
                if isinstance(outcome, NotFinite):
                    outcome = ImageError(f"{_name(images[number], number)}: {outcome}")
                yield outcome if isinstance(outcome, Exception) else replace(outcome, source=images[number])

    def _read(self, image: Any, number: int) -> Union[np.ndarray, Exception]:
        try:
            name = _name(image, number)
            picture = image if isinstance(image, Picture) else open_picture(image, name, self.max_megapixels)
        except (ImageError, OSError) as error:
            return error
        return prepare(picture, self.spec)

    def _classify(self, x: np.ndarray, top_k: int) -> list[Union[Classification, NotFinite]]:
        scores = self.engine(x)
        finite = np.isfinite(scores).all(axis=1)
        scores = np.where(finite[:, None], scores, 0)
        probabilities = softmax(scores)
        results: list[Union[Classification, NotFinite]] = []
        for row, good in zip(probabilities, finite):
            if not good:
                results.append(NotFinite())
                continue
            best = np.argsort(-row, kind="stable")[:top_k]
            labels = tuple(self.names[index] for index in best)
            results.append(Classification(labels, tuple(row[best].tolist()), tuple(best.tolist())))
        return results


def _name(image: Any, number: int) -> str:
    """What to call an input in messages."""
    if isinstance(image, Picture):
        return image.name
    return str(image) if isinstance(image, (str, Path)) else f"input {number}"


def prepare(picture: Picture, spec: ModelSpec) -> np.ndarray:
    """A decoded picture as the input of a classifier.

    As torchvision's presets do it: the shorter side of `visible_image` is resized to `spec.resize` by antialiased bilinear
    interpolation, the middle is cut out, with black around it where the picture is smaller, and the values are standardised.

    Args:
        picture: The picture.
        spec: What the network is.

    Returns:
        (in_channels, input_size, input_size) float32.
    """
    square = middle_square(visible_image(picture, spec), spec.resize, spec.input_size)
    return standardise(np.asarray(square), spec)
