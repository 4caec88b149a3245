"""What a segmentation network's maps are compared with the classes of the pixels by.

All take logits (N, K, H, W), float32, and targets of that shape: each class's share of a pixel, which is soft at edges; zeros where
nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable

import paddle
import paddle.nn.functional as F

__all__ = ["REGION_LOSSES"]

RegionLoss = Callable[[paddle.Tensor, paddle.Tensor], paddle.Tensor]

#: Share of the pixels that `ohem` keeps.
_HARDEST = 0.25


def _pixel_losses(logits: paddle.Tensor, target: paddle.Tensor) -> paddle.Tensor:
    return -(target * F.log_softmax(logits, axis=1)).sum(1)


def cross_entropy(logits: paddle.Tensor, target: paddle.Tensor) -> paddle.Tensor:
    """The mean over the pixels that are known."""
    return _pixel_losses(logits, target).sum() / target.sum().clip(min=1)


def ohem(logits: paddle.Tensor, target: paddle.Tensor) -> paddle.Tensor:
    """Cross-entropy of the hardest quarter of the pixels (Shrivastava, Gupta, Girshick: "Training Region-Based Object Detectors
    with Online Hard Example Mining", CVPR 2016)."""
    losses = _pixel_losses(logits, target).flatten()
    known = int(target.sum())
    return losses.topk(max(round(_HARDEST * known), 1))[0].mean()


def dice(logits: paddle.Tensor, target: paddle.Tensor) -> paddle.Tensor:
    """1 - the Dice coefficient of each class over the batch, averaged (Milletari, Navab, Ahmadi: "V-Net", 3DV 2016, section 3)."""
    shares = F.softmax(logits, axis=1) * target.sum(1, keepdim=True)
    both, each = (shares * target).sum([0, 2, 3]), (shares + target).sum([0, 2, 3])
    return 1 - ((2 * both + 1) / (each + 1)).mean()


def lovasz(logits: paddle.Tensor, target: paddle.Tensor) -> paddle.Tensor:
    """Lovász-Softmax: a convex stand-in for 1 - the mean intersection over union of the classes that a batch has (Berman, Triki,
    Blaschko, CVPR 2018, algorithm 1)."""
    known = (target.sum(1) > 0).flatten().nonzero().flatten()
    shares, truth = (
        maps.transpose([0, 2, 3, 1]).reshape([-1, maps.shape[1]]).index_select(known)
        for maps in (F.softmax(logits, axis=1), target)
    )
    truth = (truth >= 0.5).astype(shares.dtype)
    losses = []
    for number in range(truth.shape[1]):
        label = truth[:, number]
        if float(label.sum()):
            errors = (label - shares[:, number]).abs()
            order = errors.argsort(descending=True)
            losses.append((errors.index_select(order) * _jaccard_steps(label.index_select(order))).sum())
    return sum(losses) / max(len(losses), 1)


def _jaccard_steps(label: paddle.Tensor) -> paddle.Tensor:
    """By how much each further error, the largest first, lowers the intersection over union."""
    found = label.cumsum()
    total = found[-1]
    loss = 1 - (total - found) / (total + (1 - label).cumsum())
    return paddle.concat([loss[:1], loss[1:] - loss[:-1]])


REGION_LOSSES: dict[str, RegionLoss] = {"cross_entropy": cross_entropy, "dice": dice, "lovasz": lovasz, "ohem": ohem}
