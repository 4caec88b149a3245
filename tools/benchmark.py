#!/usr/bin/env python
"""Measures speed on this machine; each command compares its rows in one run.

python tools/benchmark.py predict   seconds per megapixel of output, dygraph and the predictor
python tools/benchmark.py tiles     the same for several sides of the windows
python tools/benchmark.py train     seconds per training step, plain dygraph and this library's
python tools/benchmark.py large     time and peak memory for a photograph of 2000 x 1500 pixels
"""

import argparse
import os
import sys
import time
from pathlib import Path

# All are read when paddle is imported.
os.environ.setdefault("FLAGS_use_mkldnn", "1")
os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count() or 1))
os.environ.setdefault("GLOG_minloglevel", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np  # noqa: E402
import paddle  # noqa: E402
from tqdm import tqdm  # noqa: E402

import paddle_cv as pcv  # noqa: E402
from paddle_cv.inference import ENGINES, RestorationPredictor  # noqa: E402


def least_seconds(calls: dict, repeats: int) -> dict[str, float]:
    """The shortest of several runs of each call, taken in turn, after one run that does not count."""
    times = {name: [] for name in calls}
    for _ in tqdm(range(repeats + 1), leave=False, unit="round"):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - started)
    return {name: min(values[1:]) for name, values in times.items()}


def make_network(name: str):
    """The shipped weights, where there are some: new ones are just as fast."""
    return pcv.create_model(name, pretrained=name in pcv.list_models(pretrained=True))


def picture(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)


def print_table(seconds: dict[str, float], unit: str, divisor: float, first: str) -> None:
    for name, value in seconds.items():
        print(f"{name:<28}{value / divisor:10.3f} {unit}{seconds[first] / value:10.2f} x")


def predict(arguments) -> None:
    spec = pcv.model_spec(arguments.name)
    image = picture(*arguments.size)
    network = make_network(spec.name)
    calls = {}
    for engine in ("dygraph", *(name for name in ENGINES if name != "dygraph")):
        predictor = RestorationPredictor(network, spec, engine=engine, threads=arguments.threads)
        calls[engine] = lambda predictor=predictor: predictor.predict(image)
    megapixels = image.shape[0] * image.shape[1] * spec.scale**2 / 1e6
    print(
        f"{spec.name}, {image.shape[1]} x {image.shape[0]} pixels x {spec.scale}, {megapixels:.1f} megapixels of output"
    )
    print_table(least_seconds(calls, arguments.repeats), "s/megapixel", megapixels, "dygraph")


def tiles(arguments) -> None:
    spec = pcv.model_spec(arguments.name)
    image = picture(*arguments.size)
    network = make_network(spec.name)
    calls = {}
    for tile in (96, 128, 192, 256, 320, 384, 512):
        predictor = RestorationPredictor(network, spec, tile=tile, threads=arguments.threads)
        calls[f"windows of {tile}"] = lambda predictor=predictor: predictor.predict(image)
    megapixels = image.shape[0] * image.shape[1] * spec.scale**2 / 1e6
    print(f"{spec.name}, {image.shape[1]} x {image.shape[0]} pixels x {spec.scale}, overlap {predictor.overlap}")
    print_table(least_seconds(calls, arguments.repeats), "s/megapixel", megapixels, "windows of 96")


def train(arguments) -> None:
    from paddle_cv.training.cpu import compile_for_cpu

    spec = pcv.model_spec(arguments.name)
    low = paddle.rand([arguments.batch_size, 3, arguments.patch, arguments.patch])
    high = paddle.rand([arguments.batch_size, 3, arguments.patch * spec.scale, arguments.patch * spec.scale])

    def step_of(network, forward):
        optimizer = paddle.optimizer.Adam(1e-4, parameters=network.parameters())

        def step():
            loss = paddle.nn.functional.l1_loss(forward(low), high)
            loss.backward()
            optimizer.step()
            optimizer.clear_grad()
            return float(loss)

        return step

    plain, static, own = (pcv.create_model(spec.name) for _ in range(3))
    calls = {
        "dygraph": step_of(plain, plain),
        "to_static": step_of(static, paddle.jit.to_static(static, full_graph=True)),
        "paddle_cv": step_of(own, compile_for_cpu(own)),
    }
    size = f"batch {arguments.batch_size} of {arguments.patch} x {arguments.patch}"
    print(f"{spec.name}, {size}, {os.environ['OMP_NUM_THREADS']} threads")
    print_table(least_seconds(calls, arguments.repeats), "s/step", 1, "dygraph")


def large(arguments) -> None:
    image = picture(2000, 1500)
    predictor = pcv.load(arguments.name, threads=arguments.threads)
    started = time.perf_counter()
    with tqdm(leave=False, unit="window") as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        result = predictor.predict(image, progress=show)
    seconds = time.perf_counter() - started
    print(f"2000 x 1500 -> {result.shape[1]} x {result.shape[0]}: {seconds:.1f} s, peak memory {peak_memory():.2f} GiB")


def peak_memory() -> float:
    """Of this process, in GiB."""
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage would count the memory of the process that started this one, if that is larger.
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 2**20
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for function in (predict, tiles, train, large):
        command = commands.add_parser(function.__name__)
        command.set_defaults(run=function)
        command.add_argument("--name", default="rdn_lite_x4", help="network (%(default)s)")
        if function is not large:
            command.add_argument(
                "--repeats", type=int, default=3, help="runs of each row; the least counts (%(default)s)"
            )
        if function in (predict, tiles):
            command.add_argument("--size", type=int, nargs=2, default=(512, 384), metavar=("WIDTH", "HEIGHT"))
        if function is train:
            command.add_argument("--batch_size", type=int, default=8)
            command.add_argument(
                "--patch", type=int, default=32, help="side of the low-resolution patches (%(default)s)"
            )
        else:
            command.add_argument("--threads", type=int, help="CPU threads (all cores)")
    arguments = parser.parse_args()
    arguments.run(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
