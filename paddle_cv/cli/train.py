"""Trains a network: `paddle-cv train -c rdn_lite_x4 [-o steps=1000 ...] [--resume]`."""

import argparse
import os
import sys
from contextlib import nullcontext
from pathlib import Path

# Both are read when paddle is imported.
os.environ.setdefault("FLAGS_use_mkldnn", "1")
_PROCESSES = int(os.environ.get("PADDLE_TRAINERS_NUM", "1"))
os.environ.setdefault("OMP_NUM_THREADS", str(max((os.cpu_count() or 1) // _PROCESSES, 1)))

from omegaconf import OmegaConf  # noqa: E402

from paddle_cv.training import Trainer, join, load_checkpoint, load_config, load_latest, log_to, rank  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-c", "--config", required=True, help="YAML file, or the name of one that this project brings")
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
    try:
        config = load_config(arguments.config, arguments.override)
    except (FileNotFoundError, ValueError) as error:
        parser.error(str(error))
    if arguments.print_config:
        print(OmegaConf.to_yaml(config), end="")
        return 0
    run = Path(config.output)
    if any(run.glob("*.pdckpt")) and not (arguments.resume or arguments.overwrite):
        print(
            f"error: there is a run in {run}: --resume goes on with it, --overwrite starts again, -o output=FOLDER keeps both",
            file=sys.stderr,
        )
        return 1
    join()
    try:
        with log_to(run / "train.log") if rank() == 0 else nullcontext():
            trainer = Trainer(config, progress=not arguments.quiet)
            if arguments.resume:
                state = load_latest(run) if arguments.resume == "auto" else load_checkpoint(arguments.resume)
                if state:
                    trainer.resume(state)
            best = trainer.train()
    except KeyboardInterrupt:
        print(f"stopped; --resume goes on from here, in {run}", file=sys.stderr)
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
        if best["step"]:
            scores = ", ".join(f"{key} {value:.4f}" for key, value in best.items() if key != "step")
            print(f"best validation, at step {best['step']}: {scores}")
    return 0
