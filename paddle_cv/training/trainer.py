"""The training loop: a number of steps, validation and checkpoints on the way, exact continuation."""

from __future__ import annotations

import logging
import math
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import paddle
from omegaconf import DictConfig, OmegaConf
from paddle.io import BatchSampler, DataLoader
from tqdm import tqdm
from visualdl import LogWriter

from ..files import json_text
from ..metrics import mean_score
from ..models import list_models, model_spec
from ..weights import load_weights, pretrained_weights, read_weights, save_state
from .average import WeightAverage
from .checkpoint import save_latest, write_atomically
from .cpu import compile_for_cpu
from .curves import draw_curves
from .distributed import gather, rank, share_weights, world_size
from .optimizers import Learner, precision
from .tasks import make_task

__all__ = ["Trainer"]

logger = logging.getLogger(__name__)


class _Remaining(BatchSampler):
    """Batches of consecutive item numbers, from the first that was not trained on; of each, this process' part."""

    def __init__(self, first: int, last: int, batch_size: int):
        self.first, self.last, self.batch_size = first, last, batch_size
        self.part = batch_size // world_size()

    def __iter__(self):
        for step in range(self.first, self.last):
            start = step * self.batch_size + rank() * self.part
            yield list(range(start, start + self.part))

    def __len__(self) -> int:
        return self.last - self.first


def _end_with_parent(_: int) -> None:
    """Lets a worker process end when the run has been killed; Paddle's would wait for ever in the midst of a batch."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class Trainer:
    """Trains the network of a configuration.

    The run folder (`config.output`) gets `config.yaml`, `train.log` (written by tools/train.py), VisualDL scalars and sample
    pictures in `visualdl/`, `last.pdckpt` and `previous.pdckpt` (all that the next step depends on), `best.pdparams` and
    `last.pdparams` (averaged weights), `metrics.json` and `curves.png`.

    Args:
        config: What `load_config` returns.
        progress: Show a progress bar.

    Raises:
        FileNotFoundError: A folder of data or a weight file is missing.
        KeyError: There is no such network.
        ValueError: A name or combination in the configuration that does not exist, or weights that do not fit.
    """

    def __init__(self, config: DictConfig, progress: bool = True):
        self.config, self.progress = config, progress and rank() == 0
        if config.data.batch_size % world_size():
            raise ValueError(f"data.batch_size is {config.data.batch_size}: {world_size()} processes cannot share it")
        self.folder = Path(config.output)
        paddle.seed(config.seed)
        self.spec = model_spec(config.model.name)
        self.task = make_task(config)
        self.network = self.task.build_network()
        if config.model.weights:
            self._start_from(config.model.weights)
        share_weights(self.network.state_dict().values())
        self.dataset = self.task.make_dataset()
        if config.epochs:
            self.steps = max(math.ceil(config.epochs * self.dataset.epoch_size / config.data.batch_size), 1)
        else:
            self.steps = config.steps
        if config.amp and paddle.get_device() == "cpu":
            logger.warning("amp has no effect on CPUs: this run computes in float32")
        self.learner = Learner(self.network, config.optimizer, self.steps, config.amp)
        self.optimizer, self.schedule = self.learner.optimizer, self.learner.schedule
        self.task.begin(self.steps)
        self.average = WeightAverage(self.network, config.ema)
        self.step = self.saved = 0
        self.seconds = 0.0
        self.best: dict[str, Any] = {"step": 0, self.task.score: float("-inf")}
        self.history: list[dict[str, Any]] = []
        self.losses: list[list] = []  # [step, mean loss] for the curves
        self.stopping = False
        compiles = config.model.compile and paddle.get_device() == "cpu"
        self.compiled = compile_for_cpu(self.network) if compiles else self.network
        # What is trained: all the outputs that are compared with the target.
        self.outputs = self.compiled
        if self.network.all_outputs is not None:
            self.outputs = compile_for_cpu(self.network, "all_outputs") if compiles else self.network.all_outputs

    def _start_from(self, weights: str) -> None:
        new_layers = self.task.new_layers(self.network)
        path = pretrained_weights(model_spec(weights)) if weights in list_models() else weights
        load_weights(self.network, read_weights(path, self.network, new_layers), new_layers)

    def resume(self, state: dict[str, Any]) -> None:
        """Continues from what `load_checkpoint` or `load_latest` returned as if the run had not stopped.

        Raises:
            ValueError: It belongs to another network or another kind of training.
        """
        if state["model"] != self.spec.name:
            raise ValueError(f"the checkpoint is of {state['model']}, this run trains {self.spec.name}")
        self.task.set_state(state.get("task", {}))
        self.learner.set_state(state)
        self.average.average = dict(state["average"])
        self.average.updates = self.step = self.saved = state["step"]
        self.best, self.history, self.seconds = state["best"], state["history"], state["seconds"]
        self.losses = state["losses"]
        logger.info("going on after step %d", self.step)

    def save(self) -> None:
        """Writes the state of the run and the averaged weights."""
        self.saved = self.step
        if rank():
            return
        state = {
            "model": self.spec.name,
            **self.learner.state(),
            "task": self.task.state(),
            "average": self.average.average,
            "step": self.step,
            "best": self.best,
            "history": self.history,
            "losses": self.losses,
            "seconds": self.seconds,
        }
        save_latest(self.folder, state)
        save_state(self.task.finish(self.average.average), self.folder / "last.pdparams")
        draw_curves(self.folder / "curves.png", self.losses, self.history, self.task.score)

    def train(self) -> dict[str, Any]:
        """Runs all steps that are left.

        Returns:
            The values of the best validation and its "step"; {"step": 0, ...} where there was none.

        Raises:
            FloatingPointError: A loss or a weight is not finite; the last checkpoint is from before.
            KeyboardInterrupt: The run was interrupted (Ctrl-C, SIGTERM); its state is saved.
        """
        config = self.config
        self.folder.mkdir(parents=True, exist_ok=True)
        if not rank():
            write_atomically(self.folder / "config.yaml", lambda name: OmegaConf.save(config, name))
        self.compiled.train()
        bar = tqdm(total=self.steps, initial=self.step, disable=not self.progress, unit="step", dynamic_ncols=True)
        pending, started = [], time.perf_counter()
        scalars = nullcontext() if rank() else LogWriter(str(self.folder / "visualdl"))
        with self._interruptible(), scalars as writer, bar:
            for batch in self._batches():
                pending.append(self._train_step(batch))
                bar.update()
                stops = self._stops()
                last = self.step == self.steps or stops
                saves = self.step % config.save_every == 0 or last
                validates = self.task.validates and (
                    self.step % config.validation.every == 0 or self.step == self.steps
                )
                if self.step % config.log_every == 0 or saves or validates:
                    loss = self._mean_loss(pending)
                    pending.clear()
                    self._log(writer, bar, loss)
                if saves or validates:
                    self._check_weights()
                now = time.perf_counter()
                self.seconds, started = self.seconds + now - started, now
                if validates:
                    self._validate(writer)
                    started = time.perf_counter()
                if self._has_stopped_gaining():
                    logger.info("no gain in the last %d validations: the run ends", config.validation.patience)
                    self.save()
                    break
                if saves:
                    self.save()
                if stops and self.step < self.steps:
                    raise KeyboardInterrupt
        return self.best

    def _batches(self) -> Iterator[list[paddle.Tensor]]:
        sampler = _Remaining(self.step, self.steps, self.config.data.batch_size)
        workers = self.config.data.num_workers
        if workers:
            loader = DataLoader(
                self.dataset,
                batch_sampler=sampler,
                num_workers=workers,
                persistent_workers=True,
                worker_init_fn=_end_with_parent,
            )
            try:
                yield from loader
            except SystemError:
                # Paddle's loader does not tell what was wrong with an item. Reading it here does; workers are so far ahead.
                ahead = min(self.step + 2 * workers + 1, self.steps)
                for numbers in _Remaining(self.step, ahead, self.config.data.batch_size):
                    for number in numbers:
                        self.dataset[number]
                raise
            return
        # Without workers Paddle's loader reads in a thread, and waits for ever where an item raises an exception.
        for numbers in sampler:
            yield [paddle.to_tensor(np.stack(part)) for part in zip(*(self.dataset[number] for number in numbers))]

    @contextmanager
    def _interruptible(self):
        """Ctrl-C and SIGTERM end the run after the step that is under way."""

        def stop(*_: Any) -> None:
            self.stopping = True

        try:
            before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        except ValueError:  # not in the main thread: signals are not ours
            yield
            return
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stops(self) -> bool:
        """Whether this is the last step; several processes ask each other now and then."""
        if world_size() == 1:
            return self.stopping
        return self.step % self.config.log_every == 0 and any(gather(self.stopping))

    def _train_step(self, batch: list[paddle.Tensor]) -> paddle.Tensor:
        # What dropout leaves out depends on the step and the process alone, not on the steps before.
        paddle.seed(self.config.seed + self.step * world_size() + rank())
        with precision(self.config.amp):
            loss = self.task.loss(self.outputs, batch, self.step)
        self.learner.step(loss)
        self.task.after_step()
        self.average.update()
        self.step += 1
        return loss.detach()

    def _mean_loss(self, pending: list[paddle.Tensor]) -> float:
        values = np.mean(gather([float(loss) for loss in pending]), axis=0)
        broken = np.flatnonzero(~np.isfinite(values))
        if broken.size:
            step = self.step - len(values) + 1 + int(broken[0])
            raise FloatingPointError(f"the loss is {values[broken[0]]} at step {step}; {self._state_before()}")
        return float(values.mean())

    def _check_weights(self) -> None:
        """A loss tells of the weights before its step; those after it are measured and saved."""
        for name, value in self.network.state_dict().items():
            if value.is_floating_point() and not bool(value.isfinite().all()):
                raise FloatingPointError(f"{name} is not finite after step {self.step}; {self._state_before()}")

    def _state_before(self) -> str:
        return f"{self.folder}/last.pdckpt is from step {self.saved}" if self.saved else "there is no checkpoint yet"

    def _log(self, writer: LogWriter, bar: tqdm, loss: float) -> None:
        rate, score = self.optimizer.get_lr(), self.task.score
        self.losses.append([self.step, loss])
        if not rank():
            for name, value in {"loss": loss, "learning_rate": rate, **self.task.scalars()}.items():
                writer.add_scalar(f"train/{name}", value, self.step)
        bar.set_postfix(loss=f"{loss:.5f}", rate=f"{rate:.1e}", **{score: f"{self.best[score]:.4g}"})

    def _has_stopped_gaining(self) -> bool:
        patience = self.config.validation.patience
        if not patience or not self.history or self.history[-1]["step"] != self.step:
            return False
        return sum(entry["step"] > self.best["step"] for entry in self.history) >= patience

    def _validate(self, writer: LogWriter) -> None:
        self.average.swap()
        self.compiled.eval()
        with paddle.no_grad():
            parts = gather(self.task.validate(self.compiled, rank(), world_size()))
            samples = {} if rank() else self.task.samples(self.compiled)
        self.compiled.train()
        means = {key: mean_score(value for part in parts for value in part[key]) for key in parts[0]}
        entry = {"step": self.step, **means}
        self.history.append({**entry, "seconds": round(self.seconds, 1)})
        logger.info(
            "step %d: %s, %.0f s of training",
            self.step,
            ", ".join(f"{key} {value:.4f}" for key, value in means.items()),
            self.seconds,
        )
        gained = entry[self.task.score] > self.best[self.task.score]
        if gained:
            self.best = entry
        if not rank():
            for key, value in means.items():
                writer.add_scalar(f"validation/{key}", value, self.step)
            for name, picture in samples.items():
                writer.add_image(f"validation/{name}", picture, self.step)
            if gained:
                save_state(self.task.finish(self.network.state_dict()), self.folder / "best.pdparams")
            summary = json_text({"best": self.best, "history": self.history})
            write_atomically(
                self.folder / "metrics.json", lambda name: Path(name).write_text(summary, encoding="utf-8")
            )
        self.average.swap()
