"""SOAP: Nikhil Vyas, Depen Morwani, Rosie Zhao, Itai Shapira, David Brandfonbrener, Lucas Janson, Sham Kakade,
"SOAP: Improving and Stabilizing Shampoo using Adam", ICLR 2025 (arXiv:2409.11321)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

import numpy as np
import paddle

from .distributed import share_weights

__all__ = ["SOAP"]


class SOAP(paddle.optimizer.Optimizer):
    """Adam in the basis in which Shampoo's preconditioner is diagonal (the paper's algorithm 3).

    A weight is a matrix of its first axis by all the others. Neighbouring pixels and channels that resemble each other make
    the gradients of a convolution's entries resemble each other as well, which the diagonal of Adam cannot see. Vectors, such
    as biases, have Adam. The first step only measures.

    Args:
        learning_rate: A number or a schedule.
        beta1: Decay of the mean gradient.
        beta2: Decay of the mean square, and of the two matrices whose eigenvectors are the basis.
        period: Steps after which the basis is brought up to date.
        largest: A side of the matrix that is longer keeps its own basis.
        parameters, weight_decay, grad_clip: As for Paddle's optimizers.
    """

    def __init__(
        self,
        learning_rate: Any,
        beta1: float = 0.95,
        beta2: float = 0.95,
        period: int = 10,
        largest: int = 2048,
        parameters: Optional[Sequence[paddle.Tensor]] = None,
        weight_decay: Any = None,
        grad_clip: Any = None,
    ):
        super().__init__(learning_rate, parameters, weight_decay, grad_clip)
        self.beta1, self.beta2, self.period, self.largest = beta1, beta2, period, largest

    def _sides(self, parameter: paddle.Tensor) -> list[tuple[str, int]]:
        """Name and length of the sides of a weight that get a basis."""
        if parameter.ndim < 2:
            return []
        lengths = parameter.shape[0], int(np.prod(parameter.shape[1:]))
        return [(side, n) for side, n in zip(("left", "right"), lengths) if 1 < n <= self.largest]

    def _create_accumulators(self, block: Any, parameters: Sequence[paddle.Tensor]) -> None:
        for parameter in parameters:
            rows = parameter.shape[0] if parameter.ndim > 1 else 1
            shape = [rows, parameter.size // rows]
            self._add_accumulator("steps", parameter, shape=[1])
            for name in ("moment1", "moment2"):
                self._add_accumulator(name, parameter, shape=shape)
            for side, length in self._sides(parameter):
                for name in (side, f"{side}_basis"):
                    self._add_accumulator(name, parameter, shape=[length, length])

    def _append_optimize_op(self, block: Any, param_and_grad: Sequence[paddle.Tensor]) -> None:
        parameter, gradient = param_and_grad
        moment1, moment2, counter = (self._get_accumulator(name, parameter) for name in ("moment1", "moment2", "steps"))
        gradient = gradient.reshape(moment1.shape)
        squares = {"left": (gradient, gradient.T), "right": (gradient.T, gradient)}
        factors, bases = {}, {}
        for side, _ in self._sides(parameter):
            factors[side] = self._get_accumulator(side, parameter)
            bases[side] = self._get_accumulator(f"{side}_basis", parameter)
            factors[side].addmm_(*squares[side], self.beta2, 1 - self.beta2)
        steps = int(counter.item())
        counter.add_(paddle.ones([1]))
        if steps == 0:
            for side, factor in factors.items():
                # LAPACK fails where something is not finite; the weights have to show it, as with other optimizers.
                finite = bool(factor.isfinite().all())
                paddle.assign(paddle.linalg.eigh(factor)[1] if finite else factor, bases[side])
            share_weights(bases.values())
            return
        _move(moment1, gradient, self.beta1)
        _move(moment2, _turn(gradient, bases).square(), self.beta2)
        mean, square = moment1 / (1 - self.beta1**steps), moment2 / (1 - self.beta2**steps)
        change = _turn(_turn(mean, bases) / (square.sqrt() + 1e-8), bases, back=True)
        rate = self._create_param_lr(param_and_grad)
        paddle.assign(parameter - rate * change.reshape(parameter.shape), parameter)
        if steps % self.period == 0:
            for side, factor in factors.items():
                _follow(factor, bases[side], moment2, axis=("left", "right").index(side))
            # Other processors round otherwise, and eigenvectors have no sign of their own.
            share_weights([*bases.values(), moment2])


def _move(average: paddle.Tensor, value: paddle.Tensor, decay: float) -> None:
    average.lerp_(value, 1 - decay)


def _turn(matrix: paddle.Tensor, bases: dict[str, paddle.Tensor], back: bool = False) -> paddle.Tensor:
    """The matrix in the coordinates of the bases, or back from them."""
    if "left" in bases:
        matrix = paddle.matmul(bases["left"], matrix, transpose_x=not back)
    if "right" in bases:
        matrix = paddle.matmul(matrix, bases["right"], transpose_y=back)
    return matrix


def _follow(factor: paddle.Tensor, basis: paddle.Tensor, moment2: paddle.Tensor, axis: int) -> None:
    """One step of the power iteration towards the eigenvectors, the largest first, and the mean squares in their order."""
    product = paddle.matmul(factor, basis)
    order = paddle.argsort((basis * product).sum(0), descending=True)
    paddle.assign(paddle.linalg.qr(product.index_select(order, 1))[0], basis)
    paddle.assign(moment2.index_select(order, axis), moment2)
