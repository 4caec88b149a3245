#!/usr/bin/env python
"""Trains a network: `python tools/train.py -c configs/restoration/rdn_lite_x4.yaml [-o steps=1000 ...] [--resume]`."""

import argparse
import os
import sys
from pathlib import Path

# Both are read when paddle is imported.
os.environ.setdefault("FLAGS_use_mkldnn", "1")
os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count() or 1))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from paddle_cv.training import Trainer, load_config, log_to  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-c", "--config", required=True, help="YAML file")
    parser.add_argument(
        "-o", "--override", nargs="+", default=[], metavar="KEY=VALUE", help="for example data.batch_size=4"
    )
    parser.add_argument(
        "--resume",
        nargs="?",
        const="auto",
        metavar="PATH",
        help="go on from a last.pdckpt; without a path from the one in the run folder, if there is one",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    arguments = parser.parse_args()
    try:
        config = load_config(arguments.config, arguments.override)
    except (FileNotFoundError, ValueError) as error:
        parser.error(str(error))
    checkpoint = Path(config.output) / "last.pdckpt" if arguments.resume == "auto" else arguments.resume
    try:
        with log_to(Path(config.output) / "train.log"):
            trainer = Trainer(config, progress=not arguments.quiet)
            if checkpoint and (arguments.resume != "auto" or Path(checkpoint).is_file()):
                trainer.resume(Path(checkpoint))
            best = trainer.train()
    except KeyboardInterrupt:
        print(f"stopped; --resume goes on from the checkpoint in {config.output}", file=sys.stderr)
        return 130
    except (FileNotFoundError, FloatingPointError, KeyError, ValueError) as error:
        print(f"error: {error.args[0] if error.args else error}", file=sys.stderr)
        return 1
    print(f"finished {config.steps} steps; weights in {config.output}")
    if best["step"]:
        print(f"best validation: {best['psnr']:.2f} dB, SSIM {best['ssim']:.4f}, at step {best['step']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
