"""Training configurations: YAML files with inheritance, checked against the fields below."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Optional, Union

from omegaconf import DictConfig, OmegaConf

from .configs import find_config

__all__ = ["TrainConfig", "load_config"]


@dataclass
class ModelConfig:
    """The network: a registered name and, where they differ from it, hyperparameters.

    `weights` is a file to start from, or the name of a network whose weights are shipped; the layers whose names begin with
    one of `new_layers` start anew all the same. `compile: false` trains in dygraph on CPUs too, for networks that
    `compile_for_cpu` cannot take.
    """

    name: str = "???"
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    weights: Optional[str] = None
    new_layers: list[str] = field(default_factory=list)
    compile: bool = True


@dataclass
class DataConfig:
    """Where the pictures are, and how batches are made of them. A batch is shared by all processes.

    Restoration: `folders` of high-resolution, or clean, pictures; `patch_size` in pixels of the network's input.
    `noise_level`, of 255, is one number or [lowest, highest]: for denoisers, and for networks with the input "degradation".
    `degradation` is a text such as `bd` or `bicubic+noise:5-30+jpeg:30-90` that `paddle_cv.data.Degradation` explains. None:
    `bicubic` for super-resolution; denoisers get noise of `noise_level`, unless they have a degradation in its place.

    Classification: `source` "folder" reads `folders`[0] with its folders `train` and `val`, in each of which every class
    has a folder; "mnist" reads the four files of MNIST there, or downloads them. `augment` lists transforms of
    `paddle.vision.transforms` by name, each with its arguments: `{RandomRotation: {degrees: 10}}`. `mixup` is the parameter
    of its Beta distribution.
    """

    source: str = "folder"
    folders: list[str] = field(default_factory=list)
    patch_size: int = 32
    batch_size: int = 8
    rescale: list[float] = field(default_factory=lambda: [1.0])
    noise_level: list[float] = field(default_factory=list)
    degradation: Optional[str] = None
    augment: list[dict[str, Any]] = field(default_factory=list)
    mixup: float = 0.0
    num_workers: int = 0


@dataclass
class ValidationConfig:
    """What to measure the averaged weights on, every so many steps, and at the end.

    `high` is a test set for restoration; no folder, no validation. Denoisers get its pictures with noise of `noise_level`, of
    255 and the same each time; None: the middle of the levels that are trained. Classifiers are measured on the other part
    of their data. `degradation`: as in the data, for another one than theirs; `low` has pictures that are degraded already.
    After `patience` measurements without a gain the run ends; 0: it does not.
    """

    high: Optional[str] = None
    low: Optional[str] = None
    every: int = 1000
    patience: int = 0
    noise_level: Optional[float] = None
    degradation: Optional[str] = None


@dataclass
class OptimizerConfig:
    """`adam`, `adamw` (decay of weight matrices, not of biases), `soap`, or `sgd` with momentum; warm-up, and one of four
    schedules.

    `soap` is Adam in better coordinates (`paddle_cv.training.soap`): its steps take longer, and many networks need far fewer
    of them.

    `cosine`: to `final_rate` at the last step; `exponential`: the same, by an equal factor in each step; `step`: times `gamma`
    after every `step_size` steps; `multistep`: times `gamma` at each of the steps `milestones`. Both count without the linear
    warm-up.
    """

    name: str = "adam"
    schedule: str = "cosine"
    learning_rate: float = 1e-3
    final_rate: float = 1e-6
    warmup_steps: int = 200
    step_size: int = 0
    milestones: list[int] = field(default_factory=list)
    gamma: float = 0.5
    beta1: Optional[float] = None  # adam, adamw: 0.9; soap: 0.95, as its authors have it
    beta2: Optional[float] = None  # adam, adamw: 0.99; soap: 0.95
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 0.0  # adam, soap, sgd: L2 penalty, as a part of the gradient
    rate_factors: dict[str, float] = field(default_factory=dict)  # of parameters whose names begin with the key
    clip_norm: Optional[float] = None  # of all gradients together
    clip_change: Optional[float] = None  # of gradient times learning rate, each value for itself (VDSR, section 3.2)


@dataclass
class PerceptualConfig:
    """A loss between what VGG19 sees in the result and in the target, for restoration; `weight` 0: none.

    `layers` are names such as `conv5_4` (before the ReLU) and `relu5_4`; `distance` is a name in `paddle_cv.training.losses`.
    `weights` is a weight file of VGG19, or the name of a network whose published weights are fetched.
    """

    weight: float = 0.0
    layers: list[str] = field(default_factory=lambda: ["conv5_4"])
    distance: str = "l1"
    weights: str = "vgg19"


@dataclass
class AdversarialConfig:
    """A discriminator that is trained together with the network, for restoration; None: none.

    `discriminator` is a name of `list_models(task="discriminator")`; it has the network's optimizer options. `kind` is `vanilla`,
    the cross-entropy of SRGAN, or `relativistic`, the average one of ESRGAN. `weight` is that of the network's part of it in its
    loss.
    """

    discriminator: Optional[str] = None
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    kind: str = "vanilla"
    weight: float = 1e-3


@dataclass
class TrainConfig:
    """A whole run. `output` is the run folder; `ema` the decay of the averaged weights (0: the weights themselves).

    `loss` is a name in `paddle_cv.training.losses`, for restoration, and `loss_weight` its weight beside a perceptual and an
    adversarial loss; classifiers have cross-entropy with `label_smoothing`.
    An epoch has as many items as there are pictures; `epochs`, where given, takes the place of `steps`. `amp` is `float16` or
    `bfloat16` for mixed precision. `load_config` notes in `file` where the configuration was read from.
    """

    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    validation: ValidationConfig = field(default_factory=ValidationConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    perceptual: PerceptualConfig = field(default_factory=PerceptualConfig)
    adversarial: AdversarialConfig = field(default_factory=AdversarialConfig)
    loss: str = "l1"
    loss_weight: float = 1.0
    label_smoothing: float = 0.0
    steps: int = 1000
    epochs: Optional[float] = None
    amp: Optional[str] = None
    ema: float = 0.999
    seed: int = 0
    save_every: int = 500
    log_every: int = 100
    output: str = "???"
    file: Optional[str] = None


#: The least value of what cannot be less.
_LEAST = {
    "data.batch_size": 1,
    "data.num_workers": 0,
    "data.patch_size": 1,
    "log_every": 1,
    "optimizer.step_size": 0,
    "optimizer.warmup_steps": 0,
    "save_every": 1,
    "seed": 0,
    "steps": 1,
    "validation.every": 1,
    "validation.patience": 0,
}


def _read(path: Path, heirs: tuple[Path, ...] = ()) -> list[tuple[Path, DictConfig]]:
    """A file after those it inherits from: `_base_` names another one by a path relative to it."""
    if path.resolve() in heirs:
        raise ValueError(f"{path} inherits from itself")
    config = OmegaConf.load(path)
    if not isinstance(config, DictConfig):
        raise ValueError(f"{path} is no mapping of keys to values")
    base = config.pop("_base_", None)
    before = [] if base is None else _read(path.parent / base, (*heirs, path.resolve()))
    return [*before, (path, config)]


def _parse(overrides: Sequence[str]) -> DictConfig:
    for override in overrides:
        if "=" not in override:
            raise ValueError(f"{override!r} is no KEY=VALUE")
    changes = OmegaConf.from_dotlist(list(overrides))
    if changes.get("steps") is not None and changes.get("epochs") is not None:
        raise ValueError("steps and epochs exclude each other")
    return changes


def _check_keys(content: dict[str, Any]) -> None:
    """Names a key that does not exist, and the ones that it might have been meant for."""
    for key in _unknown(content, TrainConfig):
        near = _nearest(key)
        raise ValueError(f"there is no key {key}" + (f"; did you mean {' or '.join(near)}?" if near else ""))


def _unknown(content: dict[str, Any], options: type, prefix: str = "") -> Iterator[str]:
    """The dotted keys that a dataclass and those in it do not have."""
    known = {option.name: option.default_factory for option in fields(options)}
    for key, value in content.items():
        if key in known and is_dataclass(known[key]) and isinstance(value, dict):
            yield from _unknown(value, known[key], f"{prefix}{key}.")
        elif key not in known:
            name = f"{prefix}{key}"
            while isinstance(value, dict) and len(value) == 1:  # what -o train.epochs=2 has become
                [(key, value)] = value.items()
                name += f".{key}"
            yield name


def _nearest(key: str) -> list[str]:
    """Keys that end in the same word; or else that look like the key, or their last words like its last."""

    def last(name: str) -> str:
        return name.rpartition(".")[2]

    known = list(_keys(TrainConfig))
    words = difflib.get_close_matches(last(key), {last(name) for name in known}, n=2, cutoff=0.6)
    return (
        [name for name in known if last(name) == last(key)]
        or difflib.get_close_matches(key, known, n=2, cutoff=0.7)
        or [name for name in known if last(name) in words]
    )


def _keys(options: type, prefix: str = "") -> Iterator[str]:
    for option in fields(options):
        yield f"{prefix}{option.name}"
        if is_dataclass(option.default_factory):
            yield from _keys(option.default_factory, f"{prefix}{option.name}.")


def _check_values(config: DictConfig) -> None:
    """Values of the right type that no run can have."""
    for key, least in _LEAST.items():
        if OmegaConf.select(config, key) < least:
            raise ValueError(f"{key} is {OmegaConf.select(config, key)}: it must be at least {least}")
    if config.epochs is not None and config.epochs <= 0:
        raise ValueError(f"epochs is {config.epochs}: it must be more than 0")
    if not 0 <= config.ema < 1:
        raise ValueError(f"ema is {config.ema}: it must be at least 0 and less than 1")
    if config.amp not in (None, "float16", "bfloat16"):
        raise ValueError(f"amp: there is no {config.amp!r}, only float16, bfloat16")


def load_config(path: Union[str, Path], overrides: Sequence[str] = ()) -> DictConfig:
    """Reads a configuration.

    Args:
        path: YAML file, or the name of one that this project brings; its key `_base_` names a file to inherit from.
        overrides: `key.subkey=value`, the values as in YAML.

    Returns:
        All keys of `TrainConfig`, interpolations such as `${oc.env:PADDLE_CV_DATA}` resolved. `file` is the path, or what the file
        itself says: the `config.yaml` of a run folder names the configuration that the run was started with.

    Raises:
        FileNotFoundError: The file or its base is missing.
        ValueError: An unknown key, a missing value, or one of the wrong type or out of range; the message names file and key.
    """
    path = source = find_config(path)
    merged = OmegaConf.structured(TrainConfig)
    try:
        for file, content in [*_read(path), (path, _parse(overrides))]:
            source = file
            _check_keys(OmegaConf.to_container(content))
            if "steps" in content and "epochs" not in content:
                merged.epochs = None  # those that it inherits would take the place of these steps
            merged = OmegaConf.merge(merged, content)
        source = path
        OmegaConf.resolve(merged)
        missing = OmegaConf.missing_keys(merged)
        if missing:
            raise ValueError(f"missing {', '.join(sorted(missing))}")
        _check_values(merged)
    except FileNotFoundError:
        raise
    except Exception as error:  # OmegaConf's own errors, PyYAML's and plain ValueErrors
        raise ValueError(f"{source}: {error}") from error
    merged.file = merged.file or path.as_posix()
    return merged
