"""The training loop: a number of steps, validation and checkpoints on the way, exact continuation."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import paddle
from omegaconf import DictConfig, OmegaConf
from tqdm import tqdm
from visualdl import LogWriter

from ..files import json_text
from ..models import model_spec
from ..weights import load_weights, read_weights, save_state
from .average import WeightAverage
from .batches import read_batches
from .checkpoint import LATEST, save_latest, write_atomically
from .config_files import save_config
from .cpu import compile_for_cpu
from .curves import draw_curves
from .distributed import gather, rank, share_weights, world_size
from .interruption import Interrupted, Interruption
from .optimizers import Learner, freeze, precision
from .resuming import changes, check_changes
from .run_folder import BEST_WEIGHTS, LAST_WEIGHTS, METRICS, clear, hold
from .starting import find_weights
from .tasks import make_task

__all__ = ["Trainer"]

logger = logging.getLogger(__name__)

#: A network that starts from random numbers has learned little after fewer steps.
_FEW_STEPS = 300
#: A validation is measured in so many parts, after each of which its bar moves.
_PARTS = 50


class Trainer:
    """Trains the network of a configuration.

    The run folder (`config.output`) gets `config.yaml`, `train.log` (written by `paddle-cv train`), VisualDL scalars and sample
    pictures in `visualdl/`, `last.pdckpt` and `previous.pdckpt` (all that the next step depends on), `best.pdparams` and
    `last.pdparams` (averaged weights), `metrics.json` and `curves.png`.

    Args:
        config: What `load_config` returns.
        progress: Show progress bars.

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
            path, published = find_weights(config.model.weights)
            new_layers = self.task.new_layers(self.network, path, published)
            load_weights(self.network, read_weights(path, self.network, new_layers), new_layers)
        freeze(self.network, config.model.frozen)
        share_weights(self.network.state_dict().values())
        self.dataset = self.task.make_dataset()
        self.steps = config.steps or max(math.ceil(config.epochs * self._steps_of_an_epoch), 1)
        self._tell_length()
        if config.amp and paddle.get_device() == "cpu":
            logger.warning("amp has no effect on CPUs: this run computes in float32")
        self.learner = Learner(self.network, config.optimizer, self.steps, config.amp)
        self.optimizer, self.schedule = self.learner.optimizer, self.learner.schedule
        self.task.begin(self.steps)
        self.average = WeightAverage(self.network, config.ema)
        self.step = self.saved = 0
        self.seconds = 0.0
        self.best: dict[str, Any] = {}
        self.history: list[dict[str, Any]] = []
        self.losses: list[list] = []  # [step, mean loss] for the curves
        self.baseline: dict[str, Any] = {}
        self.resumed = self.finished = False
        self.interruption = Interruption()
        self.compiles = compiles = config.model.compile and paddle.get_device() == "cpu"
        self.compiled = compile_for_cpu(self.network) if compiles else self.network
        # What is trained: all the outputs that are compared with the target.
        self.outputs = self.compiled
        if self.network.all_outputs is not None:
            self.outputs = compile_for_cpu(self.network, "all_outputs") if compiles else self.network.all_outputs

    @property
    def _steps_of_an_epoch(self) -> float:
        return self.dataset.epoch_size / self.config.data.batch_size

    def _tell_length(self) -> None:
        items, epoch = self.dataset.epoch_size, self._steps_of_an_epoch
        logger.info(
            "an epoch is %d items in %d steps; the run has %d steps, %.3g epochs",
            *(items, math.ceil(epoch), self.steps, self.config.epochs or self.steps / epoch),
        )
        if self.steps < _FEW_STEPS and not self.config.model.weights:
            logger.warning(
                "%d steps are few for a network that starts from random weights: expect little below some %d "
                "(steps, epochs, data.batch_size, data.rescale)",
                *(self.steps, _FEW_STEPS),
            )

    def resume(self, state: dict[str, Any]) -> None:
        """Continues from what `load_checkpoint` or `load_latest` returned as if the run had not stopped.

        What is different in the configuration counts from here on, and is told.

        Raises:
            ValueError: It belongs to another network, optimizer or kind of training, or to a longer run.
        """
        if state["model"] != self.spec.name:
            raise ValueError(f"the checkpoint is of {state['model']}, this run trains {self.spec.name}")
        changed = changes(state["config"], OmegaConf.to_container(self.config)) if "config" in state else {}
        check_changes(changed)
        self.task.set_state(state.get("task", {}))
        if state["step"] > self.steps:
            raise ValueError(f"the checkpoint is from step {state['step']}, and the run shall have {self.steps} steps")
        self.learner.set_state(state)
        self.average.average = dict(state["average"])
        self.average.updates = self.step = self.saved = state["step"]
        self.best, self.history, self.seconds = state["best"], state["history"], state["seconds"]
        self.losses, self.resumed = state["losses"], True
        for key, (old, new) in changed.items():
            logger.info("%s was %s, and is %s from here on", key, old, new)
        logger.info("going on after step %d", self.step)

    def save(self) -> None:
        """Writes the state of the run and the averaged weights."""
        self.saved = self.step
        if rank():
            return
        state = {
            "model": self.spec.name,
            "config": OmegaConf.to_container(self.config),
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
        save_state(self.task.finish(self.average.average), self.folder / LAST_WEIGHTS)
        self._save_metrics()
        draw_curves(self.folder / "curves.png", self.losses, self.history, self.task.score, self.baseline)

    def _save_metrics(self) -> None:
        summary = {
            "step": self.saved,
            "finished": self.finished,
            **({"baseline": self.baseline} if self.baseline else {}),
            "best": self.best,
            "history": self.history,
        }
        text = json_text(summary)
        write_atomically(self.folder / METRICS, lambda name: Path(name).write_text(text, encoding="utf-8"))

    def train(self) -> dict[str, Any]:
        """Runs all steps that are left.

        Returns:
            The values of the best validation and its "step"; nothing where there was none.

        Raises:
            BlockingIOError: Another process trains in the run folder.
            FloatingPointError: A loss or a weight is not finite; the last checkpoint is from before.
            KeyboardInterrupt: The run was interrupted (Ctrl-C, SIGTERM); its state is saved.
        """
        with nullcontext() if rank() else hold(self.folder):
            if not rank():
                if not self.resumed:
                    clear(self.folder)
                save_config(self.config, self.folder / "config.yaml")
            scalars = nullcontext() if rank() else LogWriter(str(self.folder / "visualdl"))
            bar = tqdm(total=self.steps, initial=self.step, disable=not self.progress, unit="step", dynamic_ncols=True)
            with self.interruption.watch(), scalars as writer, bar:
                self._run(writer, bar)
        return self.best

    def _run(self, writer: LogWriter, bar: tqdm) -> None:
        config = self.config
        self.compiled.train()
        self._tell_baseline()
        self._validate_if_due(writer)
        self._end_if_stopped(self._stops(at_once=True))
        bar.unpause()
        batches = read_batches(self.dataset, self.step, self.steps, config.data.batch_size, config.data.num_workers)
        pending: list[paddle.Tensor] = []
        first, started = True, time.perf_counter()
        for batch in () if self._has_stopped_gaining() else batches:
            pending.append(self._first_step(batch, bar) if first else self._train_step(batch))
            if not first:
                bar.update()
            first = False
            stops = self._stops()
            saves = self.step % config.save_every == 0 or self.step == self.steps or stops
            due = self._is_due()
            if self.step % config.log_every == 0 or saves or due:
                loss = self._mean_loss(pending)
                pending.clear()
                self._log(writer, bar, loss)
            if saves or due:
                self._check_weights()
            now = time.perf_counter()
            self.seconds, started = self.seconds + now - started, now
            if due and not stops:
                self._validate_if_due(writer)
                started = time.perf_counter()
                bar.unpause()
                stops = self._stops(at_once=True)
            if saves or stops:
                self.save()
            self._end_if_stopped(stops)
            if self._has_stopped_gaining():
                break
        if self._has_stopped_gaining():
            logger.info("no gain in the last %d validations: the run ends", config.validation.patience)
        self.finished = True
        if self.saved != self.step:
            self.save()
        elif not rank():
            self._save_metrics()

    def _end_if_stopped(self, stops: bool) -> None:
        if stops and (self.step < self.steps or self._is_due()):
            raise KeyboardInterrupt

    def _is_due(self) -> bool:
        """Whether a validation belongs to this step that has not been made."""
        if not self.task.validates or (self.history and self.history[-1]["step"] == self.step):
            return False
        return self.step % self.config.validation.every == 0 or self.step == self.steps

    def _stops(self, at_once: bool = False) -> bool:
        """Whether this is the last step; several processes ask each other now and then."""
        if world_size() == 1:
            return self.interruption.requested
        return (at_once or self.step % self.config.log_every == 0) and any(gather(self.interruption.requested))

    def _first_step(self, batch: list[paddle.Tensor], bar: tqdm) -> paddle.Tensor:
        """A step that takes longer than the others, which is not counted in the time that is left."""
        if self.compiles:
            logger.info("the first step compiles the network, which takes longer than the others")
        started = time.perf_counter()
        loss = self._train_step(batch)
        float(loss)  # waits for it
        if self.compiles:
            logger.info("compiled and trained one step in %.1f s", time.perf_counter() - started)
        if not bar.disable:
            bar.initial += 1
            bar.n = bar.last_print_n = bar.n + 1
            bar.unpause()
        return loss

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
        for network in (self.network, *self.task.networks()):
            for name, value in network.state_dict().items():
                if value.is_floating_point() and not bool(value.isfinite().all()):
                    of = "" if network is self.network else f"of the {type(network).__name__} "
                    raise FloatingPointError(f"{name} {of}is not finite after step {self.step}; {self._state_before()}")

    def _state_before(self) -> str:
        return f"{self.folder}/{LATEST} is from step {self.saved}" if self.saved else "there is no checkpoint yet"

    def _log(self, writer: LogWriter, bar: tqdm, loss: float) -> None:
        rate, score = self.optimizer.get_lr(), self.task.score
        self.losses.append([self.step, loss])
        if not rank():
            for name, value in {"loss": loss, "learning_rate": rate, **self.task.scalars()}.items():
                writer.add_scalar(f"train/{name}", value, self.step)
        best = {score: f"{self.best[score]:.4g}"} if self.best else {}
        bar.set_postfix(loss=f"{loss:.5f}", rate=f"{rate:.1e}", **best)

    def _has_stopped_gaining(self) -> bool:
        patience = self.config.validation.patience
        if not patience or not self.history or self.history[-1]["step"] != self.step:
            return False
        return sum(entry["step"] > self.best.get("step", -1) for entry in self.history) >= patience

    def _tell_baseline(self) -> None:
        if not self.task.validates or rank():
            return
        name, scores = self.task.baseline()
        if scores:
            self.baseline = {"name": name, **self._means([scores])}
            logger.info("%s: %s", name, _in_words(self.baseline))

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """Within it the network has the averaged weights, and computes as it does for users."""
        self.average.swap()
        self.compiled.eval()
        try:
            yield
        finally:
            self.compiled.train()
            self.average.swap()

    def _measure(self) -> dict[str, list[float]] | None:
        """This process' part of a validation; None where it was interrupted."""

        def compute(*inputs: paddle.Tensor) -> paddle.Tensor:
            self.interruption.check()
            return self.compiled(*inputs)

        size = self.task.validation_size
        parts = min(size, _PARTS * world_size())
        scores: dict[str, list[float]] = {}
        numbers = range(rank(), parts, world_size())
        try:
            for part in tqdm(numbers, desc="validation", leave=False, disable=not self.progress, dynamic_ncols=True):
                for key, values in self.task.validate(compute, part, parts).items():
                    scores.setdefault(key, []).extend(values)
        except Interrupted:
            return None
        return scores

    def _means(self, parts: list[dict[str, list[float]]]) -> dict[str, float]:
        """What the task says of each score that anything has: pictures smaller than SSIM's window have none."""
        keys = dict.fromkeys(key for part in parts for key in part)
        scores = {key: [value for part in parts for value in part.get(key, [])] for key in keys}
        return {key: mean for key, mean in self.task.combine(scores).items() if math.isfinite(mean)}

    def _validate_if_due(self, writer: LogWriter) -> None:
        """Measures the averaged weights; an interrupted validation is made again when the run goes on."""
        if not self._is_due():
            return
        with self._averaged(), paddle.no_grad():
            parts = gather(self._measure())
            if any(part is None for part in parts):
                return
            means = self._means(parts)
            entry = {"step": self.step, **means}
            score = self.task.score
            gained = score in means and means[score] > self.best.get(score, float("-inf"))
            self.history.append({**entry, "seconds": round(self.seconds, 1)})
            logger.info("step %d: %s, %.0f s of training", self.step, _in_words(means), self.seconds)
            if gained:
                self.best = entry
            if rank():
                return
            for key, value in means.items():
                writer.add_scalar(f"validation/{key}", value, self.step)
            for name, picture in self.task.samples(self.compiled).items():
                writer.add_image(f"validation/{name}", picture, self.step)
            if gained:
                save_state(self.task.finish(self.network.state_dict()), self.folder / BEST_WEIGHTS)
            self._save_metrics()


def _in_words(scores: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value:.4f}" for key, value in scores.items() if isinstance(value, float))
