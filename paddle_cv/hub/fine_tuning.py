"""What lets PaddleHub's Trainer teach a classification module other classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Union

import numpy as np
import paddle
import paddle.nn.functional as F

from ..inference.classification import prepare
from ..pictures import open_picture
from ..weights import with_class_names
from .arrays import rgb

__all__ = ["FineTuning"]


class FineTuning:
    """The methods that `paddlehub.Trainer` and PaddleHub's examples call; the classes' names go into what the Trainer saves."""

    def set_classes(self, names: Sequence[str], anew: bool) -> None:
        """Tells the module its classes.

        Args:
            names: Their names, in the order of their numbers in the data.
            anew: The layers that tell classes apart start anew, unless the weights are for these very classes.

        Raises:
            ValueError: A name twice, none, or not as many as the network has outputs where it keeps them.
        """
        same = tuple(names) == tuple(self.spec.class_names)
        labels = self.spec.labels if same else None  # other classes: pictures of one's own, which are seen as they are
        entries = with_class_names({}, names, labels)
        if anew and not same:
            self.network.reset_classifier(len(names))
        if len(names) != self.network.num_classes:
            raise ValueError(f"{len(names)} labels, but the weights are for {self.network.num_classes} classes")
        for key, value in entries.items():
            self.network.register_buffer(key, paddle.to_tensor(value))
        self.spec = replace(self.spec, class_names=tuple(names), labels=labels)
        self._predictors.clear()

    def transforms(self, image: Union[str, Path, np.ndarray]) -> np.ndarray:
        """A picture as `predict` prepares it: a file, or a BGR array -> (C, S, S) float32.

        Raises:
            FileNotFoundError: There is no such file.
            ImageError: The picture cannot be used.
        """
        return prepare(open_picture(rgb(image) if isinstance(image, np.ndarray) else image), self.spec)

    def training_step(self, batch: Sequence[paddle.Tensor], batch_idx: int) -> dict[str, Any]:
        """The loss and the metrics of a batch: pictures (N, C, H, W) and class numbers (N,)."""
        pictures, labels = batch
        labels = labels.flatten().astype("int64")
        outputs = self(pictures)
        main, *auxiliary = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        # Auxiliary heads count for less (Szegedy et al., "Going deeper with convolutions", CVPR 2015, section 5).
        loss = F.cross_entropy(main, labels) + 0.3 * sum(F.cross_entropy(output, labels) for output in auxiliary)
        return {"loss": loss, "metrics": {"acc": (main.argmax(1) == labels).astype("float32").mean()}}

    def validation_step(self, batch: Sequence[paddle.Tensor], batch_idx: int) -> dict[str, Any]:
        """The same; the Trainer has put the network into eval mode."""
        return self.training_step(batch, batch_idx)

    # The weights change after these two, and predictors have copies.

    def train(self) -> Any:
        self._predictors.clear()
        return super().train()

    def set_state_dict(self, *args: Any, **kwargs: Any) -> Any:
        self._predictors.clear()
        return super().set_state_dict(*args, **kwargs)
