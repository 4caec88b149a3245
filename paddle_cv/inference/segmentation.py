"""What belongs to what in an image: maps of classes, and foregrounds cut out at full resolution."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
from paddle import nn
from PIL import Image

from ..data import label_names
from ..data.segmentation import network_input, working_shape
from ..engines.runtime import make_engine
from ..models.segmentation.base import MattingSpec, SegmentationSpec
from ..pictures import MAX_MEGAPIXELS, ImageError, Picture, full_scale, open_picture, save_image
from ..pictures.display import IN_A_ROW, picture_html, picture_png
from ..pictures.planes import box_mean, guided_planes, resized_planes
from .base import PicturePredictor, Progress
from .matting import Matte, in_color, is_color, made_of
from .outcomes import NotFinite, check_finite, gather
from .registry import Option, Score, predictor
from .samples import softmax

__all__ = ["Mask", "SegmentationPredictor"]

#: Pixels of the size in which the guided filter looks for edges.
_GUIDED = 600_000
#: Variance of colours that counts as flat; full opacity from there on, and none below.
_FLAT, _LEVELS = 2e-4, (0.2, 0.8)
#: Pixels of the network's input by which the edges that it finds may be wrong.
_REACH = 4
_ROWS = 256


@dataclass(frozen=True, eq=False)
class Mask:
    """The class of each pixel.

    Attributes:
        picture: The image, in colour.
        classes: (H, W) uint8: numbers of classes.
        shares: (classes, h, w) float32: probabilities, at the resolution of the network.
        labels: Names of the classes.
        palette: Their colours, (R, G, B) in 0...255.
    """

    picture: Picture
    classes: np.ndarray
    shares: np.ndarray
    labels: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]

    def matte(self, *labels: str) -> Matte:
        """What shows one of these classes, cut out.

        Raises:
            ValueError: No such class.
        """
        unknown = sorted(set(labels) - set(self.labels))
        if unknown or not labels:
            raise ValueError(f"there is no class {', '.join(unknown)}; there are {', '.join(self.labels)}")
        return made_of(
            self.picture, full_alpha(self.picture, self.shares[[self.labels.index(name) for name in labels]].sum(0))
        )

    def image(self) -> Image.Image:
        """The numbers of the classes with their colours as the palette, as PASCAL VOC has its masks."""
        image = Image.fromarray(self.classes).convert("P")
        image.putdata(self.classes.ravel())
        image.putpalette([value for color in self.palette for value in color])
        return image

    def save(self, path: Union[str, Path]) -> Path:
        """Writes `image`; PNG keeps palette and numbers."""
        return save_image(self.image(), path)

    def as_dict(self) -> dict[str, float]:
        """The share of the image's area that each class has, of those that there are, the largest first."""
        counts = np.bincount(self.classes.ravel(), minlength=len(self.labels)) / self.classes.size
        return {self.labels[number]: float(counts[number]) for number in np.argsort(-counts) if counts[number]}

    def preview(self) -> Image.Image:
        """The image with the classes' colours over it."""
        colors = np.asarray(self.palette, np.uint8)[self.classes]
        return Image.fromarray((self.picture.eight_bits().color // 2 + colors // 2).astype(np.uint8))

    def _repr_png_(self) -> bytes:
        return picture_png(self.preview())

    def _repr_html_(self) -> str:
        return picture_html(self.preview(), IN_A_ROW, ", ".join(self.as_dict()))


def full_alpha(picture: Picture, coarse: np.ndarray) -> np.ndarray:
    """Brings an opacity that a network found at its own resolution to the edges of the whole image.

    A guided filter, whose guide is the image at a size between the two, gives linear functions of the colour; they are enlarged
    and used with all pixels of the image (`guided_planes`). Where the network is sure all around, its word counts.

    Args:
        picture: The image.
        coarse: (h, w) float32 in [0, 1].

    Returns:
        (H, W) float32 in [0, 1].
    """
    color = in_color(picture).color
    height, width = picture.size
    top = np.float32(full_scale(color.dtype))
    factor = min(1.0, (_GUIDED / (height * width)) ** 0.5)
    size = max(1, round(height * factor)), max(1, round(width * factor))
    guide = resized_planes(color, size) / top
    values = resized_planes(coarse, size)
    radius = max(1, round(_REACH * size[0] / coarse.shape[0]))
    functions = guided_planes(guide, values, radius, _FLAT)
    surely = [box_mean((part > 0.1).astype(np.float32), 2 * radius) < 1e-3 for part in (values, 1 - values)]
    result = np.empty((height, width), np.float32)
    low, high = _LEVELS
    known = np.dstack([functions, *surely]).astype(np.float32)
    for first in range(0, height, _ROWS):
        last = min(first + _ROWS, height)
        box = (0, first * size[0] / height, size[1], last * size[0] / height)
        planes = resized_planes(known, (last - first, width), box)
        rows = (planes[..., :3] * (color[first:last] / top)).sum(-1) + planes[..., 3]
        rows = ((rows - low) / (high - low)).clip(0, 1)
        result[first:last] = (rows * (1 - planes[..., 4])).clip(planes[..., 5], 1)
    return result


@predictor("segmentation", "matting")
class SegmentationPredictor(PicturePredictor):
    """Tells what belongs to what, and cuts out foregrounds.

    The network looks at the whole image at its own resolution; what it finds is brought to the image's.

    Args:
        network: A network for segmentation or matting.
        spec: What it is.
        engine: See `make_engine`.
        device: See `make_engine`.
        threads: CPU threads; None: one for each core.
        precision: See `make_engine`.
        max_megapixels: Files of more pixels are refused before they are decoded.

    Attributes:
        names: The names of the classes; none of networks for matting.
    """

    options = (
        Option("background", str, "image or colour to put what is cut out before: sea.jpg, #438edb (transparent)"),
        Option("size", float, "size of what is cut out before the background, 1 where all of it fits (1)", least=0.01),
        Option("shadow", bool, "let it cast a shadow on the background"),
        Option("blur", float, "radius in pixels by which the own background is blurred (transparent)", least=0),
    )
    scores = {
        "iou": Score(digits=4, tolerance=2e-3, heading={"en": "{}: IoU of the person", "zh": "{}：人物 IoU"}),
        "pixel_accuracy": Score(digits=4, heading={"en": "{}: pixel accuracy", "zh": "{}：像素准确率"}),
        "boundary_f": Score(digits=4, heading={"en": "{}: boundary F", "zh": "{}：边界 F"}),
        "miou": Score(digits=4, heading={"en": "{}: mean IoU of the classes", "zh": "{}：各类平均 IoU"}),
    }

    def __init__(
        self,
        network: nn.Layer,
        spec: Union[SegmentationSpec, MattingSpec],
        engine: str = "auto",
        device: str = "auto",
        threads: Optional[int] = None,
        precision: str = "auto",
        max_megapixels: float = MAX_MEGAPIXELS,
    ):
        super().__init__(max_megapixels)
        if not isinstance(spec, (SegmentationSpec, MattingSpec)):
            raise ValueError(f"{spec.name} is a network for {spec.task}; this predictor cuts out")
        self.spec = spec
        self.names: tuple[str, ...] = ()
        if isinstance(spec, SegmentationSpec):
            known = spec.class_names or (label_names(spec.labels) if spec.labels else ())
            self.names = tuple(known) or tuple(map(str, range(spec.num_classes)))
        self._engine = make_engine(network, [(3, None, None)], engine, device, threads, precision)

    @property
    def tells_foreground(self) -> bool:
        """Whether results are mattes; else they are masks of several classes."""
        spec = self.spec
        return isinstance(spec, MattingSpec) or (spec.foreground is not None and spec.num_classes <= 2)

    def predict(self, images: Any, batch_size: int = 1) -> Any:
        """Cuts out of one image or several.

        Args:
            images: A path, the bytes of a picture file, a PIL image or an RGB array (see `open_picture`), or a list of them.
            batch_size: Not used: images have different sizes, and go through the network one by one.

        Returns:
            A `Matte` where the network tells a foreground from its background, a `Mask` where it knows several classes; a list for
            a list, in its order.

        Raises:
            FileNotFoundError: There is no such file (one image).
            ImageError: The image cannot be used (one image).
            PredictionErrors: Some of several images failed; it carries the results of the others.
        """
        if isinstance(images, (list, tuple)):
            return gather(self.predict_each(images, batch_size))
        return self.segment(self._open(images))

    def predict_each(
        self, images: Sequence[Any], batch_size: int = 1, **options: Any
    ) -> Iterator[Union[Matte, Mask, Exception]]:
        """Works on images one after the other: for each its result or, where it failed, the exception."""
        for number, image in enumerate(images):
            name = None if isinstance(image, (str, Path)) else f"input {number}"
            try:
                yield self.segment(self._open(image, name))
            except (ImageError, OSError) as error:
                yield error

    def segment(self, picture: Picture) -> Union[Matte, Mask]:
        """The result of a decoded image.

        Raises:
            ImageError: The network's result is not finite.
        """
        try:
            shares = self.shares(picture)
        except NotFinite as error:
            raise ImageError(f"{picture.name}: {error}") from None
        if self.tells_foreground:
            return made_of(picture, self.alpha_of(picture, shares[-1 if len(shares) == 1 else self.spec.foreground]))
        shown = resized_planes(shares.transpose(1, 2, 0), picture.size)
        classes = shown.argmax(-1).astype(np.uint8)
        return Mask(in_color(picture), classes, shares, self.names, tuple(self.spec.palette))

    def alpha_of(self, picture: Picture, share: np.ndarray) -> np.ndarray:
        """The opacity (H, W), in [0, 1], of what the network gives this probability (h, w) at its own resolution."""
        return full_alpha(picture, share)

    def shares(self, picture: Picture) -> np.ndarray:
        """What the network finds at its own resolution: (classes, h, w) float32, the probability of each, or one opacity."""
        color = np.asarray(Image.fromarray(in_color(picture).eight_bits().color))
        height, width = working_shape(*picture.size, self.spec)
        seen = Image.fromarray(color).resize((width, height), Image.Resampling.BILINEAR, reducing_gap=3)
        [output] = self._engine(network_input(np.asarray(seen), self.spec)[None])
        check_finite(output)
        if isinstance(self.spec, MattingSpec) or self.spec.output == "probability":
            return output
        if len(output) == 1:
            return 1 / (1 + np.exp(-output))
        flat = softmax(output.reshape(len(output), -1).T)
        return np.ascontiguousarray(flat.T).reshape(output.shape)

    def prepare(
        self,
        background: Optional[Any] = None,
        size: float = 1.0,
        shadow: bool = False,
        blur: Optional[float] = None,
    ) -> dict[str, Any]:
        """Checks what is to be made of cut-outs, for `restore`.

        Raises:
            ValueError: A background and a blur of the own one, or neither where there must be one.
            FileNotFoundError, ImageError: The background cannot be read.
        """
        if background is not None and blur is not None:
            raise ValueError("there is either another background or the own one blurred")
        if background is None and shadow:
            raise ValueError("a shadow needs a background")
        if not (background is None or is_color(background) or isinstance(background, Picture)):
            background = open_picture(background)
        return {"background": background, "scale": size, "shadow": shadow, "blur": blur}

    def takes(self, condition: str) -> bool:
        return condition in ("background", "size", "shadow", "blur")

    def result_suffix(self, background: Optional[Any] = None, blur: Optional[float] = None, **_: Any) -> Optional[str]:
        return ".png" if background is None and blur is None else None

    def restore(
        self, picture: Picture, batch_size: int = 1, progress: Optional[Progress] = None, **conditions: Any
    ) -> Picture:
        """The picture that programs write: a cut-out, or what was put before a background; of several classes, their colours."""
        made = self.render(self.segment(picture), **self.prepare(**conditions))
        if progress:
            progress(1, 1)
        return made

    def render(
        self,
        result: Union[Matte, Mask],
        background: Optional[Picture],
        scale: float,
        shadow: bool,
        blur: Optional[float],
    ) -> Picture:
        """A picture of a result; the arguments are those that `prepare` returns."""
        if isinstance(result, Mask):
            person = self.spec.foreground
            if person is None or (background is None and blur is None):
                colors = np.asarray(result.palette, np.uint8)[result.classes]
                return Picture(colors, None, result.picture.name, result.picture.kind)
            result = result.matte(result.labels[person])
        if blur is not None:
            return result.blurred_picture(blur)
        if background is None:
            return result.cutout_picture()
        return result.composite_picture(background, scale=scale, shadow=shadow)
