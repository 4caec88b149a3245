"""How well maps of classes agree: intersection over union, pixel accuracy, and the F measure of boundaries."""

from __future__ import annotations

import numpy as np

__all__ = ["boundary_f", "class_areas", "foreground_iou", "mean_iou"]


def class_areas(result: np.ndarray, target: np.ndarray, num_classes: int, ignored: int = 255) -> np.ndarray:
    """Intersection and union of each class, in pixels.

    Args:
        result: Class numbers, of any shape.
        target: The same shape; where it is `ignored`, nothing counts.
        num_classes: Number of classes.
        ignored: The number of what is unknown.

    Returns:
        (2, num_classes) int64.

    Raises:
        ValueError: The shapes differ.
    """
    if result.shape != target.shape:
        raise ValueError(f"maps of different shapes, {result.shape} and {target.shape}")
    known = target != ignored
    result, target = result[known].astype(np.int64), target[known].astype(np.int64)
    both = np.bincount(target[result == target], minlength=num_classes)
    each = np.bincount(result, minlength=num_classes) + np.bincount(target, minlength=num_classes)
    return np.stack([both, each - both])[:, :num_classes]


def mean_iou(areas: np.ndarray) -> float:
    """Mean intersection over union of the classes that there are, of (2, num_classes) areas summed up over a data set."""
    both, union = np.asarray(areas, float)
    there = union > 0
    return float((both[there] / union[there]).mean()) if there.any() else float("nan")


def foreground_iou(result: np.ndarray, target: np.ndarray) -> float:
    """Intersection over union of two masks, bool; 1 where both are empty.

    Raises:
        ValueError: The shapes differ.
    """
    if result.shape != target.shape:
        raise ValueError(f"masks of different shapes, {result.shape} and {target.shape}")
    union = np.count_nonzero(result | target)
    return np.count_nonzero(result & target) / union if union else 1.0


def boundary_f(result: np.ndarray, target: np.ndarray, tolerance: float = 0.008) -> float:
    """F measure of two masks' boundaries (Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object
    Segmentation", CVPR 2016, section 4): of the boundary pixels of each, how many lie near the other's.

    Args:
        result: (H, W) bool.
        target: (H, W) bool.
        tolerance: How near, as a part of the image's diagonal.

    Returns:
        Within [0, 1]; 1 where neither has a boundary.

    Raises:
        ValueError: The shapes differ.
    """
    from scipy.ndimage import distance_transform_edt

    if result.shape != target.shape:
        raise ValueError(f"masks of different shapes, {result.shape} and {target.shape}")
    edges = [_boundary(mask) for mask in (result, target)]
    if not edges[0].any() or not edges[1].any():
        return float(edges[0].any() == edges[1].any())
    limit = np.ceil(tolerance * np.hypot(*result.shape))
    precision, recall = (
        float((distance_transform_edt(~other)[edge] <= limit).mean()) for edge, other in (edges, edges[::-1])
    )
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _boundary(mask: np.ndarray) -> np.ndarray:
    """The pixels whose right, lower or lower right neighbour is on the other side."""
    padded = np.pad(mask, [(0, 1), (0, 1)], "edge")
    here = padded[:-1, :-1]
    return (here != padded[:-1, 1:]) | (here != padded[1:, :-1]) | (here != padded[1:, 1:])
