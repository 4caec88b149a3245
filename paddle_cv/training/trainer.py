"""The training loop: a fixed number of steps, validation and checkpoints on the way, exact continuation."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import Any, Optional

import numpy as np
import paddle
from omegaconf import DictConfig, OmegaConf
from paddle import nn
from paddle.io import BatchSampler, DataLoader, Dataset
from tqdm import tqdm
from visualdl import LogWriter

from ..data import DegradedPatches, DenoisingPatches, SuperResolutionPatches, denoising_pairs, super_resolution_pairs
from ..data.degradations import bicubic_degradation
from ..inference.windows import compute_windows, condition_inputs
from ..metrics import denoising_scores, super_resolution_scores
from ..models import build_model, list_models, model_spec
from ..weights import load_weights, read_weights, shipped_weights
from .checkpoint import load_checkpoint, optimizer_state, save_checkpoint, set_optimizer_state, write_atomically
from .cpu import compile_for_cpu
from .losses import LOSSES, mean_over_outputs

__all__ = ["Trainer", "WeightAverage"]

logger = logging.getLogger(__name__)


class _Remaining(BatchSampler):
    """Batches of consecutive item numbers, from the batch after the last one that was trained on."""

    def __init__(self, first: int, last: int, batch_size: int):
        self.first, self.last, self.batch_size = first, last, batch_size

    def __iter__(self):
        for step in range(self.first, self.last):
            yield list(range(step * self.batch_size, (step + 1) * self.batch_size))

    def __len__(self) -> int:
        return self.last - self.first


class WeightAverage:
    """Exponential moving average of a network's weights, with a shorter memory at the start."""

    def __init__(self, network: nn.Layer, decay: float):
        self.network, self.decay, self.updates = network, decay, 0
        self.average = {name: value.clone().detach() for name, value in network.state_dict().items()}

    @paddle.no_grad()
    def update(self) -> None:
        self.updates += 1
        decay = min(self.decay, self.updates / (self.updates + 10))
        for name, value in self.network.state_dict().items():
            if value.is_floating_point():
                self.average[name].scale_(decay).add_(value.detach() * (1 - decay))

    def swap(self) -> None:
        """Exchanges the network's weights and the averaged ones."""
        current = {name: value.clone().detach() for name, value in self.network.state_dict().items()}
        self.network.set_state_dict(self.average)
        self.average = current


class Trainer:
    """Trains the network of a configuration.

    The run folder (`config.output`) gets `config.yaml`, `train.log` (written by tools/train.py), VisualDL scalars in
    `visualdl/`, `last.pdckpt` (all that the next step depends on), `best.pdparams` and `last.pdparams` (averaged weights)
    and `metrics.json`.

    Args:
        config: What `load_config` returns.
        progress: Show a progress bar.
    """

    def __init__(self, config: DictConfig, progress: bool = True):
        self.config, self.progress = config, progress
        self.folder = Path(config.output)
        paddle.seed(config.seed)
        self.spec = model_spec(config.model.name)
        self.network = build_model(config.model.name, **config.model.hyperparameters)
        if config.model.weights:
            self._start_from(config.model.weights, list(config.model.new_layers))
        self.schedule = self._make_schedule()
        self.optimizer = self._make_optimizer()
        self.average = WeightAverage(self.network, config.ema)
        self.loss = _choose("loss", config.loss, LOSSES)
        self.step = 0
        self.seconds = 0.0
        self.best = {"step": 0, "psnr": float("-inf")}
        self.history: list[dict[str, Any]] = []
        self.validation: Optional[list] = None
        compiles = config.model.compile and paddle.get_device() == "cpu"
        self.compiled = compile_for_cpu(self.network) if compiles else self.network
        # What is trained: all the outputs that are compared with the target.
        self.outputs = self.compiled
        if hasattr(self.network, "all_outputs"):
            self.outputs = compile_for_cpu(self.network, "all_outputs") if compiles else self.network.all_outputs

    def _start_from(self, weights: str, new_layers: list[str]) -> None:
        path = shipped_weights(model_spec(weights)) if weights in list_models() else weights
        load_weights(self.network, read_weights(path, self.network, new_layers), new_layers)

    def _make_schedule(self):
        options, steps = self.config.optimizer, self.config.steps
        warmup = min(options.warmup_steps, max(steps // 2, 1))
        rate, left = options.learning_rate, max(steps - warmup, 1)
        schedules = {
            "cosine": lambda: paddle.optimizer.lr.CosineAnnealingDecay(rate, T_max=left, eta_min=options.final_rate),
            "exponential": lambda: paddle.optimizer.lr.ExponentialDecay(
                rate, (options.final_rate / rate) ** (1 / left)
            ),
            "multistep": lambda: paddle.optimizer.lr.MultiStepDecay(rate, list(options.milestones), options.gamma),
        }
        schedule = _choose("optimizer.schedule", options.schedule, schedules)()
        return paddle.optimizer.lr.LinearWarmup(schedule, warmup, 0.0, rate) if warmup else schedule

    def _make_optimizer(self) -> paddle.optimizer.Optimizer:
        options = self.config.optimizer
        for prefix, factor in options.rate_factors.items():
            chosen = [p for name, p in self.network.named_parameters() if name.startswith(prefix)]
            if not chosen:
                raise ValueError(f"optimizer.rate_factors: {self.spec.name} has no parameter {prefix}*")
            for parameter in chosen:
                parameter.optimize_attr["learning_rate"] = factor
        if options.clip_norm and options.clip_change:
            raise ValueError("optimizer: clip_norm and clip_change exclude each other")
        clip = nn.ClipGradByGlobalNorm(options.clip_norm) if options.clip_norm else None
        if options.clip_change:
            clip = nn.ClipGradByValue(options.clip_change)  # divided by the learning rate before each step
        shared = {
            "parameters": self.network.parameters(),
            "weight_decay": options.weight_decay or None,
            "grad_clip": clip,
        }
        optimizers = {
            "adam": lambda: paddle.optimizer.Adam(self.schedule, options.beta1, options.beta2, **shared),
            "sgd": lambda: paddle.optimizer.Momentum(self.schedule, options.momentum, **shared),
        }
        return _choose("optimizer.name", options.name, optimizers)()

    def resume(self, path: Path) -> None:
        """Continues from a `last.pdckpt` as if the run had not stopped.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It is damaged or belongs to another network.
        """
        state = load_checkpoint(path)
        if state["model"] != self.spec.name:
            raise ValueError(f"{path} is of {state['model']}, this run trains {self.spec.name}")
        load_weights(self.network, state["weights"])
        self.average.average = dict(state["average"])
        self.average.updates = self.step = state["step"]
        set_optimizer_state(self.optimizer, self.network, state["optimizer"])
        self.best, self.history, self.seconds = state["best"], state["history"], state["seconds"]

    def save(self) -> None:
        """Writes `last.pdckpt` and `last.pdparams`."""
        state = {
            "model": self.spec.name,
            "weights": self.network.state_dict(),
            "average": self.average.average,
            "optimizer": optimizer_state(self.optimizer, self.network),
            "step": self.step,
            "best": self.best,
            "history": self.history,
            "seconds": self.seconds,
        }
        save_checkpoint(self.folder / "last.pdckpt", state)
        save_checkpoint(self.folder / "last.pdparams", self.average.average)

    def train(self) -> dict[str, Any]:
        """Runs all steps that are left.

        Returns:
            `{"step", "psnr", "ssim"}` of the best validation; {"step": 0, ...} where there was none.

        Raises:
            FloatingPointError: The loss is not finite; the last checkpoint is from before.
        """
        config = self.config
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self.folder / "config.yaml", lambda name: OmegaConf.save(config, name))
        loader = DataLoader(
            self._dataset(),
            batch_sampler=_Remaining(self.step, config.steps, config.data.batch_size),
            num_workers=config.data.num_workers,
        )
        self.compiled.train()
        bar = tqdm(total=config.steps, initial=self.step, disable=not self.progress, unit="step", dynamic_ncols=True)
        losses, started = [], time.perf_counter()
        with LogWriter(str(self.folder / "visualdl")) as writer, bar:
            for *inputs, target in loader:
                # A data set tells the noise level whether the network wants to know it or not.
                losses.append(self._train_step(inputs[: 1 + len(self.spec.extra_inputs)], target))
                bar.update()
                if self.step % config.log_every == 0 or self.step == config.steps:
                    loss = float(np.mean([float(value) for value in losses]))
                    losses.clear()
                    if not np.isfinite(loss):
                        raise FloatingPointError(
                            f"the loss is {loss} at step {self.step}; {self.folder} has the state before"
                        )
                    writer.add_scalar("train/loss", loss, self.step)
                    writer.add_scalar("train/learning_rate", self.optimizer.get_lr(), self.step)
                    bar.set_postfix(
                        loss=f"{loss:.5f}", rate=f"{self.optimizer.get_lr():.1e}", psnr=f"{self.best['psnr']:.2f}"
                    )
                now = time.perf_counter()
                self.seconds, started = self.seconds + now - started, now
                if config.validation.high and (self.step % config.validation.every == 0 or self.step == config.steps):
                    self._validate(writer)
                    started = time.perf_counter()
                if self.step % config.save_every == 0 or self.step == config.steps:
                    self.save()
        return self.best

    def _dataset(self) -> Dataset:
        data, spec = self.config.data, self.spec
        shared = {
            "folders": list(data.folders),
            "patch_size": data.patch_size,
            "length": self.config.steps * data.batch_size,
            "seed": self.config.seed,
            "rescale": data.rescale,
        }
        if spec.task == "denoising":
            return DenoisingPatches(noise_level=list(data.noise_level), grey=spec.in_channels == 1, **shared)
        if "degradation" in spec.extra_inputs:
            levels = list(data.noise_level) if spec.extra_inputs["degradation"][0] == 16 else None
            return DegradedPatches(scale=spec.scale, noise_level=levels, **shared)
        return SuperResolutionPatches(
            scale=spec.scale, luminance=spec.in_channels == 1, enlarged=spec.enlarged_input, **shared
        )

    def _train_step(self, inputs, target):
        outputs = self.outputs(*inputs)
        several = isinstance(outputs, (list, tuple))
        loss = mean_over_outputs(self.loss, outputs, target) if several else self.loss(outputs, target)
        loss.backward()
        if self.config.optimizer.clip_change:
            limit = self.config.optimizer.clip_change / self.optimizer.get_lr()
            self.optimizer._grad_clip.min, self.optimizer._grad_clip.max = -limit, limit
        self.optimizer.step()
        self.optimizer.clear_grad()
        self.schedule.step()
        self.average.update()
        self.step += 1
        return loss.detach()

    def _noise_level(self) -> Optional[float]:
        """Of the validation, of 255."""
        given = self.config.validation.noise_level
        return float(np.mean(list(self.config.data.noise_level))) if given is None else given

    def _test_pictures(self) -> list[tuple[str, np.ndarray, np.ndarray]]:
        """Name, input (H, W, C) float32 in [0, 1], target uint8."""
        options, spec = self.config.validation, self.spec
        if spec.task == "denoising":
            return list(denoising_pairs(options.high, self._noise_level(), spec.in_channels == 1, self.config.seed))
        return [
            (name, np.atleast_3d(low).astype(np.float32) / 255, high)
            for name, low, high in super_resolution_pairs(options.high, spec.scale, options.low)
        ]

    def _conditions(self) -> list[np.ndarray]:
        wanted = self.spec.extra_inputs
        noise_level = self._noise_level() if "sigma" in wanted else None
        degradation = bicubic_degradation(wanted["degradation"][0]) if "degradation" in wanted else None
        return condition_inputs(self.spec, noise_level, degradation)

    def _validate(self, writer: LogWriter) -> None:
        if self.validation is None:
            self.validation = self._test_pictures()
        conditions = self._conditions()
        self.average.swap()
        self.compiled.eval()

        def engine(*arrays: np.ndarray) -> np.ndarray:
            return self.compiled(*(paddle.to_tensor(array) for array in arrays)).numpy()

        scores = []
        with paddle.no_grad():
            for _, picture, target in self.validation:
                values = compute_windows(picture[None], self.spec, engine, conditions)[0]
                result = np.rint(values.clip(0, 1) * 255).astype(np.uint8).reshape(target.shape)
                if self.spec.task == "denoising":
                    scores.append(denoising_scores(result, target))
                else:
                    scores.append(super_resolution_scores(result, target, self.spec.scale))
        self.compiled.train()
        entry = {"step": self.step, **{key: float(np.mean([s[key] for s in scores])) for key in scores[0]}}
        self.history.append({**entry, "seconds": round(self.seconds, 1)})
        for key in ("psnr", "ssim"):
            writer.add_scalar(f"validation/{key}", entry[key], self.step)
        logger.info(
            "step %d: %.3f dB, SSIM %.4f, %.0f s of training", self.step, entry["psnr"], entry["ssim"], self.seconds
        )
        if entry["psnr"] > self.best["psnr"]:
            self.best = entry
            save_checkpoint(self.folder / "best.pdparams", self.network.state_dict())
        self.average.swap()
        summary = json.dumps({"best": self.best, "history": self.history}, indent=1)
        write_atomically(self.folder / "metrics.json", lambda name: Path(name).write_text(summary))


def _choose(key: str, name: str, table: dict[str, Any]) -> Any:
    if name not in table:
        raise ValueError(f"{key}: there is no {name!r}, only {', '.join(table)}")
    return table[name]
