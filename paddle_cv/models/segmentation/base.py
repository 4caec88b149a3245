"""What is known about networks that cut images into parts."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, Optional

from ..spec import LabelledSpec, ModelSpec

__all__ = ["CLOVA_PORTRAIT", "IMAGENET", "MattingSpec", "SegmentationSpec", "WholeImageSpec"]

#: Facts for `register_model` of networks on a backbone that was trained on ImageNet.
IMAGENET: dict[str, Any] = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
#: Of the portrait networks of Clova AI, as PaddleHub's modules of them prepare images: blue, green and red minus 107.304565,
#: 115.69884 and 132.35703, then divided by 63.97182, 65.1337 and 68.29726, and once more by 255.
CLOVA_PORTRAIT: dict[str, Any] = {
    "labels": "portrait",
    "foreground": 1,
    "working_size": 224,
    "square": True,
    "bgr": True,
    "mean": (132.35703 / 255, 115.69884 / 255, 107.304565 / 255),
    "std": (68.29726, 65.1337, 63.97182),
}


@dataclass(frozen=True)
class WholeImageSpec(ModelSpec):
    """A network that looks at whole images, at a size of its own, and finds what can be cut out of them.

    Attributes:
        working_size: Pixels of the shorter side of the images that it was trained on.
        square: Those images were stretched to squares, whatever their shape.
        multiple: The sides of the input are multiples of this many pixels.
        bgr: The network takes the channels in the order blue, green, red; `mean` and `std` are of red, green, blue nevertheless.
    """

    titles = {"en": "Cut out", "zh": "抠图"}

    working_size: int = 512
    square: bool = False
    multiple: int = 1
    bgr: bool = False


@dataclass(frozen=True)
class SegmentationSpec(LabelledSpec, WholeImageSpec):
    """A network from images (N, 3, H, W) to maps (N, num_classes, H, W), one for each class.

    Attributes:
        output: What the maps hold: "logits", of which softmax makes probabilities, or the sigmoid where there is one map only; or
            "probability" of the foreground, one map.
        foreground: The class whose probability cuts out what is wanted: people, or what stands out; None: no class of its own.
    """

    words = {"segmentation": ("human_seg", "分割")}
    titles = {"en": "Cut out", "zh": "分割与抠图"}

    task: str = "segmentation"
    output: str = "logits"
    foreground: Optional[int] = None

    @property
    def num_classes(self) -> int:
        """Maps that the network gives."""
        default = inspect.signature(self.network).parameters["num_classes"].default
        return self.hyperparameters.get("num_classes", default)

    @property
    def palette(self) -> list[tuple[int, int, int]]:
        """A colour (R, G, B in 0...255) for each class: those of PASCAL VOC, whose bits are the class's bits, dealt out in turn."""
        colors = []
        for number in range(self.num_classes):
            color = [0, 0, 0]
            for place in range(8):
                for channel in range(3):
                    color[channel] |= (number >> (3 * place + channel) & 1) << (7 - place)
            colors.append((color[0], color[1], color[2]))
        return colors


@dataclass(frozen=True)
class MattingSpec(WholeImageSpec):
    """A network from images (N, 3, H, W) to the opacity of their foreground (N, 1, H, W), in [0, 1]."""

    words = {"matting": ("cutout", "background", "抠图")}
    titles = {"en": "Cut out", "zh": "分割与抠图"}

    task: str = "matting"
