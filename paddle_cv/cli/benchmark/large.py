"""Time and peak memory for a large photograph, from file to file."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

import paddle_cv as pcv
from paddle_cv.pictures import open_picture, picture_size, save_picture

from .measuring import picture

__all__ = ["add_arguments", "run"]


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--name", default="rdn_lite_x4", help="network (%(default)s)")
    kinds = ("rgb", "rgba", "rgb16")
    command.add_argument("--kind", choices=kinds, default="rgb", help="8 or 16 bits, transparency (%(default)s)")
    command.add_argument("--size", type=int, nargs=2, default=(2000, 1500), metavar=("WIDTH", "HEIGHT"))
    command.add_argument("--threads", type=int, help="CPU threads (all physical cores)")


def run(arguments: argparse.Namespace) -> None:
    """From file to file."""
    # As smooth as a photograph, and as easy to compress.
    coarse = Image.fromarray(picture(*(side // 8 for side in arguments.size)))
    pixels = np.asarray(coarse.resize(arguments.size, Image.Resampling.BICUBIC))
    if arguments.kind == "rgba":
        pixels = np.dstack([pixels, pixels[..., :1]])
    elif arguments.kind == "rgb16":
        pixels = pixels.astype(np.uint16) * 257
    predictor = pcv.load(arguments.name, threads=arguments.threads)
    with tempfile.TemporaryDirectory() as folder, tqdm(leave=False, unit="window") as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        source = save_picture(open_picture(pixels), Path(folder) / "source.png")
        started = time.perf_counter()
        result = predictor.predict_file(source, Path(folder) / "result.png", progress=show)
        seconds = time.perf_counter() - started
        height, width = picture_size(result)
    print(f"{arguments.name}, {arguments.kind}, PNG to PNG: ", end="")
    print(
        f"{pixels.shape[1]} x {pixels.shape[0]} -> {width} x {height}: {seconds:.1f} s, peak memory {peak_memory():.2f} GiB"
    )


def peak_memory() -> float:
    """Of this process, in GiB."""
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage would count the memory of the process that started this one, if that is larger.
        [line] = [line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 2**20
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
