"""What several processes have in common, whatever each would compute by itself."""

import os
import subprocess
import sys

PROGRAM = """
import numpy as np, paddle
from paddle import nn
from paddle_cv.training import join, rank
from paddle_cv.training.distributed import average_statistics, gather
from paddle_cv.training.soap import SOAP

join()
paddle.seed(0)
exact = paddle.linalg.eigh
def other_signs(matrix):  # as another processor may have them
    values, vectors = exact(matrix)
    return values, vectors * (-1.0 if rank() else 1.0)
paddle.linalg.eigh = other_signs
layer = nn.Linear(6, 5)
optimizer = SOAP(0.05, period=3, parameters=layer.parameters())
for step in range(12):
    paddle.seed(step)
    layer(paddle.rand([8, 6])).square().mean().backward()
    optimizer.step()
    optimizer.clear_grad()
one, two = gather(layer.weight.numpy())
assert np.array_equal(one, two), abs(one - two).max()
one, two = gather({k: v.numpy() for k, v in optimizer.state_dict().items() if "basis" in k})
assert one and all(np.array_equal(one[k], two[k]) for k in one)

normalise = nn.BatchNorm2D(3)
paddle.seed(rank())
normalise(paddle.rand([4, 3, 5, 5]) * (1 + rank()))
own = gather(normalise._mean.numpy())
average_statistics(normalise)
one, two = gather(normalise._mean.numpy())
assert not np.allclose(*own) and np.array_equal(one, two) and np.allclose(one, np.mean(own, 0))
print("equal", rank())
"""


def test_bases_of_soap_and_statistics_are_the_same(root, tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    launcher = ["-m", "paddle.distributed.launch", "--nproc_per_node", "2", "--log_dir", str(tmp_path / "log")]
    result = subprocess.run(
        [sys.executable, *launcher, str(tmp_path / "program.py")],
        env={**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    logs = "".join(path.read_text(errors="replace") for path in (tmp_path / "log").glob("workerlog.*"))
    assert result.returncode == 0 and "equal 0" in logs and "equal 1" in logs, result.stdout + logs
