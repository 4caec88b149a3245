"""The training loop: a fixed number of steps, validation and checkpoints on the way, exact continuation."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import Any, Callable, Optional

import numpy as np
import paddle
import paddle.nn.functional as F
from omegaconf import DictConfig, OmegaConf
from paddle import nn
from paddle.io import BatchSampler, DataLoader, Dataset
from tqdm import tqdm
from visualdl import LogWriter

from ..data import LUMINANCE, SuperResolutionPatches, super_resolution_pairs
from ..metrics import super_resolution_scores
from ..models import build_model, model_spec
from ..weights import load_weights, read_state
from .checkpoint import load_checkpoint, optimizer_state, save_checkpoint, set_optimizer_state, write_atomically
from .cpu import compile_for_cpu

__all__ = ["Trainer", "WeightAverage"]

logger = logging.getLogger(__name__)

LOSSES: dict[str, Callable] = {"l1": F.l1_loss, "mse": F.mse_loss}


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
            load_weights(self.network, read_state(config.model.weights))
        self.schedule = self._make_schedule()
        clip = config.optimizer.clip_norm
        self.optimizer = paddle.optimizer.Adam(
            self.schedule,
            beta1=config.optimizer.beta1,
            beta2=config.optimizer.beta2,
            parameters=self.network.parameters(),
            grad_clip=nn.ClipGradByGlobalNorm(clip) if clip else None,
        )
        self.average = WeightAverage(self.network, config.ema)
        self.loss = LOSSES[config.loss]
        self.step = 0
        self.seconds = 0.0
        self.best = {"step": 0, "psnr": float("-inf")}
        self.history: list[dict[str, Any]] = []
        self.validation: Optional[list] = None
        on_cpu = paddle.get_device() == "cpu"
        self.compiled = compile_for_cpu(self.network) if on_cpu else self.network

    def _make_schedule(self):
        options, steps = self.config.optimizer, self.config.steps
        warmup = min(options.warmup_steps, max(steps // 2, 1))
        cosine = paddle.optimizer.lr.CosineAnnealingDecay(
            options.learning_rate, T_max=max(steps - warmup, 1), eta_min=options.final_rate
        )
        return paddle.optimizer.lr.LinearWarmup(cosine, warmup, 0.0, options.learning_rate)

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
            for low, high in loader:
                losses.append(self._train_step(low, high))
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
        data = self.config.data
        return SuperResolutionPatches(
            data.folders,
            self.spec.scale,
            data.patch_size,
            self.config.steps * data.batch_size,
            self.config.seed,
            data.rescale,
        )

    def _train_step(self, low, high):
        loss = self.loss(self.compiled(low), high)
        loss.backward()
        self.optimizer.step()
        self.optimizer.clear_grad()
        self.schedule.step()
        self.average.update()
        self.step += 1
        return loss.detach()

    def _validate(self, writer: LogWriter) -> None:
        if self.validation is None:
            options = self.config.validation
            self.validation = list(super_resolution_pairs(options.high, self.spec.scale, options.low))
        self.average.swap()
        self.compiled.eval()
        scores = []
        with paddle.no_grad():
            for _, low, high in self.validation:
                grey = high.ndim == 2
                rgb = np.dstack([low] * 3) if grey else low
                output = self.compiled(paddle.to_tensor(rgb.transpose(2, 0, 1)[None].astype("float32") / 255))
                values = output.numpy()[0].transpose(1, 2, 0).clip(0, 1)
                result = np.rint((values @ LUMINANCE if grey else values) * 255).astype(np.uint8)
                scores.append(super_resolution_scores(result, high, self.spec.scale))
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
