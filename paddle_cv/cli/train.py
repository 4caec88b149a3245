"""Trains a network: `paddle-cv train -c rdn_lite_x4 [-o steps=1000 ...] [--resume]`."""

import argparse
import os
import sys
from pathlib import Path

# Both are read when paddle is imported.
os.environ.setdefault("FLAGS_use_mkldnn", "1")
_PROCESSES = int(os.environ.get("PADDLE_TRAINERS_NUM", "1"))
os.environ.setdefault("OMP_NUM_THREADS", str(max((os.cpu_count() or 1) // _PROCESSES, 1)))

from paddle_cv.training import (  # noqa: E402
    Trainer,
    config_text,
    has_checkpoint,
    has_results,
    hold,
    join,
    load_checkpoint,
    load_config,
    log_to,
    rank,
    state_to_go_on_with,
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "-c",
        "--config",
        required=True,
        help="YAML file, or the name of a configuration of this project: homework, rdn_lite_x4",
    )
    parser.add_argument(
        "-o", "--override", nargs="+", default=[], metavar="KEY=VALUE", help="for example data.batch_size=4"
    )
    parser.add_argument(
        "--resume",
        nargs="?",
        const="auto",
        metavar="PATH",
        help="go on from a checkpoint (*.pdckpt); without a path, from the newest in the run folder, if there is one",
    )
    parser.add_argument("--overwrite", action="store_true", help="start again in a run folder that has a run in it")
    parser.add_argument("--print-config", action="store_true", help="show the resulting configuration and stop")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    arguments = parser.parse_args()
    if arguments.resume and arguments.overwrite:
        parser.error("--resume goes on with a run, --overwrite starts again: give one of them")
    try:
        config = load_config(arguments.config, arguments.override)
    except (FileNotFoundError, ValueError) as error:
        parser.error(str(error))
    if arguments.print_config:
        print(config_text(config), end="")
        return 0
    run = Path(config.output)
    join()
    try:
        if rank():
            trainer, best = _train(config, arguments)
        else:
            with hold(run), log_to(run / "train.log") as begin_log:
                trainer, best = _train(config, arguments, begin_log)
    except KeyboardInterrupt:
        print(f"stopped; {_how_to_go_on(run)}", file=sys.stderr)
        return 130
    except OSError as error:
        nameless = error.errno and not error.filename  # a full disk
        print(f"error: {error}" + (f"; the run folder is {run}" if nameless else ""), file=sys.stderr)
        return 1
    except (FloatingPointError, KeyError, TypeError, ValueError) as error:
        print(f"error: {error.args[0] if error.args else error}", file=sys.stderr)
        return 1
    if rank() == 0:
        print(f"finished after {trainer.step} steps; weights in {run}")
        if best:
            scores = ", ".join(f"{key} {value:.4f}" for key, value in best.items() if key != "step")
            print(f"best validation, at step {best['step']}: {scores}")
    return 0


def _train(config, arguments, begin_log=lambda anew: None):
    """Builds all that a run needs, and only then begins with it."""
    run = Path(config.output)
    if has_results(run) and not (arguments.resume or arguments.overwrite):
        raise FileExistsError(
            f"there is a run in {run}: --resume goes on with it, --overwrite starts again, -o output=FOLDER keeps both"
        )
    trainer = Trainer(config, progress=not arguments.quiet)
    if arguments.resume:
        state = state_to_go_on_with(run) if arguments.resume == "auto" else load_checkpoint(arguments.resume)
        if state:
            trainer.resume(state)
    begin_log(not trainer.resumed)
    return trainer, trainer.train()


def _how_to_go_on(run: Path) -> str:
    return f"--resume goes on from here, in {run}" if has_checkpoint(run) else "nothing was saved yet"
