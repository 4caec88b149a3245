"""The distance between two pictures in the eyes of VGG19: Justin Johnson, Alexandre Alahi, Li Fei-Fei, "Perceptual Losses for
Real-Time Style Transfer and Super-Resolution", ECCV 2016; Ledig et al., CVPR 2017, section 2.2.1, for super-resolution."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import paddle
from paddle import nn

from ..models import list_models, model_spec
from ..weights import FetchError, pretrained_weights, read_state

__all__ = ["PerceptualLoss"]

_CONVOLUTIONS = (2, 2, 4, 4, 4)  # in each stage of VGG19

#: The layers of VGG19 in their order, as the papers number them.
_NAMES = [
    name
    for stage, count in enumerate(_CONVOLUTIONS, 1)
    for name in (
        *(f"{kind}{stage}_{number}" for number in range(1, count + 1) for kind in ("conv", "relu")),
        f"pool{stage}",
    )
]


class PerceptualLoss:
    """Sum of the distances between the feature maps of two pictures. VGG19 itself stays as it is.

    Args:
        weights: A weight file of VGG19, or a name whose published weights are fetched.
        layers: `conv1_1` (before the ReLU), `relu1_1`, ..., `pool5`. What comes after the last of them is not computed.
        distance: Of two feature maps, as in `paddle_cv.training.losses`.

    Raises:
        FileNotFoundError: There is no such file, or it cannot be fetched.
        ValueError: There is no such layer, or the file is none of VGG19.
    """

    def __init__(self, weights: str, layers: Sequence[str], distance: Callable):
        unknown = [layer for layer in layers if layer not in _NAMES]
        if unknown or not layers:
            raise ValueError(f"perceptual.layers: there is no {unknown or 'layer given'}, only {', '.join(_NAMES)}")
        self.names = _NAMES[: max(_NAMES.index(layer) for layer in layers) + 1]
        self.layers, self.distance = set(layers), distance
        self.network = nn.Sequential(*_build(self.names))
        self.network.eval()
        _load(self.network, weights)
        for parameter in self.network.parameters():
            parameter.stop_gradient = True
        spec = model_spec("vgg19")
        self.mean, self.std = (paddle.to_tensor(values).reshape([1, 3, 1, 1]) for values in (spec.mean, spec.std))

    def __call__(self, output: paddle.Tensor, target: paddle.Tensor) -> paddle.Tensor:
        """Pictures (N, C, H, W) in [0, 1]; C is 3, or 1 for grey ones."""
        with paddle.no_grad():
            wanted = self.features(target)
        return sum(self.distance(found, want) for found, want in zip(self.features(output), wanted))

    def features(self, pictures: paddle.Tensor) -> list[paddle.Tensor]:
        """The feature maps of the chosen layers, in their order in the network."""
        if pictures.shape[1] == 1:
            pictures = paddle.concat([pictures] * 3, axis=1)
        x, found = (pictures - self.mean) / self.std, []
        for name, layer in zip(self.names, self.network):
            x = layer(x)
            if name in self.layers:
                found.append(x)
        return found


def _build(names: Sequence[str]) -> list[nn.Layer]:
    """VGG19's features as far as they are needed; its fully connected layers alone would be 500 MB."""
    layers: list[nn.Layer] = []
    channels = 3
    for name in names:
        if name.startswith("conv"):
            width = min(32 * 2 ** int(name[4]), 512)
            layers.append(nn.Conv2D(channels, width, 3, padding=1))
            channels = width
        else:
            layers.append(nn.ReLU() if name.startswith("relu") else nn.MaxPool2D(2, 2))
    return layers


def _load(network: nn.Layer, weights: str) -> None:
    if weights in list_models():
        try:
            path = pretrained_weights(model_spec(weights))
        except FetchError as error:
            raise FetchError(f"perceptual.weights: {error}") from error
    else:
        path = weights
    state = read_state(path)
    for key, parameter in network.state_dict().items():
        value = state.get(f"features.{key}")
        if value is None or list(value.shape) != parameter.shape:
            raise ValueError(
                f"perceptual.weights: {path} has no weights of VGG19; features.{key} is missing or different"
            )
        parameter.set_value(value)
