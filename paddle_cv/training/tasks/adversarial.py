"""Restoration against a discriminator: SRGAN (Ledig et al., CVPR 2017) and ESRGAN (Wang et al., ECCV Workshops 2018)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Union

import paddle
import paddle.nn.functional as F
from omegaconf import DictConfig, OmegaConf
from paddle import nn

from ...models import ModelSpec, build_model, model_spec
from ..distributed import share_weights
from ..optimizers import Learner, choose, precision
from .registry import adversarial_task
from .restoration import RestorationTask

__all__ = ["AdversarialTask"]


def _cross_entropy(logits: paddle.Tensor, label: float) -> paddle.Tensor:
    logits = logits.astype("float32")
    return F.binary_cross_entropy_with_logits(logits, paddle.full_like(logits, label))


def _vanilla(of_photographs: paddle.Tensor, of_results: paddle.Tensor, deceiving: bool) -> paddle.Tensor:
    """Each picture by itself (SRGAN, section 2.1); the network's loss has no photographs in it."""
    if deceiving:
        return _cross_entropy(of_results, 1.0)
    return (_cross_entropy(of_photographs, 1.0) + _cross_entropy(of_results, 0.0)) / 2


def _relativistic(of_photographs: paddle.Tensor, of_results: paddle.Tensor, deceiving: bool) -> paddle.Tensor:
    """Whether a picture is more of a photograph than the others are on average (ESRGAN, section 3.2)."""
    photographs = of_photographs - of_results.mean()
    results = of_results - of_photographs.mean()
    label = 0.0 if deceiving else 1.0
    return (_cross_entropy(photographs, label) + _cross_entropy(results, 1.0 - label)) / 2


#: Losses by the discriminator's logits of photographs and of results: that of the network, which deceives it, or its own. Means,
#: not sums, of two halves, as in ESRGAN's program.
_KINDS = {"vanilla": _vanilla, "relativistic": _relativistic}


@adversarial_task("super_resolution", "denoising")
class AdversarialTask(RestorationTask):
    """A network whose results shall look like photographs to a discriminator, which is trained in turn with it.

    In each step first the network learns, while the discriminator stays as it is, and then the discriminator by the same results
    and targets. Several processes average its gradients too; batch normalisation and the averages of the relativistic loss are
    those of a process' part of the batch.

    Raises:
        KeyError: There is no such discriminator.
        ValueError: It is the name of something else, or there is no such kind of loss.
    """

    def __init__(self, config: DictConfig, spec: ModelSpec):
        super().__init__(config, spec)
        options = config.adversarial
        judge = model_spec(options.discriminator)
        if judge.task != "discriminator":
            raise ValueError(f"adversarial.discriminator: {judge.name} is a network for {judge.task}")
        self.kind = choose("adversarial.kind", options.kind, _KINDS)
        self.discriminator = build_model(judge.name, **{"in_channels": spec.in_channels, **options.hyperparameters})

    def begin(self, steps: int) -> None:
        self._check_size()
        share_weights(self.discriminator.state_dict().values())
        options = OmegaConf.merge(self.config.optimizer)
        options.rate_factors = {}  # of layers that the discriminator does not have
        self.learner = Learner(self.discriminator, options, steps, self.config.amp)

    def _check_size(self) -> None:
        side = self.config.data.patch_size * (1 if self.spec.enlarged_input else self.spec.scale or 1)
        self.discriminator.eval()
        try:
            with paddle.no_grad():
                self.discriminator(paddle.zeros([1, self.spec.in_channels, side, side]))
        except ValueError as error:
            raise ValueError(
                f"adversarial: {self.config.adversarial.discriminator} does not take results of {side} x {side} pixels; "
                "change data.patch_size or adversarial.hyperparameters"
            ) from error
        self.discriminator.train()

    def compare(self, outputs: Union[paddle.Tensor, Sequence[paddle.Tensor]], target: paddle.Tensor) -> paddle.Tensor:
        if isinstance(outputs, (list, tuple)):
            raise ValueError(f"adversarial: {self.spec.name} is trained by several outputs, and one can be judged")
        self.pair = target, outputs.detach()
        with paddle.no_grad():
            of_photographs = self.discriminator(target)
        with _frozen(self.discriminator):
            loss = self.kind(of_photographs, self.discriminator(outputs), deceiving=True)
        self.deception = loss.detach()
        return super().compare(outputs, target) + self.config.adversarial.weight * loss

    def after_step(self) -> None:
        with precision(self.config.amp):
            loss = self.kind(*(self.discriminator(pictures) for pictures in self.pair), deceiving=False)
        self.learner.step(loss)
        self.mistakes = loss.detach()

    def networks(self) -> Sequence[nn.Layer]:
        return (self.discriminator,)

    def scalars(self) -> dict[str, float]:
        return {"adversarial_loss": float(self.deception), "discriminator_loss": float(self.mistakes)}

    def state(self) -> dict[str, Any]:
        return {"discriminator": self.learner.state()}

    def set_state(self, state: dict[str, Any]) -> None:
        if "discriminator" not in state:
            raise ValueError("the checkpoint is of a run without a discriminator; its weights can be model.weights")
        self.learner.set_state(state["discriminator"])


@contextmanager
def _frozen(network: nn.Layer) -> Iterator[None]:
    """What the network computes meanwhile has gradients with respect to its input, not to its weights."""
    # Paddle counts the statistics of batch normalisation among the parameters; they never have gradients.
    parameters = [parameter for parameter in network.parameters() if not parameter.stop_gradient]
    for parameter in parameters:
        parameter.stop_gradient = True
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.stop_gradient = False
