"""Names of the classes of well-known data sets, in the order of the networks' outputs.

`imagenet_classes.txt` has the 1000 classes of ImageNet (ILSVRC 2012), one a line, sorted by their WordNet number as all published
networks have them. The names are those of the torchvision library (BSD-3-Clause): the first WordNet lemma of each class, and a
second word where two classes share it (`crane bird` and `crane`).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

__all__ = ["LABELS", "label_names"]

_CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_VOC = (
    *(
        "background",
        "aeroplane",
        "bicycle",
        "bird",
        "boat",
        "bottle",
        "bus",
        "car",
        "cat",
        "chair",
        "cow",
        "diningtable",
    ),
    *("dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)
_CITYSCAPES = (
    *(
        "road",
        "sidewalk",
        "building",
        "wall",
        "fence",
        "pole",
        "traffic light",
        "traffic sign",
        "vegetation",
        "terrain",
    ),
    *("sky", "person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle"),
)
#: What `ModelSpec.labels` may be.
LABELS = ("cifar10", "cityscapes", "imagenet", "mnist", "portrait", "voc")


@cache
def label_names(labels: str) -> tuple[str, ...]:
    """The names of the classes.

    "imagenet" has 1000, "cifar10" ten, "mnist" the ten digits; of those in segmentation, "voc" (PASCAL VOC 2012) has 21 with the
    background first, "cityscapes" 19, and "portrait" the background and the person.

    Raises:
        KeyError: No such data set.
    """
    short = {
        "cifar10": _CIFAR10,
        "cityscapes": _CITYSCAPES,
        "mnist": tuple("0123456789"),
        "portrait": ("background", "person"),
        "voc": _VOC,
    }
    if labels in short:
        return short[labels]
    if labels == "imagenet":
        return tuple(Path(__file__).with_name("imagenet_classes.txt").read_text(encoding="utf-8").splitlines())
    raise KeyError(f"there are no class names of {labels!r}, only of {', '.join(LABELS)}")
