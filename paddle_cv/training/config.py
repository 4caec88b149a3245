"""What a training configuration can say; `config_files` reads it from YAML, `config_values` knows which values it can have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional

__all__ = ["DataConfig", "ModelConfig", "TrainConfig"]


@dataclass
class ModelConfig:
    """The network: a registered name and, where they differ from it, hyperparameters.

    `weights` is a file to start from, or the name of a network whose weights are shipped or published: those are fetched, once.
    The layers whose names begin with one of `new_layers` start anew all the same; a classifier's head does where the classes are
    others than those of the weights. What begins with one of `frozen` keeps the weights that it starts from, and costs no gradient.
    `compile: false` trains in dygraph on CPUs too, for networks that `compile_for_cpu` cannot
    take.
    """

    name: str = "???"
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    weights: Optional[str] = None
    new_layers: list[str] = field(default_factory=list)
    frozen: list[str] = field(default_factory=list)
    compile: bool = True


@dataclass
class DataConfig:
    """Where the pictures are, and how batches are made of them. A batch is shared by all processes.

    Restoration: `folders` of high-resolution, or clean, pictures; `patch_size` in pixels of the network's input. The names
    `scikit-image`, `scikit-image:train` and `scikit-image:val` stand for the photographs that come with that package.
    `validation_share` of the pictures is kept for the validation where that has no folder of its own.
    `noise_level`, of 255, is one number or [lowest, highest]: for denoisers, and for networks with the input "degradation".
    `degradation` is a text such as `bd` or `bicubic+noise:5-30+jpeg:30-90` that `paddle_cv.data.Degradation` explains. None:
    `bicubic` for super-resolution; denoisers get noise of `noise_level`, unless they have a degradation in its place.

    Classification: `source` "folder" reads `folders`[0] with its folders `train` and `val`, in each of which every class
    has a folder; where there is no `val`, `validation_share` of each class' pictures in `train`, or in the folder itself, take its
    place, always the same ones. "mnist" reads the four files of MNIST there, or downloads them. `augment` lists transforms of
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
    validation_share: float = 0.2


@dataclass
class ValidationConfig:
    """What to measure the averaged weights on: before the first step, every so many steps, and at the end.

    `high` is a test set for restoration; without a folder it is a part of the training pictures (`data.validation_share`; 0: no
    validation). Denoisers get its pictures with noise of `noise_level`, of
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
    # Of parameters whose names begin with the key; `head` is what tells a classifier's classes apart, whatever its name.
    rate_factors: dict[str, float] = field(default_factory=dict)
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
    """A whole run; a task with options of its own has a subclass of it (`Task.Config`). `output` is the run folder; `ema` the decay
    of the averaged weights (0: the weights themselves).

    `loss` is a name in `paddle_cv.training.losses`, for restoration, and `loss_weight` its weight beside a perceptual and an
    adversarial loss; classifiers have cross-entropy with `label_smoothing`.
    A run has so many `steps`, or `epochs`; with neither, 1,000 steps. An epoch of restoration has as many patches as the area of
    all pictures (in all their sizes, see `data.rescale`) holds; one of classification shows every picture once. `amp` is `float16`
    or `bfloat16` for mixed precision. `load_config` notes in `file` where the configuration was read from.
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
    steps: Optional[int] = None
    epochs: Optional[float] = None
    amp: Optional[str] = None
    ema: float = 0.999
    seed: int = 0
    save_every: int = 500
    log_every: int = 100
    output: str = "???"
    file: Optional[str] = None
