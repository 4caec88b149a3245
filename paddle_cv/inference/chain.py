"""Several networks one after the other, as one predictor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

import numpy as np

from ..pictures.images import MAX_MEGAPIXELS
from .base import Progress, WindowPredictor

__all__ = ["Chain"]


class Chain(WindowPredictor):
    """Sends pictures through several networks: first denoise, then enlarge, for example.

    Between them values stay floating-point numbers, so that nothing is rounded. `noise_level`, `kernel` and `degradation` go to the
    first network that takes them.

    Args:
        predictors: The networks' predictors, in order.
        outscale: By what results are larger than the pictures, if not by the product of the scales.
        max_megapixels: Files of more pixels are refused before they are decoded.

    Raises:
        ValueError: No predictors, or one that does not make pictures of pictures; `outscale` is not positive.
    """

    def __init__(
        self,
        predictors: Sequence[WindowPredictor],
        outscale: Optional[float] = None,
        max_megapixels: float = MAX_MEGAPIXELS,
    ):
        if not predictors or not all(isinstance(predictor, WindowPredictor) for predictor in predictors):
            raise ValueError("a chain consists of networks that make pictures of pictures, one at least")
        self.predictors = list(predictors)
        self.options = tuple(dict.fromkeys(option for predictor in predictors for option in predictor.options))
        super().__init__(int(np.prod([predictor.scale for predictor in predictors])), outscale, max_megapixels)

    def prepare(self, **conditions: Any) -> list[Any]:
        shares: list[dict[str, Any]] = [{} for _ in self.predictors]
        for name, value in conditions.items():
            takers = [number for number, predictor in enumerate(self.predictors) if predictor.takes(name)]
            if value is not None and not takers:
                raise ValueError(f"none of the networks of this chain takes {name}")
            if takers:
                shares[takers[0]][name] = value
        return [predictor.prepare(**share) for predictor, share in zip(self.predictors, shares)]

    def count_windows(self, height: int, width: int) -> int:
        count = 0
        for predictor in self.predictors:
            count += predictor.count_windows(height, width)
            height, width = height * predictor.scale, width * predictor.scale
        return count

    def compute(
        self, color: np.ndarray, dtype: np.dtype, prepared: list[Any], batch_size: int, progress: Optional[Progress]
    ) -> np.ndarray:
        total, before = self.count_windows(*color.shape[:2]), 0
        for number, (predictor, conditions) in enumerate(zip(self.predictors, prepared), 1):
            windows = predictor.count_windows(*color.shape[:2])

            def show(done: int, _: int, before: int = before) -> None:
                if progress:
                    progress(before + done, total)

            between = dtype if number == len(self.predictors) else np.dtype(np.float32)
            color = predictor.compute(color, between, conditions, batch_size, show)
            before += windows
        return color
