"""What all classifiers have in common: they give their features, and can be told to learn other classes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Optional

import paddle
from paddle import nn

from .. import registry
from ..network import Network
from ..spec import LabelledSpec

__all__ = [
    "IMAGENET",
    "IMAGENET_299",
    "STATIC_FIELDS",
    "ClassificationSpec",
    "Classifier",
    "FeatureInfo",
    "StagedClassifier",
    "StageStride",
    "register_model",
    "stage_strides",
]


@dataclass(frozen=True)
class ClassificationSpec(LabelledSpec):
    """A network that tells classes of images apart.

    Attributes:
        resize: Pixels of an image's shorter side before the middle, `input_size` pixels a side, is cut out.
    """

    words = {"classification": ("classify", "recogni", "imagenet", "digit", "分类", "识别")}
    titles = {"en": "Recognise", "zh": "图像分类"}

    task: str = "classification"
    resize: int | None = None

    def does(self, language: str) -> str:
        classes = len(self.class_names) or self.hyperparameters.get("num_classes", 1000)
        return {"en": "{} classes", "zh": "识别 {} 类事物"}[language].format(classes)


#: `paddle_cv.models.register_model` for networks of this folder.
register_model = partial(registry.register_model, spec=ClassificationSpec)


#: Facts for `register_model` of networks trained on ImageNet in the usual way: the middle 224 x 224 pixels of a picture whose
#: shorter side has 256, each channel standardised.
IMAGENET: dict[str, Any] = {
    "resize": 256,
    "input_size": 224,
    "mean": (0.485, 0.456, 0.406),
    "std": (0.229, 0.224, 0.225),
    "labels": "imagenet",
}
#: The same for the Inception family: 299 x 299 pixels of 342.
IMAGENET_299 = {**IMAGENET, "resize": 342, "input_size": 299}

#: What the variables of PaddlePaddle's static graphs end in, and our names for it.
STATIC_FIELDS = {"weights": "weight", "scale": "weight", "offset": "bias", "mean": "_mean", "variance": "_variance"}


class Classifier(Network, ABC):
    """A network from pictures (N, C, H, W) to one score for each class (N, num_classes), before softmax.

    A subclass defines `forward_features` and `forward`, sets `self.num_classes`, and names in `classifiers` the layers whose
    outputs are the classes: the fully connected one or the convolution at the end, and those of auxiliary heads. Pictures have
    at least `smallest_input` pixels a side. `auxiliary` names heads that only training uses, and without which weights may come;
    in training `forward` then gives their scores after its own.
    """

    classifiers: tuple[str, ...] = ("fc",)
    auxiliary: tuple[str, ...] = ()
    smallest_input: int = 32  # pixels a side
    smallest_training_input: Optional[int] = None  # where auxiliary heads need more
    num_classes: int

    @abstractmethod
    def forward_features(self, x: paddle.Tensor) -> paddle.Tensor:
        """The last feature map (N, C', H', W'), before it is averaged or flattened."""

    def reset_classifier(self, num_classes: int) -> None:
        """Puts new layers, freshly initialised, in the place of those whose outputs are the classes.

        Args:
            num_classes: Number of the new classes.

        Raises:
            ValueError: It is not positive.
        """
        if num_classes < 1:
            raise ValueError(f"num_classes must be at least 1, not {num_classes}")
        layers = dict(self.named_sublayers())
        for name in self.classifiers:
            parent, _, last = name.rpartition(".")
            setattr(layers[parent] if parent else self, last, _with_outputs(layers[name], num_classes))
        self.num_classes = num_classes


def _with_outputs(layer: nn.Layer, outputs: int) -> nn.Layer:
    """A new layer of the same kind with other outputs."""
    if isinstance(layer, nn.Linear):
        return nn.Linear(layer.weight.shape[0], outputs)
    _, in_channels, *kernel = layer.weight.shape
    return nn.Conv2D(in_channels, outputs, kernel, stride=layer._stride, padding=layer._padding)


class FeatureInfo(NamedTuple):
    """A feature map that a classifier gives on its way."""

    channels: int
    stride: int  # the image's side over the map's


class StagedClassifier(Classifier):
    """A classifier that gives its features at several resolutions: the backbone of networks for other tasks.

    A subclass describes its maps in `self.feature_info`, from the input to the output.
    """

    feature_info: list[FeatureInfo]

    @abstractmethod
    def run_stages(self, x: paddle.Tensor, last: int) -> list[paddle.Tensor]:
        """The maps of `feature_info` up to the place `last`; what comes after it is not computed."""

    @abstractmethod
    def cut_after(self, stage: int) -> None:
        """Removes the layers that only the maps after `stage`, a place in `feature_info`, and the classes need."""

    def forward_features(self, x: paddle.Tensor, stages: Optional[Sequence[int]] = None) -> Any:
        """The last feature map, or those of `stages`, places in `feature_info`, as a list.

        Args:
            x: Images (N, C, H, W).
            stages: Places in `feature_info`, in any order; nothing beyond the last of them is computed.

        Returns:
            A tensor (N, C', H', W'), or a list of such.
        """
        if stages is None:
            return self.run_stages(x, len(self.feature_info) - 1)[-1]
        maps = self.run_stages(x, max(stages))
        return [maps[stage] for stage in stages]


class StageStride(NamedTuple):
    """How the convolutions of a stage move over its input."""

    stride: int  # of the first block
    first_dilation: int  # of the first block, where it keeps that of the stage before
    dilation: int


def stage_strides(strides: Sequence[int], output_stride: int, stride: int = 1) -> list[StageStride]:
    """Strides and dilations that keep the feature maps at least 1 / `output_stride` of the image's sides.

    A stage that would go beyond it has its stride replaced by a dilation, as large, of its and all later convolutions (Chen et al.,
    "Rethinking Atrous Convolution for Semantic Image Segmentation", section 3.1). Where its first block keeps the dilation of the
    stage before, as it would without the stride, every kernel still sees the same places.

    Args:
        strides: Of the stages.
        output_stride: Of the last map: 8, 16 or 32.
        stride: Of the input of the first stage.

    Raises:
        ValueError: `output_stride` is none of these.
    """
    if output_stride not in (8, 16, 32):
        raise ValueError(f"the output stride of a backbone is 8, 16 or 32, not {output_stride!r}")
    dilation, found = 1, []
    for own in strides:
        before = dilation
        if own > 1 and stride * own > output_stride:
            dilation, own = dilation * own, 1
        stride *= own
        found.append(StageStride(own, before, dilation))
    return found
