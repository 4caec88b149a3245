"""The base of the classification modules for PaddleHub."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
from paddlehub.module.module import runnable

from ..inference import ClassificationPredictor
from ..inference.outcomes import gather
from ..models import ModelSpec
from ..pictures import Picture
from .base import NetworkModule, module_base, sources
from .fine_tuning import FineTuning
from .results import LabelEntry
from .serving import MAX_IMAGES, Proceed

__all__ = ["ClassificationModule"]


_CLASSES = {"imagenet": "the 1000 classes of ImageNet", "mnist": "handwritten digits"}


@module_base("classification")
class ClassificationModule(FineTuning, NetworkModule):
    """What every classification module does; a module adds `moduleinfo` and names its network.

    Args:
        weights: As for every module. The weights may be for other classes: a file that was fine-tuned carries their names.
        label_list: Names of the classes to learn. The layers that tell classes apart start anew, unless the weights are for
            these very classes.
        load_checkpoint: The `model.pdparams` that PaddleHub's Trainer saved, instead of `weights`. It has the names of the
            classes in it; `label_list` may give them others.

    Raises:
        FileNotFoundError, ValueError: As for every module; or `label_list` has a name twice, none, or not as many as the
            checkpoint has classes.
    """

    category = "CV/image_classification"
    predictor_class = ClassificationPredictor
    serving_together = MAX_IMAGES
    serving_result = {
        "type": "object",
        "additionalProperties": {"type": "number"},
        "description": "{label: probability}",
    }

    def __init__(
        self,
        weights: Optional[Union[str, Path]] = None,
        label_list: Optional[Sequence[str]] = None,
        load_checkpoint: Optional[Union[str, Path]] = None,
    ):
        super().__init__(load_checkpoint or weights)
        if label_list is None and load_checkpoint:
            label_list = self.spec.class_names or None  # so that the next checkpoint has them, too
        if label_list is not None:
            self.set_classes(label_list, anew=load_checkpoint is None)

    @staticmethod
    def does(spec: ModelSpec) -> str:
        return f"names {_CLASSES[spec.labels]}"

    def predict(
        self,
        images: Optional[Sequence[np.ndarray]] = None,
        paths: Optional[Sequence[str]] = None,
        batch_size: int = 1,
        use_gpu: bool = False,
        top_k: int = 1,
    ) -> list[dict[str, float]]:
        """Names what pictures show.

        Args:
            images: BGR arrays as OpenCV gives them: (H, W), (H, W, 3) or (H, W, 4), uint8, uint16 or float in [0, 1].
            paths: Picture files.
            batch_size: How many pictures go through the network at once.
            use_gpu: Run on a GPU.
            top_k: How many classes to name for each picture.

        Returns:
            One entry for each input, those of `paths` first: {label: probability}, the most probable class first. In a
            notebook they show their pictures and a table.

        Raises:
            TypeError: Neither `images` nor `paths`, or something else than lists.
            PredictionErrors: Some inputs failed; `.results` has the entries of the others and None for these.
            ValueError: `batch_size` or `top_k` is not positive; `use_gpu` where Paddle sees no GPU.
        """
        outcomes = self.predictor(use_gpu).predict_each(sources(images, paths), top_k, batch_size)
        return gather(outcome if isinstance(outcome, Exception) else LabelEntry(outcome) for outcome in outcomes)

    def classification(self, *args: Any, **kwargs: Any) -> list[dict[str, float]]:
        """`predict` under the name that PaddleHub's own classification modules use."""
        return self.predict(*args, **kwargs)

    def answers(self, pictures: Sequence[Picture], proceed: Proceed, top_k: int = 1, **options: Any) -> Iterator[Any]:
        for outcome in self.predictor().predict_each(pictures, top_k, batch_size=MAX_IMAGES):
            proceed()
            yield outcome if isinstance(outcome, Exception) else outcome.as_dict()

    @runnable
    def run_cmd(self, argvs: Sequence[str]) -> dict[str, dict[str, float]]:
        """What `hub run <name> --input_path FILE_OR_FOLDER` calls; returns `predict`'s entries by file."""
        parser = self.command_line(batch="pictures")
        parser.add_argument("--top_k", type=int, default=1, help="how many classes to name (%(default)s)")
        options = parser.parse_args(argvs)

        def named(paths: list[str]) -> Iterator[Any]:
            for outcome in self.predictor(options.use_gpu).predict_each(paths, options.top_k, options.batch_size):
                yield outcome if isinstance(outcome, Exception) else outcome.as_dict()

        return self.run_command(options.input_path, named)
