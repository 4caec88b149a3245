"""Paddle's MKL uses AVX2 on processors that are not Intel's."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from paddle_cv import mkl

AMD = "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC\nflags\t\t: fpu sse2 fma avx avx2\n\nprocessor\t: 1\n"
VARIABLE = "MKL_DEBUG_CPU_TYPE"


@pytest.mark.parametrize(
    ("cpuinfo", "slow"),
    [
        (AMD, True),
        (AMD.replace("AuthenticAMD", "HygonGenuine"), True),
        (AMD.replace("AuthenticAMD", "GenuineIntel"), False),
        (AMD.replace(" avx2", ""), False),
        (AMD.replace(" fma", ""), False),
        ("processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\n", False),  # ARM
        ("", False),
    ],
)
def test_which_processors_are_taken_for_slow_ones(cpuinfo, slow):
    assert mkl.slow_by_name(cpuinfo) is slow


@pytest.fixture
def amd(monkeypatch):
    monkeypatch.setattr(mkl.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(mkl, "_slow_here", lambda: True)


def test_the_variable_is_set_with_a_line_in_the_log(amd, caplog):
    environment = {}
    with caplog.at_level(logging.DEBUG, "paddle_cv"):
        assert mkl.choose_kernels(environment)
    assert environment == {VARIABLE: "5"}
    assert "PADDLE_CV_MKL=off" in caplog.text


@pytest.mark.parametrize("environment", [{"PADDLE_CV_MKL": "off"}, {VARIABLE: "7"}])
def test_what_the_user_says_stays(amd, environment):
    before = dict(environment)
    assert not mkl.choose_kernels(environment)
    assert environment == before


def test_nothing_happens_on_other_machines(amd, monkeypatch):
    monkeypatch.setattr(mkl.platform, "machine", lambda: "aarch64")
    environment = {}
    assert not mkl.choose_kernels(environment) and environment == {}


# The kernels of MKL sum in an order of their own, so that the bits of a product tell which of them computed it.
PRODUCT = """
import os, sys
{imports}
import hashlib, numpy as np
a, b = np.random.default_rng(0).standard_normal((2, 96, 96)).astype("float32")
c = (paddle.to_tensor(a) @ paddle.to_tensor(b)).numpy()
assert np.abs(c - a.astype("float64") @ b).max() < 1e-4
print(hashlib.sha256(c.tobytes()).hexdigest(), os.environ.get("MKL_DEBUG_CPU_TYPE"), os.environ["OMP_NUM_THREADS"])
"""


def product(imports, **variables):
    environment = {name: value for name, value in os.environ.items() if name not in (VARIABLE, "OMP_NUM_THREADS")}
    command = [sys.executable, "-W", "ignore", "-c", PRODUCT.format(imports=imports)]
    done = subprocess.run(command, env={**environment, **variables}, stdout=subprocess.PIPE, check=True, text=True)
    return done.stdout.split()[-3:]


@pytest.mark.skipif(
    not (sys.platform == "linux" and mkl.slow_by_name(Path("/proc/cpuinfo").read_text())), reason="an Intel processor"
)
@pytest.mark.parametrize("imports", ["import paddle_cv, paddle", "import paddle, paddle_cv"])
def test_products_come_from_the_kernels_for_avx2(imports):
    slow = product(imports, PADDLE_CV_MKL="off")
    fast = product(imports)
    assert slow[1:] == ["None", "1"] and fast[1:] == ["5", "1"]
    assert fast[0] != slow[0]
    assert fast[0] == product("import paddle", **{VARIABLE: "5"})[0]
