"""Training before and after `paddle_cv.mkl`, on processors that are not Intel's."""

import importlib.util
import json
import os
import subprocess
import sys

__all__ = ["TITLES", "measure"]

# The same for all: `seconds(call)` gives the least wall and CPU seconds of some calls, after one that does not count.
_BEGINNING = """
import json, sys, time
import numpy as np
import paddle
import paddle_cv as pcv
repeats = int(sys.argv[1])

def report(call):
    call()
    times = []
    for _ in range(repeats):
        started, used = time.perf_counter(), time.process_time()
        call()
        times.append((time.perf_counter() - started, time.process_time() - used))
    print(json.dumps([min(column) for column in zip(*times)]))

def step_of(network, x, y):
    optimizer = paddle.optimizer.Adam(1e-3, parameters=network.parameters())
    x, y = paddle.to_tensor(x), paddle.to_tensor(y)
    network.train()

    def step():
        loss = paddle.nn.functional.cross_entropy(network(x), y)
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()
        return float(loss)

    return step

random = np.random.default_rng(0)
"""
_STEP = """
report(step_of(pcv.create_model("resnet18"), random.random((8, 3, 224, 224), "float32"), random.integers(0, 1000, 8)))
"""
_MNIST = """
step = step_of(pcv.create_model("mnist_cnn_bn"), random.random((64, 1, 28, 28), "float32"), random.integers(0, 10, 64))
report(lambda: [step() for _ in range(10)])
"""
_TRAINER = """
import tempfile
from paddlehub.finetune.trainer import Trainer

class Taught(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.network = pcv.create_model("mobilenet_v2")

    def training_step(self, batch, batch_idx):
        scores = self.network(batch[0])
        loss = paddle.nn.functional.cross_entropy(scores, batch[1])
        return {"loss": loss, "metrics": {"acc": paddle.metric.accuracy(scores, batch[1].reshape([-1, 1]))}}

class Pictures(paddle.io.Dataset):
    def __getitem__(self, index):
        return np.random.default_rng(index).random((3, 224, 224), "float32"), index % 2

    def __len__(self):
        return 16

module = Taught()
with tempfile.TemporaryDirectory() as folder:
    optimizer = paddle.optimizer.Adam(1e-3, parameters=module.parameters())
    trainer = Trainer(module, optimizer, checkpoint_dir=folder, use_vdl=False)
    report(lambda: trainer.train(Pictures(), epochs=trainer.current_epoch + 1, batch_size=8, log_interval=100))
"""

#: What is measured, in words.
TITLES = {
    "a training step of resnet18, 8 pictures of 224 x 224": _STEP,
    "10 training steps of mnist_cnn_bn, 64 digits": _MNIST,
    "PaddleHub's Trainer: an epoch of mobilenet_v2, 16 pictures of 224 x 224": _TRAINER,
}


def measure(repeats: int) -> dict[str, dict[str, tuple[float, float]]]:
    """For each title, wall and CPU seconds with `PADDLE_CV_MKL=off` and without, in processes of their own, by turns."""
    results = {}
    for title, code in TITLES.items():
        if code is _TRAINER and importlib.util.find_spec("paddlehub") is None:
            continue
        runs: dict[str, list[list[float]]] = {"off": [], "on": []}
        for _ in range(2):
            for setting, times in runs.items():
                environment = {key: value for key, value in os.environ.items() if key != "MKL_DEBUG_CPU_TYPE"}
                done = subprocess.run(
                    [sys.executable, "-W", "ignore", "-c", _BEGINNING + code, str(repeats)],
                    env={**environment, "PADDLE_CV_MKL": setting},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    check=True,
                )
                times.append(json.loads(done.stdout.splitlines()[-1]))
        results[title] = {setting: tuple(map(min, zip(*times))) for setting, times in runs.items()}
    return results
