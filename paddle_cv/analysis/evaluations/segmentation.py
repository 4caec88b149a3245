"""How well networks cut images into parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Union

import numpy as np

from ...data.masks import FolderMasks
from ...metrics.segmentation import boundary_f, class_areas, foreground_iou, mean_iou
from ...pictures import open_picture
from ..evaluation import Evaluation, evaluation, mean_scores

__all__ = ["SegmentationEvaluation"]


@evaluation("segmentation", "matting")
class SegmentationEvaluation(Evaluation):
    """Intersection over union, pixel accuracy and boundaries, at the images' own resolution.

    Of a foreground the scores are means over the images, as papers on portraits have them; of several classes the mean
    intersection over union counts the pixels of all images together, as papers on PASCAL VOC do.
    """

    about = (
        "Segmentation: intersection over union, pixel accuracy, boundary F. A test set is a folder with `images` and "
        "`masks`, whose files have the same names."
    )

    def rows(self, folder: Union[str, Path]) -> Iterator[dict[str, Any]]:
        masks, opacity = FolderMasks([folder]), self.predictor.tells_foreground
        for number in range(len(masks)):
            image, mask = masks.read(number, classes=not opacity)
            result = self.predictor.segment(open_picture(image, masks.name(number)))
            name = {"name": masks.name(number)}
            if opacity:
                found, truth = result.alpha >= 128, mask >= 128
                yield {
                    **name,
                    "iou": foreground_iou(found, truth),
                    "pixel_accuracy": float((found == truth).mean()),
                    "boundary_f": boundary_f(found, truth),
                }
                continue
            known = mask < len(result.labels)
            areas = class_areas(result.classes, mask, len(result.labels))
            pixels = float((result.classes == mask)[known].mean()) if known.any() else float("nan")
            yield {**name, "pixel_accuracy": pixels, "areas": areas}

    def mean(self, rows: Iterable[Mapping[str, Any]]) -> dict[str, float]:
        rows = [dict(row) for row in rows]
        areas = [row.pop("areas") for row in rows if "areas" in row]
        means = mean_scores(rows)
        return {"miou": mean_iou(np.sum(areas, axis=0)), **means} if areas else means
