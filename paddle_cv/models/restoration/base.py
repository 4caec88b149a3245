"""What is known about networks from image to image: super-resolution and denoising."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from .. import registry
from ..spec import ModelSpec

__all__ = ["RestorationSpec", "register_model"]


@dataclass(frozen=True)
class RestorationSpec(ModelSpec):
    """A network that enlarges images, or denoises them.

    Attributes:
        scale: Enlargement factor; None where the network does not enlarge.
        enlarged_input: Whether it takes the image already enlarged (bicubic) to the size of its output.
    """

    words = {
        "super_resolution": ("enlarge", "upscal", "upsampl", "sisr", "放大", "超分"),
        "denoising": ("noise", "clean", "去噪", "降噪"),
    }
    titles = {"en": "Enlarge, clean", "zh": "放大与去噪"}

    task: str = "super_resolution"
    scale: int | None = None
    enlarged_input: bool = False

    def does(self, language: str) -> str:
        if self.scale is None:
            return {"en": "Remove noise", "zh": "去噪"}[language]
        return {"en": "Enlarge × {}", "zh": "放大 {} 倍"}[language].format(self.scale)

    @property
    def network_scale(self) -> int:
        return 1 if self.enlarged_input else self.scale or 1

    @property
    def inputs(self) -> str:
        return super().inputs + (", enlarged to the size of the output" if self.enlarged_input else "")

    def does_the_same(self, other: ModelSpec) -> bool:
        return super().does_the_same(other) and isinstance(other, RestorationSpec) and self.scale == other.scale

    def of_checkpoint(self, hyperparameters: Mapping[str, Any], **facts: Any) -> ModelSpec:
        return super().of_checkpoint(hyperparameters, **{"scale": hyperparameters.get("scale"), **facts})


#: `paddle_cv.models.register_model` for networks of this folder.
register_model = partial(registry.register_model, spec=RestorationSpec)
