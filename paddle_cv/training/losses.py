"""What a network's output is compared with its target by."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import paddle
import paddle.nn.functional as F

from ..data import imresize

__all__ = ["LOSSES", "mean_over_outputs"]

Loss = Callable[[paddle.Tensor, paddle.Tensor], paddle.Tensor]


def charbonnier(output: paddle.Tensor, target: paddle.Tensor) -> paddle.Tensor:
    """Mean of sqrt(d^2 + 1e-6), a smooth form of |d| (LapSRN, section 3.2)."""
    return ((output - target).square() + 1e-6).sqrt().mean()


def charbonnier_sum(output: paddle.Tensor, target: paddle.Tensor) -> paddle.Tensor:
    """As `charbonnier`, summed up over a patch; the mean of the batch."""
    return charbonnier(output, target) * (output.size // output.shape[0])


def euclidean(output: paddle.Tensor, target: paddle.Tensor) -> paddle.Tensor:
    """Half the sum of squares of a patch; the mean of the batch.

    What Caffe and MatConvNet compute. The learning rates that papers give for SGD belong to it: with the mean over all values, the
    gradient is smaller by half the number of values in a patch.
    """
    return F.mse_loss(output, target) * (0.5 * (output.size // output.shape[0]))


LOSSES: dict[str, Loss] = {
    "l1": F.l1_loss,
    "mse": F.mse_loss,
    "charbonnier": charbonnier,
    "charbonnier_sum": charbonnier_sum,
    "euclidean": euclidean,
}


def mean_over_outputs(loss: Loss, outputs: Sequence[paddle.Tensor], target: paddle.Tensor) -> paddle.Tensor:
    """The mean loss of a network's outputs, each against the target reduced to its size by bicubic interpolation."""
    targets = {}
    for output in outputs:
        size = output.shape[2]
        if size not in targets:
            targets[size] = target if size == target.shape[2] else _reduced(target, size / target.shape[2])
    return sum(loss(output, targets[output.shape[2]]) for output in outputs) / len(outputs)


def _reduced(pictures: paddle.Tensor, factor: float) -> paddle.Tensor:
    reduced = [imresize(picture.transpose(1, 2, 0), factor).transpose(2, 0, 1) for picture in pictures.numpy()]
    return paddle.to_tensor(np.stack(reduced), place=pictures.place)
