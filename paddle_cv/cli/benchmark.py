"""Measures speed on this machine; each command compares its rows in one run.

paddle-cv benchmark predict   seconds of the predictor beside plain ONNX Runtime and PyTorch channels-last
paddle-cv benchmark tiles     seconds for several sides of the windows
paddle-cv benchmark train     seconds of a training step beside plain dygraph and PyTorch channels-last
paddle-cv benchmark mkl       training with Paddle's MKL as it comes and as paddle_cv sets it, on processors that are not Intel's
paddle-cv benchmark large     time and peak memory for a large photograph, from file to file
paddle-cv benchmark cold      seconds from the start of Python to the first result, and what takes them
paddle-cv benchmark page      all of them, into docs/speed.md

Rows of PyTorch appear where it is installed (it is no requirement), and those of ONNX Runtime with `pip install ".[onnx]"`.
PyTorch's networks stand in tools/maintain/torch_twins.py and have the same weights; their results are compared first.
"""

import argparse
import datetime
import importlib.metadata
import importlib.util
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

# All are read when paddle is imported.
os.environ.setdefault("FLAGS_use_mkldnn", "1")
os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count() or 1))
#: The clone, whose pages the results go to and whose PyTorch networks stand beside ours.
ROOT = Path(__file__).resolve().parents[2]

import numpy as np  # noqa: E402
import paddle  # noqa: E402
from PIL import Image  # noqa: E402
from tqdm import tqdm  # noqa: E402

import paddle_cv as pcv  # noqa: E402
from paddle_cv.engines import available_engines, make_engine  # noqa: E402
from paddle_cv.engines.cores import physical_cores  # noqa: E402
from paddle_cv.engines.export import graph_shapes  # noqa: E402
from paddle_cv.engines.graphs import write_onnx_graph  # noqa: E402
from paddle_cv.inference import RestorationPredictor  # noqa: E402
from paddle_cv.inference.samples import rounding_loss  # noqa: E402
from paddle_cv.inference.windows import compute_windows  # noqa: E402
from paddle_cv.pictures import open_picture, picture_size, save_picture  # noqa: E402

from . import benchmark_mkl  # noqa: E402


def least_seconds(calls: dict, repeats: int) -> dict[str, tuple[float, float]]:
    """The shortest of several runs of each call, taken in turn, after one run that does not count: wall and CPU seconds."""
    times = {name: [] for name in calls}
    for _ in tqdm(range(repeats + 1), leave=False, unit="round"):
        for name, call in calls.items():
            started, used = time.perf_counter(), time.process_time()
            call()
            times[name].append((time.perf_counter() - started, time.process_time() - used))
    return {name: tuple(map(min, zip(*values[1:]))) for name, values in times.items()}


def make_network(name: str):
    """The shipped weights, where there are some: new ones are just as fast."""
    return pcv.create_model(name, pretrained=pcv.model_spec(name).hub_module is not None)


def picture(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)


def print_rows(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A Markdown table that can be read as it is."""
    widths = [max(map(len, column)) for column in zip(heads, *rows)]
    for row in (heads, ["---"] + ["---:"] * (len(heads) - 1), *rows):
        cells = [
            f"{cell:<{width}}" if n == 0 else f"{cell:>{width}}" for n, (cell, width) in enumerate(zip(row, widths))
        ]
        print("| " + " | ".join(cells) + " |")
    print(flush=True)


def print_table(seconds: dict[str, tuple[float, float]], unit: str, divisor: float, first: str) -> None:
    """Wall seconds, CPU seconds, and how many times as fast as the row `first`, by both."""
    rows = [
        [name, f"{wall / divisor:.3f}", f"{cpu / divisor:.3f}"]
        + [f"{before / now:.2f} x" for before, now in zip(seconds[first], (wall, cpu))]
        for name, (wall, cpu) in seconds.items()
    ]
    print_rows(["", f"wall {unit}", f"CPU {unit}", "by wall", "by CPU"], rows)


def torch_twin(network, spec):
    """The network in PyTorch; None, with a word, where there is none."""
    if importlib.util.find_spec("torch") is None:
        print("PyTorch is not installed: no row of it")
        return None
    from tools.maintain.torch_twins import twin_of

    twin = twin_of(network, spec)
    if twin is None:
        print(f"{spec.name} has no twin in tools/maintain/torch_twins.py: no row of PyTorch")
    return twin


def plain_engines(network, spec, shapes, threads: int, beside: Sequence[str]) -> dict:
    """ONNX Runtime as it comes and PyTorch channels-last: a function from input to output for each that is installed."""
    rows = {}
    if "onnxruntime" in beside and "onnxruntime" in available_engines():
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        with tempfile.TemporaryDirectory() as folder:
            write_onnx_graph(network, shapes, Path(folder), improve=False)
            file = str(Path(folder) / "model.onnx")
            session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        rows["plain ONNX Runtime"] = lambda x: session.run(None, {"input_0": x})[0]
    twin = torch_twin(network, spec) if "torch" in beside else None
    if twin is not None:
        from tools.maintain.torch_twins import torch_engine

        rows["PyTorch channels-last"] = torch_engine(twin, threads)
    return rows


def whole_picture(engine, spec, image: np.ndarray) -> np.ndarray:
    """What the predictor does for 8 bits, but with the picture as one piece."""
    x = (image.astype(np.float32) / 255).reshape(1, *image.shape[:2], -1)
    result = compute_windows(x, spec, lambda planes: engine(np.ascontiguousarray(planes)), [])[0]
    return np.rint(result.clip(0, 1) * 255).astype(np.uint8).reshape(*result.shape[:2], *image.shape[2:])


def classifier_calls(network, spec, arguments, threads: int) -> tuple[dict, str, float, str]:
    """A call for each row, the unit, by what seconds are divided, and the input in words."""
    side = spec.input_size
    x = np.random.default_rng(0).random((arguments.batch_size, spec.in_channels, side, side), np.float32)
    engines = {
        row: make_engine(network, [x.shape[1:]], engine, "auto", threads, precision, partial(rounding_loss, spec))
        for row, engine, precision in rows_of(arguments)
    }
    engines.update(plain_engines(network, spec, [x.shape[1:]], threads, arguments.beside))
    calls = {row: partial(run, x) for row, run in engines.items()}
    return calls, "s/batch", 1, f"batch {len(x)} of {side} x {side} pixels"


def restoration_calls(network, spec, arguments, threads: int) -> tuple[dict, str, float, str]:
    """The same for pictures that are enlarged or denoised."""
    image = picture(*arguments.size)
    if spec.in_channels == 1:  # for which colours would be work beside the network
        image = image[..., 0]
    calls = {}
    for row, engine, precision in rows_of(arguments):
        predictor = RestorationPredictor(network, spec, engine=engine, threads=threads, precision=precision)
        calls[row] = partial(predictor.predict, image)
    if not spec.extra_inputs:
        for row, run in plain_engines(network, spec, graph_shapes(spec), threads, arguments.beside).items():
            calls[row] = partial(whole_picture, run, spec, image)
    megapixels = image.shape[0] * image.shape[1] * (spec.scale or 1) ** 2 / 1e6
    size = f"{image.shape[1]} x {image.shape[0]} pixels x {spec.scale or 1}, {megapixels:.1f} megapixels of output"
    return calls, "s/megapixel", megapixels, size


def predict(arguments) -> None:
    threads = arguments.threads or physical_cores()
    for name in arguments.names:
        spec, network = pcv.model_spec(name), make_network(name)
        classifies = spec.task == "classification"
        make_calls = classifier_calls if classifies else restoration_calls
        calls, unit, divisor, size = make_calls(network, spec, arguments, threads)
        check_results(calls, 1e-3 if classifies else None)
        first = "plain ONNX Runtime" if "plain ONNX Runtime" in calls else next(iter(calls))
        print(f"{name}, {size}, {threads} threads\n")
        print_table(least_seconds(calls, arguments.repeats), unit, divisor, first)


def check_results(calls: dict, relative: float | None) -> None:
    """Raises where rows differ: a fast wrong answer would be no answer.

    Args:
        calls: Of the rows, by their names.
        relative: How far results may lie apart, of the largest; None for pictures of 8 bits, which may by 1. bfloat16 may change
            more, but no picture by so much in the mean.
    """
    results = {row: call().astype(np.float64) for row, call in calls.items()}
    expected = results.get("paddle_cv, onnxruntime", next(iter(results.values())))
    allowed = 1 if relative is None else relative * np.abs(expected).max()
    for row, result in results.items():
        difference = np.abs(result - expected)
        if row == ROUNDED:
            assert difference.mean() <= (allowed if relative is None else 20 * allowed), f"{row}: {difference.mean()}"
        else:
            assert difference.max() <= allowed, f"{row} differs by {difference.max()}"


#: The row in which a network computes in bfloat16, if the processor and the trial allow it.
ROUNDED = "paddle_cv, openvino"


def rows_of(arguments) -> list[tuple[str, str, str]]:
    """Name, engine and precision of each row."""
    engines = arguments.engines or [engine for engine in available_engines() if engine != "dygraph"]
    rows = [(f"paddle_cv, {engine}", engine, "auto") for engine in engines]
    if "openvino" in engines:
        rows.insert(engines.index("openvino") + 1, (f"{ROUNDED} in float32", "openvino", "float32"))
    return rows


def tiles(arguments) -> None:
    spec = pcv.model_spec(arguments.name)
    image = picture(*arguments.size)
    network = make_network(spec.name)
    calls = {}
    for tile in (96, 128, 192, 256, 320, 384, 512):
        predictor = RestorationPredictor(network, spec, tile=tile, threads=arguments.threads)
        calls[f"windows of {tile}"] = lambda predictor=predictor: predictor.predict(image)
    megapixels = image.shape[0] * image.shape[1] * spec.scale**2 / 1e6
    print(f"{spec.name}, {image.shape[1]} x {image.shape[0]} pixels x {spec.scale}, overlap {predictor.overlap}\n")
    print_table(least_seconds(calls, arguments.repeats), "s/megapixel", megapixels, "windows of 96")


def training_batch(spec, arguments) -> tuple[np.ndarray, np.ndarray, str, str]:
    """Input, target, the name of the loss, and the batch in words."""
    random, batch = np.random.default_rng(0), arguments.batch_size
    if spec.task == "classification":
        side = arguments.patch or spec.input_size
        labels = random.integers(0, spec.hyperparameters.get("num_classes", 1000), batch)
        x = random.random((batch, spec.in_channels, side, side), np.float32)
        return x, labels, "cross_entropy", f"batch {batch} of {side} x {side}"
    side, scale = arguments.patch or 32, spec.scale or 1
    low = side * scale if spec.enlarged_input else side
    x = random.random((batch, spec.in_channels, low, low), np.float32)
    y = random.random((batch, spec.in_channels, side * scale, side * scale), np.float32)
    return x, y, "l1_loss", f"batch {batch} of {side} x {side} x {scale}"


def train(arguments) -> None:
    from paddle_cv.training.cpu import compile_for_cpu

    for name in arguments.names:
        spec = pcv.model_spec(name)
        x, y, loss, size = training_batch(spec, arguments)
        inputs, target = paddle.to_tensor(x), paddle.to_tensor(y)

        def step_of(network, forward, loss=loss, inputs=inputs, target=target):
            network.train()
            optimizer = paddle.optimizer.Adam(1e-4, parameters=network.parameters())

            def step():
                value = getattr(paddle.nn.functional, loss)(forward(inputs), target)
                value.backward()
                optimizer.step()
                optimizer.clear_grad()
                return float(value)

            return step

        plain, own = pcv.create_model(name), pcv.create_model(name)
        own.set_state_dict(plain.state_dict())
        calls = {"dygraph": step_of(plain, plain)}
        try:
            calls["paddle_cv"] = step_of(own, compile_for_cpu(own))
        except ValueError as error:
            print(f"paddle_cv trains {name} in dygraph: {error}")
        twin = torch_twin(plain, spec)
        if twin is not None:
            from tools.maintain.torch_twins import torch_step

            plain.train()  # torch_twin has compared the outputs
            calls["PyTorch channels-last"] = torch_step(twin, x, y, loss, int(os.environ["OMP_NUM_THREADS"]))
        losses = {row: call() for row, call in calls.items()}  # of the same weights, before the first update
        assert all(abs(value - losses["dygraph"]) < 1e-3 * abs(losses["dygraph"]) for value in losses.values()), losses
        seconds = least_seconds(calls, arguments.repeats)
        print(f"{name}, {size}, {os.environ['OMP_NUM_THREADS']} threads\n")
        print_table(seconds, "s/step", 1, "dygraph")
        print("Steps per second:", ", ".join(f"{row} {1 / wall:.2f}" for row, (wall, _) in seconds.items()) + "\n")


def mkl(arguments) -> None:
    """Processes of their own, with the variable and without."""
    rows = [
        [title, *(f"{seconds:.2f}" for seconds in (*times["off"], *times["on"]))]
        + [f"{before / now:.1f} x" for before, now in zip(times["off"], times["on"])]
        for title, times in benchmark_mkl.measure(arguments.repeats).items()
    ]
    heads = ["", "as it comes: wall s", "CPU s", "with AVX2: wall s", "CPU s", "by wall", "by CPU"]
    print(f"{os.environ['OMP_NUM_THREADS']} threads, in dygraph\n")
    print_rows(heads, rows)


def large(arguments) -> None:
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


_COLD = """
import json, sys, time
import numpy as np
sys.path.insert(0, sys.argv[1])
marks = [time.time()]
def mark(_):
    marks.append(time.time())
mark(__import__("paddle"))
pcv = __import__("paddle_cv")
mark(pcv)
predictor = pcv.load(sys.argv[2], engine=sys.argv[3])
mark(predictor)
mark(predictor.predict(np.zeros((256, 256, 3), np.uint8)))
print(json.dumps(marks))
"""
_COLD_PARTS = ("Python and NumPy", "import paddle", "import paddle_cv", "load()", "predict()")


def cold_environment(home: str) -> dict[str, str]:
    """That of users: Python keeps what it has compiled."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**environment, "PADDLE_CV_HOME": home, "PYTHONPYCACHEPREFIX": str(Path(home) / "compiled")}


def cold(arguments) -> None:
    """Processes of their own, each with the cache of graphs that the one before has left."""
    table = []
    for engine in (engine for engine in available_engines() if engine != "dygraph"):
        with tempfile.TemporaryDirectory() as home:
            rows = []
            for _ in range(1 + arguments.repeats):
                started = time.time()
                done = subprocess.run(
                    [sys.executable, "-W", "ignore", "-c", _COLD, str(ROOT), arguments.name, engine],
                    env=cold_environment(home),
                    stdout=subprocess.PIPE,
                    check=True,
                )
                marks = [started, *json.loads(done.stdout.splitlines()[-1])]
                rows.append([*np.diff(marks), marks[-1] - started])
        for when, row in (("the first time", rows[0]), ("afterwards", min(rows[1:], key=lambda row: row[-1]))):
            table.append([f"{engine}, {when}", *(f"{value:.2f}" for value in row)])
    print(f"{arguments.name}, a picture of 256 x 256 pixels, seconds\n")
    print_rows(["", *_COLD_PARTS, "together"], table)


def peak_memory() -> float:
    """Of this process, in GiB."""
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage would count the memory of the process that started this one, if that is larger.
        [line] = [line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 2**20
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)


_PAGE = """# How fast it is

Each section is what `paddle-cv benchmark` printed for the command in its heading. Ratios are those of one run: other
machines and other minutes give other seconds. The row PyTorch is there where it was installed, with the same weights; \
ONNX Runtime and PyTorch get the picture as a whole.

{machine}
"""
_RUNS = (
    "predict --names rdn_lite_x4",
    "predict --names edsr_baseline_x2 dncnn_lite_gray_s25 fsrcnn_x4 srcnn_955_x2 --beside onnxruntime --size 512 384",
    "predict --names carn_m_x4 --beside onnxruntime --repeats 2",  # both together take more memory than most machines have
    "predict --names carn_m_x4 --beside torch --repeats 2",
    "predict --names resnet50",
    "predict --names rdn_lite_x4 --engines onnxruntime dygraph --size 256 192",
    "large",
    "large --name bicubic_x4 --size 4330 2887 --kind rgba",
    "cold",
    "train",
    "mkl",
)


def machine() -> str:
    """What the figures were measured on."""
    cpu = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        names = [
            line
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ]
        cpu = names[0].partition(": ")[2] if names else cpu
    bfloat16 = "with bfloat16" if _has_bfloat16() else "without bfloat16"
    parts = [
        f"{physical_cores()} cores of {cpu} ({bfloat16})",
        f"Python {platform.python_version()}",
        f"PaddlePaddle {paddle.__version__}",
    ]
    for package in ("openvino", "onnxruntime", "torch"):
        if importlib.util.find_spec(package):
            parts.append(f"{package} {importlib.metadata.version(package)}")
    return f"{', '.join(parts)}; {datetime.date.today()}."


def _has_bfloat16() -> bool:
    file = Path("/proc/cpuinfo")
    return file.exists() and "bf16" in file.read_text(encoding="utf-8", errors="replace")


def page(arguments) -> None:
    """Writes docs/speed.md. Runs are processes of their own, for their memory."""
    sections = []
    for run in tqdm(_RUNS, unit="run"):
        command = [sys.executable, "-W", "ignore", __file__, *run.split()]
        output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        sections.append(f"## `{run}`\n\n{output}\n")
        print(sections[-1], flush=True)
    (ROOT / "docs" / "speed.md").write_text(
        _PAGE.format(machine=machine()) + "\n" + "\n".join(sections), encoding="utf-8"
    )


_BESIDE = ["onnxruntime", "torch"]
NAMES = {
    "predict": ["rdn_lite_x4", "carn_m_x4", "resnet50"],
    "train": ["rdn_lite_x4", "srcnn_915_x2", "resnet18"],
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for function in (predict, tiles, train, mkl, large, cold, page):
        command = commands.add_parser(function.__name__)
        command.set_defaults(run=function)
        if function is page:
            continue
        if function in (predict, train):
            command.add_argument("--names", nargs="+", default=NAMES[function.__name__], help="networks (%(default)s)")
        elif function is not mkl:
            command.add_argument("--name", default="rdn_lite_x4", help="network (%(default)s)")
        if function is not large:
            command.add_argument(
                "--repeats", type=int, default=3, help="runs of each row; the least counts (%(default)s)"
            )
        if function is large:
            kinds = ("rgb", "rgba", "rgb16")
            command.add_argument(
                "--kind", choices=kinds, default="rgb", help="8 or 16 bits, transparency (%(default)s)"
            )
        if function in (predict, tiles, large):
            size = {predict: (1024, 768), tiles: (512, 384), large: (2000, 1500)}[function]
            command.add_argument("--size", type=int, nargs=2, default=size, metavar=("WIDTH", "HEIGHT"))
        if function in (predict, train):
            command.add_argument(
                "--batch_size", type=int, default=8, help="of classifiers and in training (%(default)s)"
            )
        if function is predict:
            command.add_argument(
                "--engines", nargs="+", choices=available_engines(), help="of ours (all but dygraph, which takes long)"
            )
            command.add_argument(
                "--beside", nargs="+", choices=_BESIDE, default=_BESIDE, help="what to compare with (%(default)s)"
            )
        if function is train:
            command.add_argument(
                "--patch", type=int, help="side of the low-resolution patches (32) or of a classifier's pictures"
            )
        elif function not in (cold, mkl):
            command.add_argument("--threads", type=int, help="CPU threads (all physical cores)")
    arguments = parser.parse_args()
    arguments.run(arguments)
    return 0
