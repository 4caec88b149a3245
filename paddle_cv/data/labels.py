"""Names of the classes of well-known data sets, in the order of the networks' outputs.

`imagenet_classes.txt` has the 1000 classes of ImageNet (ILSVRC 2012), one a line, sorted by their WordNet number as all published
networks have them. The names are those of the torchvision library (BSD-3-Clause): the first WordNet lemma of each class, and a
second word where two classes share it (`crane bird` and `crane`).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

__all__ = ["LABELS", "label_names"]

#: What `ModelSpec.labels` may be.
LABELS = ("imagenet", "mnist")


@cache
def label_names(labels: str) -> tuple[str, ...]:
    """The names of the classes: "imagenet" has 1000, "mnist" the ten digits.

    Raises:
        KeyError: No such data set.
    """
    if labels == "mnist":
        return tuple("0123456789")
    if labels == "imagenet":
        return tuple(Path(__file__).with_name("imagenet_classes.txt").read_text(encoding="utf-8").splitlines())
    raise KeyError(f"there are no class names of {labels!r}, only of {', '.join(LABELS)}")
