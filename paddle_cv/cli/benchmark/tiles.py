"""Seconds for several sides of the windows."""

import argparse

import paddle_cv as pcv
from paddle_cv.inference.registry import predictor_class

from .measuring import least_seconds, make_network, picture, print_table

__all__ = ["add_arguments", "run"]


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--name", default="rdn_lite_x4", help="network (%(default)s)")
    command.add_argument("--repeats", type=int, default=3, help="runs of each row; the least counts (%(default)s)")
    command.add_argument("--size", type=int, nargs=2, default=(512, 384), metavar=("WIDTH", "HEIGHT"))
    command.add_argument("--threads", type=int, help="CPU threads (all physical cores)")


def run(arguments: argparse.Namespace) -> None:
    spec = pcv.model_spec(arguments.name)
    image = picture(*arguments.size)
    network = make_network(spec.name)
    calls = {}
    for tile in (96, 128, 192, 256, 320, 384, 512):
        predictor = predictor_class(spec.task)(network, spec, tile=tile, threads=arguments.threads)
        calls[f"windows of {tile}"] = lambda predictor=predictor: predictor.predict(image)
    megapixels = image.shape[0] * image.shape[1] * spec.scale**2 / 1e6
    print(f"{spec.name}, {image.shape[1]} x {image.shape[0]} pixels x {spec.scale}, overlap {predictor.overlap}\n")
    print_table(least_seconds(calls, arguments.repeats), "s/megapixel", megapixels, "windows of 96")
