"""Averaged weights."""

from __future__ import annotations

import paddle
from paddle import nn

__all__ = ["WeightAverage"]


class WeightAverage:
    """Exponential moving average of a network's weights, with a shorter memory at the start."""

    def __init__(self, network: nn.Layer, decay: float):
        self.network, self.decay, self.updates = network, decay, 0
        self.average = {name: value.clone().detach() for name, value in network.state_dict().items()}

    @paddle.no_grad()
    def update(self) -> None:
        self.updates += 1
        decay = min(self.decay, self.updates / (self.updates + 10))
        for name, value in self.network.state_dict().items():
            if value.is_floating_point():
                self.average[name].scale_(decay).add_(value.detach() * (1 - decay))

    def swap(self) -> None:
        """Exchanges the network's weights and the averaged ones."""
        current = {name: value.clone().detach() for name, value in self.network.state_dict().items()}
        self.network.set_state_dict(self.average)
        self.average = current
