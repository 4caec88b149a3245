"""What this library needs of other packages, and what to install where it is missing."""

from __future__ import annotations

import functools
import importlib.util
import warnings
from importlib import metadata
from pathlib import Path

__all__ = ["check_paddle", "cpu_build", "missing_package"]

#: The minor releases of Paddle that the tests run with, as in setup.py.
_TESTED = ("3.3",)
_CPU = 'pip install "paddlepaddle>=3.3,<3.4"'
_GPU = (
    "for an NVIDIA GPU paddlepaddle-gpu instead, by the line that https://www.paddlepaddle.org.cn/install/quick gives"
)

#: Packages that only a part of the library needs, and the extra that brings them.
_EXTRAS = {
    "av": "video",
    "gradio": "demo",
    "ml_dtypes": "onnx",
    "omegaconf": "train",
    "onnxruntime": "onnx",
    "openvino": "openvino",
    "paddle2onnx": "onnx",
    "paddlehub": "hub",
    "scipy": "train",
    "skimage": "train",
    "starlette": "serve",
    "sympy": "onnx",
    "uvicorn": "serve",
    "visualdl": "train",
}


def check_paddle() -> None:
    """Looks which Paddle is installed, without importing it.

    Raises:
        ImportError: None is.

    Warns:
        RuntimeWarning: Two builds are, which overwrite each other's files; or a release that is not among the tested ones.
    """
    found = _builds()
    if len(found) > 1:
        names = " and ".join(found)
        warnings.warn(
            f"{names} are both installed, and overwrite each other's files; "
            f"pip uninstall -y {' '.join(found)}, then install the one that you want",
            RuntimeWarning,
            stacklevel=3,
        )
    elif found:
        [(name, version)] = found.items()
        if not version.startswith(tuple(f"{minor}." for minor in _TESTED)):
            warnings.warn(
                f"paddle_cv is tested with Paddle {', '.join(_TESTED)}; this is {name} {version}",
                RuntimeWarning,
                stacklevel=3,
            )
    elif importlib.util.find_spec("paddle") is None:  # it may be there without a distribution, built from source
        raise ImportError(f"paddle_cv needs PaddlePaddle: {_CPU}; {_GPU}", name="paddle")


_BUILDS = ("paddlepaddle", "paddlepaddle-gpu", "paddlepaddle-xpu", "paddlepaddle-dcu", "paddlepaddle-npu")


def cpu_build() -> str | None:
    """The version of Paddle where it is the build for CPUs, and the only one."""
    found = _builds()
    return found.get("paddlepaddle") if len(found) == 1 else None


@functools.cache
def _builds() -> dict[str, str]:
    """Version of each build that is installed, by its name."""
    return {str(dist.metadata["Name"]): dist.version for name in _BUILDS for dist in _distribution(name)}


def _distribution(name: str) -> list[metadata.Distribution]:
    try:
        return [metadata.distribution(name)]
    except metadata.PackageNotFoundError:
        return []


def missing_package(error: ImportError) -> str | None:
    """What to install for an import that failed; None where no extra of this project brings it."""
    extra = _EXTRAS.get((error.name or "").partition(".")[0])
    if extra is None:
        return None
    in_clone = (Path(__file__).resolve().parents[1] / "pyproject.toml").is_file()
    return f'{error}; pip install "{"." if in_clone else "paddle-cv"}[{extra}]" brings it'
