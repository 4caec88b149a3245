"""Pictures with class labels."""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
from paddle.io import Dataset
from PIL import Image

from ..models import ModelSpec
from ..pictures import open_picture
from ..pictures.folders import is_hidden
from .files import list_images
from .listing import split
from .preprocessing import middle_square, standardise, visible_image
from .sources import hint

__all__ = ["LabelledPictures", "LabelledSet", "read_class_folders", "read_class_parts", "read_mnist"]

logger = logging.getLogger(__name__)

#: The four files of MNIST, as they are published.
_MNIST = {
    True: ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    False: ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}


@dataclass
class LabelledSet:
    """Pictures, each with the number of its class.

    Attributes:
        pictures: Files, or (H, W) uint8 arrays.
        labels: Class numbers.
        classes: Names of the classes.
        source: Which of `paddle_cv.data.LABELS` it is, where the pictures are those of a published data set: what weights that are
            trained on it say of themselves.
    """

    pictures: Sequence[Union[Path, np.ndarray]]
    labels: Sequence[int]
    classes: list[str]
    source: Optional[str] = None

    def __len__(self) -> int:
        return len(self.labels)

    def image(self, number: int, spec: ModelSpec, at_least: Optional[int] = None) -> Image.Image:
        """A picture as the network looks at it (`visible_image`).

        Args:
            number: Which.
            spec: What the network is.
            at_least: A JPEG file may be decoded to a smaller picture, as long as each side keeps so many pixels.

        Raises:
            FileNotFoundError: There is no such file.
            ImageError: The file is no picture or is damaged; the message names it.
        """
        picture = self.pictures[number]
        return visible_image(open_picture(picture, metadata=False, at_least=at_least), spec)

    def square(self, number: int, spec: ModelSpec) -> np.ndarray:
        """What is shown to the network without augmentation: (input_size, input_size) or (..., 3) uint8."""
        return np.asarray(middle_square(self.image(number, spec), spec.resize, spec.input_size))


def read_class_folders(folder: Union[str, Path], train: bool) -> LabelledSet:
    """Reads `folder/train` or `folder/val`, where each class has a folder of pictures of its own.

    Raises:
        FileNotFoundError: The folder, or all folders of classes in it, are missing.
    """
    return _read_classes(Path(folder) / ("train" if train else "val"))


def read_class_parts(folder: Union[str, Path, None], share: float) -> tuple[LabelledSet, LabelledSet]:
    """Reads pictures to train on, and others to measure on.

    Args:
        folder: Has `train` and `val` in it. Without `val`, a part of each class is set aside: of `train`, or, where that is missing
            too, of the folders of classes in the folder itself.
        share: What is set aside of each class, in [0, 1); the same pictures each time.

    Raises:
        FileNotFoundError: The folder, or all folders of classes in it, are missing.
        ValueError: No folder is given.
    """
    if folder is None:
        raise ValueError(
            "data.folders is empty: it names the folder with train/<class> and val/<class>, or with <class>"
        )
    if (Path(folder) / "val").is_dir():
        return read_class_folders(folder, train=True), read_class_folders(folder, train=False)
    whole = _read_classes(Path(folder) / "train" if (Path(folder) / "train").is_dir() else Path(folder))
    parts: tuple[list[int], list[int]] = [], []
    for label in range(len(whole.classes)):
        for part, numbers in zip(parts, split([n for n, other in enumerate(whole.labels) if other == label], share)):
            part += numbers
    first, second = (
        LabelledSet([whole.pictures[n] for n in part], [whole.labels[n] for n in part], whole.classes) for part in parts
    )
    return first, second


def _read_classes(part: Path) -> LabelledSet:
    entries = [path for path in part.iterdir() if not is_hidden(path.name)] if part.is_dir() else []
    classes = sorted(path.name for path in entries if path.is_dir())
    if not classes:
        raise FileNotFoundError(
            f"{part} has no folders of classes; there must be train/<class> and val/<class>, or a folder for each class{hint(part)}"
        )
    if len(entries) > len(classes):
        logger.warning("%s: left out are %d files beside the folders of classes", part, len(entries) - len(classes))
    files = [(path, number) for number, name in enumerate(classes) for path in list_images(part / name)]
    return LabelledSet([path for path, _ in files], [number for _, number in files], classes)


def read_mnist(folder: Optional[Union[str, Path]], train: bool) -> LabelledSet:
    """Reads MNIST's training or test digits.

    Args:
        folder: Where the four published files lie; None: they are downloaded by Paddle, once.
        train: 60,000 digits, or the other 10,000.

    Raises:
        FileNotFoundError: A file is not in the folder.
    """
    from paddle.vision.datasets import MNIST

    files = [None, None] if folder is None else [Path(folder) / name for name in _MNIST[train]]
    for path in files:
        if path is not None and not path.is_file():
            raise FileNotFoundError(f"there is no {path}{hint(path)}")
    data = MNIST(*(path and str(path) for path in files), mode="train" if train else "test", backend="cv2")
    digits = np.stack(data.images).reshape(-1, 28, 28).astype(np.uint8)
    labels = [int(label) for label in np.ravel(data.labels)]
    return LabelledSet(digits, labels, [str(digit) for digit in range(10)], source="mnist")


class LabelledPictures(Dataset):
    """Training items of a classifier, in an order that is shuffled anew in each epoch.

    Item n, any number from 0 on, is of epoch n // epoch_size. It depends on `seed` and n alone: a run that is stopped and
    continued, or that reads through several worker processes, meets the same items.

    Args:
        data: The pictures.
        spec: The network's specification: sizes, channels, mean and standard deviation.
        augment: Transforms of `paddle.vision.transforms`, by name, each with its arguments.
        seed: Seed of order and augmentation.
        cache: Pictures are kept in memory, once decoded, until they take this many megabytes.

    Items: (C, input_size, input_size) float32, standardised; the class number, int64.

    Raises:
        ValueError: There is no transform of such a name, or its arguments are wrong.
    """

    def __init__(
        self,
        data: LabelledSet,
        spec: ModelSpec,
        augment: Sequence[dict[str, Optional[dict[str, Any]]]] = (),
        seed: int = 0,
        cache: int = 1024,
    ):
        super().__init__()
        self.data, self.spec, self.seed = data, spec, seed
        self.transforms = [_transform(name, arguments) for step in augment for name, arguments in step.items()]
        self.cache: dict[int, Image.Image] = {}
        self.room = cache * 2**20
        self.order = (-1, np.empty(0, int))

    @property
    def epoch_size(self) -> int:
        return len(self.data)

    def __len__(self) -> int:
        return self.epoch_size

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        epoch, position = divmod(index, self.epoch_size)
        if self.order[0] != epoch:
            self.order = epoch, np.random.default_rng([self.seed, epoch]).permutation(self.epoch_size)
        number = int(self.order[1][position])
        image = self._image(number)
        if self.transforms:
            # Paddle's transforms draw from the two global generators.
            [state] = np.random.SeedSequence([self.seed, index]).generate_state(1)
            random.seed(int(state))
            np.random.seed(state)
            for transform in self.transforms:
                image = _apply(transform, image)
        size = self.spec.input_size
        if image.size != (size, size):
            image = middle_square(image, self.spec.resize, size)
        return standardise(np.asarray(image), self.spec), np.int64(self.data.labels[number])

    def _image(self, number: int) -> Image.Image:
        if number in self.cache:
            return self.cache[number]
        if self.transforms:
            image = self.data.image(number, self.spec, at_least=2 * self.spec.resize)
            factor = 2 * self.spec.resize / min(image.size)
            if factor < 1:  # no augmentation needs all of a large photograph
                image = image.resize([round(side * factor) for side in image.size], Image.BILINEAR, reducing_gap=2)
        else:
            image = Image.fromarray(self.data.square(number, self.spec))
        taken = image.width * image.height * len(image.getbands())
        if taken <= self.room:
            self.room -= taken
            self.cache[number] = image
        return image


def _apply(transform: Any, image: Image.Image) -> Image.Image:
    name = type(transform).__name__
    if name == "RandomErasing" and image.mode == "L":  # Paddle's wants a channel axis
        return Image.fromarray(transform(np.array(image)[..., None])[..., 0])
    image = transform(image)
    if not isinstance(image, Image.Image):
        raise ValueError(f"data.augment: {name} makes no picture but a {type(image).__name__}")
    return image


def _transform(name: str, arguments: Optional[dict[str, Any]]) -> Any:
    from paddle.vision import transforms

    if name not in transforms.__all__:
        raise ValueError(f"data.augment: paddle.vision.transforms has no {name!r}")
    try:
        return getattr(transforms, name)(**(arguments or {}))
    except (TypeError, ValueError) as error:
        raise ValueError(f"data.augment: {name}: {error}") from error
